#pragma once

// Frames with right checksums and wrong contents.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "codec/wire.h"
#include "log/files/frame.h"
#include "log/files/records.h"
#include "log/files/tests/sound_directory.h"

namespace rheon::log::files::testing {

/// A frame as format.h describes it; `at` is where it stood.
struct Forgery {
  std::uint64_t at = 0;
  std::uint8_t type = 0;
  std::uint8_t version = 0;
  Epoch epoch;
  std::string extension;
  std::string payload;
};

/// The file's address with the owner that its first frame names.
inline FileAddress address_of(const std::string& path, std::string_view first_payload) {
  FileAddress address;
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::string folder = env::directory_of(path);
  if (folder.starts_with("job.data/stream/")) {
    address.name = folder.substr(std::string("job.data/stream/").size());
  }
  address.number = number_of(name);
  if (name == kIdentityFile || name == kStreamHeaderFile) {
    address.kind = name == kIdentityFile ? FileKind::kIdentity : FileKind::kStreamHeader;
    address.name.clear();
    return address;  // its own owner
  }
  address.kind = name == kWitnessFile                   ? FileKind::kWitness
                 : name == kPublishedFile               ? FileKind::kPublished
                 : folder.ends_with(kJournalDirectory)  ? FileKind::kJournal
                 : folder.ends_with(kSnapshotDirectory) ? FileKind::kSnapshot
                                                        : FileKind::kStream;
  codec::Reader reader(first_payload);
  address.owner = get_id(reader);
  return address;
}

inline bool has_slots(const std::string& path) {
  return path.ends_with(kWitnessFile) || path.ends_with(kPublishedFile);
}

inline std::vector<Forgery> frames_of(const std::string& path, std::string_view bytes) {
  std::vector<Forgery> frames;
  for (std::uint64_t at = 0; at + kFrameHeaderBytes <= bytes.size();) {
    const FrameHeader header = parse_frame_header(bytes.substr(at));
    if (header.type == FrameType{}) {
      break;
    }
    Forgery frame{at, static_cast<std::uint8_t>(header.type), header.version, header.epoch, {}, {}};
    frame.extension = bytes.substr(at + kFrameHeaderBytes, header.extension);
    frame.payload = bytes.substr(at + kFrameHeaderBytes + header.extension, header.length);
    frames.push_back(std::move(frame));
    at = has_slots(path) ? (at == 0 ? bytes.size() / 2 : bytes.size()) : at + header.frame_bytes();
  }
  return frames;
}

/// Appends the frame with the checksums that it would have there. Returns its payload's.
inline std::uint32_t seal(std::string& out, FrameSeed seed, const Forgery& frame) {
  std::string header;
  codec::put_u32(header, static_cast<std::uint32_t>(frame.payload.size()));
  codec::put_u8(header, frame.type);
  codec::put_u8(header, frame.version);
  codec::put_u8(header, static_cast<std::uint8_t>(frame.extension.size()));
  codec::put_u8(header, 0);
  codec::put_u64(header, frame.epoch.value);
  std::string place;
  codec::put_u64(place, out.size());
  const std::uint32_t check = crc32c(frame.extension, crc32c(header, crc32c(place, seed)));
  codec::put_u32(header, check);
  const std::uint32_t payload_check = crc32c(frame.payload, check);
  codec::put_u32(header, payload_check);
  out += header + frame.extension + frame.payload;
  return payload_check;
}

/// The file with these frames, of the same length unless they need more.
inline std::string sealed(const std::string& path, const std::vector<Forgery>& frames,
                          std::size_t size) {
  std::string out;
  for (const Forgery& frame : frames) {
    if (has_slots(path)) {
      out.resize(std::max<std::size_t>(out.size(), frame.at));
    }
    const std::string& owner = has_slots(path) ? frame.payload : frames.front().payload;
    seal(out, seed_of(address_of(path, owner)), frame);
  }
  out.resize(std::max(out.size(), size));
  return out;
}

/// The frames of a journal's segment, with commit records and echoes that list what stands before
/// them now: the segment is whole, whatever a frame says.
inline std::string relisted(const std::string& path, std::vector<Forgery> frames,
                            std::size_t size) {
  std::string out;
  std::vector<std::uint32_t> checks;
  std::string last_commit;
  Chain chain;
  for (Forgery& frame : frames) {
    CommitRecord record;
    Standing base;
    if (frame.type == static_cast<std::uint8_t>(FrameType::kBase) && decode(frame.payload, base)) {
      chain = base.chain;
    } else if (frame.type == static_cast<std::uint8_t>(FrameType::kEcho) && !last_commit.empty()) {
      frame.payload = last_commit;
    } else if (frame.type == static_cast<std::uint8_t>(FrameType::kCommit) &&
               decode(frame.payload, record)) {
      record.previous = chain;
      record.frames = std::exchange(checks, {});
      frame.payload = last_commit = encode(record);
      chain = chain_of(frame.payload, frame.epoch);
      seal(out, seed_of(address_of(path, frames.front().payload)), frame);
      continue;
    }
    checks.push_back(seal(out, seed_of(address_of(path, frames.front().payload)), frame));
  }
  out.resize(std::max(out.size(), size));
  return out;
}

/// Changes the frames of a file on the disk.
inline void forge(env::fake::FakeEnv& env, const std::string& path,
                  const std::function<void(std::vector<Forgery>&)>& change) {
  const std::string before = contents(env, path);
  std::vector<Forgery> frames = frames_of(path, before);
  change(frames);
  const bool lists = env::directory_of(path).ends_with(kJournalDirectory);
  overwrite(env, path,
            lists ? relisted(path, std::move(frames), before.size())
                  : sealed(path, frames, before.size()));
}

}  // namespace rheon::log::files::testing
