#pragma once

// Gives the frames of a fuzzed data directory checksums that fit, and the journal a chain that
// holds, so that fuzzed bytes come as far as the parsers behind them: as in a directory that a
// broken program has written, or somebody who means harm.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "directory.h"
#include "log/files/frame.h"
#include "log/files/identity.h"
#include "log/files/records.h"

namespace rheon::fuzz {

class Sealer {
 public:
  explicit Sealer(env::Files& files) : files_(files) {}

  void seal() {
    seal_identity();
    for_each_file(files_, kDataDirectory, [this](const std::string& path) {
      std::string bytes = env::read_whole(files_, path).value_or("");
      seal_file(path, bytes);
      write_piece(files_, path, 0, bytes);
    });
  }

 private:
  using FileKind = log::files::FileKind;
  using FrameType = log::files::FrameType;

  /// The directory counts as the one in which the job has run.
  void seal_identity() {
    const std::string path = env::join(kDataDirectory, log::files::kIdentityFile);
    std::string bytes = env::read_whole(files_, path).value_or("");
    seal_frames(bytes, {{}, FileKind::kIdentity, {}, 0}, 0);
    write_piece(files_, path, 0, bytes);
    auto record = log::files::read_identity(files_, kDataDirectory);
    if (record.has_value()) {
      record->lock_inode = log::files::lock_inode(files_, kDataDirectory).value_or(0);
      static_cast<void>(log::files::write_identity(files_, kDataDirectory, *record));
    }
  }

  void seal_file(std::string_view path, std::string& bytes) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::string_view folder = path.substr(0, path.size() - name.size());
    const std::uint64_t number = log::files::number_of(name);
    const std::string stream(last_part(folder));
    if (folder.ends_with("/journal/")) {
      checks_.clear();
      seal_frames(bytes, {owner_of(bytes), FileKind::kJournal, {}, number}, 0);
    } else if (folder.ends_with("/snapshot/")) {
      seal_frames(bytes, {owner_of(bytes), FileKind::kSnapshot, {}, number}, 0);
    } else if (name == log::files::kWitnessFile) {
      seal_slots(bytes, {{}, FileKind::kWitness, {}, 0});
    } else if (name == log::files::kPublishedFile) {
      seal_slots(bytes, {{}, FileKind::kPublished, stream, 0});
    } else if (name == log::files::kStreamHeaderFile) {
      seal_frames(bytes, {{}, FileKind::kStreamHeader, {}, 0}, 0);
    } else if (number != 0) {
      seal_frames(bytes, {owner_of(bytes), FileKind::kStream, stream, number}, 0);
    }
  }

  /// Of "a/b/c/": c.
  [[nodiscard]] static std::string_view last_part(std::string_view folder) {
    folder = folder.substr(0, folder.size() - (folder.empty() ? 0 : 1));
    return folder.substr(folder.rfind('/') + 1);
  }

  /// What the payload of a file's first frame begins with.
  [[nodiscard]] static log::Id owner_of(std::string_view bytes, std::size_t at = 0) {
    const std::size_t from = std::min(at + log::files::kFrameHeaderBytes, bytes.size());
    codec::Reader reader(bytes.substr(from));
    return log::files::get_id(reader);
  }

  void seal_slots(std::string& bytes, log::files::FileAddress address) {
    for (std::size_t at = 0; at < bytes.size(); at += log::files::kSlotAlignment) {
      address.owner = owner_of(bytes, at);
      seal_frames(bytes, address, at);
    }
  }

  void seal_frames(std::string& bytes, const log::files::FileAddress& address, std::size_t at) {
    const log::files::FrameSeed seed = log::files::seed_of(address);
    while (bytes.size() >= at + log::files::kFrameHeaderBytes) {
      const auto header = log::files::parse_frame_header(std::string_view(bytes).substr(at));
      if (header.frame_bytes() > bytes.size() - at || static_cast<int>(header.type) == 0) {
        return;
      }
      const std::size_t behind = at + log::files::kFrameHeaderBytes;
      const std::string extension = bytes.substr(behind, header.extension);
      std::string payload = bytes.substr(behind + header.extension, header.length);
      correct(header, payload);
      std::string frame;
      checks_.push_back(
          log::files::put_frame(frame, seed, at, {header.type, header.epoch, extension}, payload));
      bytes.replace(at, frame.size(), frame);
      if (header.type == FrameType::kCommit) {
        chain_ = log::files::chain_of(payload, header.epoch);
        chains_[header.epoch] = chain_;
        last_commit_ = std::move(payload);
        checks_.clear();
      }
      at += frame.size();
    }
  }

  /// Puts the chain and the list of frames right where the payload can hold them.
  void correct(const log::files::FrameHeader& header, std::string& payload) {
    if (header.type == FrameType::kBase) {
      replace<log::files::Standing>(payload, [&](log::files::Standing& base) {
        base.epoch = Epoch{header.epoch.value - 1};
        base.chain = chain_;
      });
    } else if (header.type == FrameType::kCommit) {
      replace<log::files::CommitRecord>(payload, [&](log::files::CommitRecord& record) {
        record.previous = chain_;
        record.frames = checks_;
      });
    } else if (header.type == FrameType::kEcho && payload.size() == last_commit_.size()) {
      payload = last_commit_;
    } else if (header.type == FrameType::kWitness && chains_.contains(header.epoch) &&
               payload.size() == 2 * sizeof(log::Id)) {
      payload.resize(sizeof(log::Id));
      log::files::put_id(payload, chains_[header.epoch]);
    }
  }

  template <class Record, class Change>
  static void replace(std::string& payload, Change&& change) {
    Record record;
    if (!decode(payload, record)) {
      return;
    }
    change(record);
    if (std::string encoded = encode(record); encoded.size() == payload.size()) {
      payload = std::move(encoded);
    }
  }

  env::Files& files_;
  std::vector<std::uint32_t> checks_;  // of the frames since the last commit record
  log::files::Chain chain_;
  std::string last_commit_;  // its record
  std::map<Epoch, log::files::Chain> chains_;
};

/// The data directory that the input says: its first byte whether it is sealed, then rows.
inline void make_fuzzed_directory(env::Files& files, Input in) {
  const bool sealed = (in.byte() & 1) != 0;
  make_directory(files, in);
  if (sealed) {
    Sealer(files).seal();
  }
}

}  // namespace rheon::fuzz
