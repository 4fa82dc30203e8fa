#include "log/files/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "codec/wire.h"

namespace rheon::log::files {

namespace {

constexpr std::size_t kCheckedHeaderBytes = 16;  // of the header, by its own checksum

std::uint32_t header_check(FrameSeed seed, std::uint64_t offset, std::string_view checked,
                           std::string_view extension) {
  std::string place;
  codec::put_u64(place, offset);
  return crc32c(extension, crc32c(checked, crc32c(place, seed)));
}

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

}  // namespace

void put_id(std::string& out, const Id& id) {
  codec::put_u64(out, id.high);
  codec::put_u64(out, id.low);
}

Id get_id(codec::Reader& reader) {
  Id id;
  id.high = reader.u64();
  id.low = reader.u64();
  return id;
}

FrameSeed seed_of(const FileAddress& address) {
  std::string bytes;
  put_id(bytes, address.owner);
  codec::put_u8(bytes, static_cast<std::uint8_t>(address.kind));
  codec::put_bytes(bytes, address.name);
  codec::put_u64(bytes, address.number);
  return crc32c(bytes);
}

std::uint32_t put_frame_header(std::string& out, FrameSeed seed, std::uint64_t offset,
                               const FrameLabel& label, std::string_view payload) {
  RHEON_ASSERT(payload.size() <= kMaxPayloadBytes, "a frame's payload is larger than 4 GiB");
  const std::size_t start = out.size();
  codec::put_u32(out, static_cast<std::uint32_t>(payload.size()));
  codec::put_u8(out, static_cast<std::uint8_t>(label.type));
  codec::put_u8(out, kFormatVersion);
  codec::put_u8(out, static_cast<std::uint8_t>(label.extension.size()));
  codec::put_u8(out, static_cast<std::uint8_t>(label.extension.size() >> 8));
  codec::put_u64(out, label.epoch.value);
  const std::uint32_t check =
      header_check(seed, offset, std::string_view(out).substr(start), label.extension);
  const std::uint32_t payload_check = crc32c(payload, check);
  codec::put_u32(out, check);
  codec::put_u32(out, payload_check);
  out.append(label.extension);
  return payload_check;
}

std::uint32_t put_frame(std::string& out, FrameSeed seed, std::uint64_t offset,
                        const FrameLabel& label, std::string_view payload) {
  const std::uint32_t check = put_frame_header(out, seed, offset, label, payload);
  out.append(payload);
  return check;
}

FrameHeader parse_frame_header(std::string_view bytes) {
  codec::Reader reader(bytes);
  FrameHeader header;
  header.length = reader.u32();
  header.type = static_cast<FrameType>(reader.u8());
  header.version = reader.u8();
  header.extension = reader.u8();
  header.extension = static_cast<std::uint16_t>(header.extension | (reader.u8() << 8));
  header.epoch = Epoch{reader.u64()};
  header.header_check = reader.u32();
  header.payload_check = reader.u32();
  return header;
}

bool header_checks(const FrameHeader& header, FrameSeed seed, std::uint64_t offset,
                   std::string_view bytes) {
  return header.header_check == header_check(seed, offset, bytes.substr(0, kCheckedHeaderBytes),
                                             bytes.substr(kFrameHeaderBytes, header.extension));
}

bool payload_checks(const FrameHeader& header, std::string_view payload) {
  return header.payload_check == crc32c(payload, header.header_check);
}

FrameScanner::FrameScanner(env::File& file, FrameSeed seed, std::uint64_t from, std::uint64_t to,
                           std::size_t chunk_bytes)
    : file_(file), seed_(seed), at_(from), to_(to), chunk_(chunk_bytes) {}

bool FrameScanner::load(std::uint64_t offset, std::uint64_t bytes, std::string_view& view) {
  const bool inside = offset >= window_at_ && offset + bytes <= window_at_ + window_size_;
  if (!inside) {
    const std::uint64_t wanted = std::min(std::max<std::uint64_t>(bytes, chunk_), to_ - offset);
    if (wanted > capacity_) {
      capacity_ = static_cast<std::size_t>(wanted);
      buffer_ = std::make_unique_for_overwrite<std::byte[]>(capacity_);
    }
    window_size_ = 0;
    auto got = file_.read_at(offset, {buffer_.get(), static_cast<std::size_t>(wanted)});
    if (!got.has_value()) {
      error_ = std::move(got).error();
      return false;
    }
    window_at_ = offset;
    window_size_ = *got;
  }
  const std::uint64_t skip = offset - window_at_;
  const std::uint64_t there =
      std::min(bytes, window_size_ - std::min<std::uint64_t>(skip, window_size_));
  view = {reinterpret_cast<const char*>(buffer_.get()) + skip, static_cast<std::size_t>(there)};
  return true;
}

ScanOutcome FrameScanner::broken(const char* fault) {
  fault_ = fault;
  return ScanOutcome::kBroken;
}

ScanOutcome FrameScanner::step(Frame& frame, bool with_payload) {
  if (at_ >= to_) {
    return ScanOutcome::kEnd;
  }
  std::string_view bytes;
  if (!load(at_, std::min<std::uint64_t>(kFrameHeaderBytes, to_ - at_), bytes)) {
    return ScanOutcome::kFailed;
  }
  if (all_zero(bytes)) {
    return ScanOutcome::kEnd;
  }
  if (bytes.size() < kFrameHeaderBytes) {
    return broken("a frame's header is cut off");
  }
  FrameHeader header = parse_frame_header(bytes);
  if (header.frame_bytes() > to_ - at_) {
    return broken("a frame is longer than what is left of the file");
  }
  const std::uint64_t head = kFrameHeaderBytes + header.extension;
  if (!load(at_, with_payload ? header.frame_bytes() : head, bytes)) {
    return ScanOutcome::kFailed;
  }
  if (bytes.size() < head || !header_checks(header, seed_, at_, bytes)) {
    return broken("a frame's header does not check");
  }
  if (header.version != kFormatVersion) {
    return broken("a frame has a format version that this program does not know");
  }
  frame.offset = at_;
  frame.header = header;
  frame.extension = bytes.substr(kFrameHeaderBytes, header.extension);
  frame.payload = with_payload ? bytes.substr(head) : std::string_view{};
  if (with_payload &&
      (frame.payload.size() != header.length || !payload_checks(header, frame.payload))) {
    return broken("a frame's contents do not check");
  }
  at_ = frame.end();
  return ScanOutcome::kFrame;
}

Result<FileHead> read_file_head(env::File& file, const std::string& path, FileAddress address,
                                FrameType type) {
  RHEON_ASSIGN(const env::FileInfo info, file.info());
  std::string bytes(kFrameHeaderBytes, '\0');
  const auto read = [&file](std::uint64_t offset, std::string& into) -> Result<bool> {
    RHEON_ASSIGN(const std::size_t got,
                 file.read_at(offset, std::as_writable_bytes(std::span(into))));
    return got == into.size();
  };
  RHEON_ASSIGN(bool whole, read(0, bytes));
  const FrameHeader header = parse_frame_header(bytes);
  if (!whole || header.type != type || header.extension != 0 || header.length < sizeof(Id) ||
      header.frame_bytes() > info.size) {
    return tl::unexpected(damage(path, 0, "the file does not begin as it should"));
  }
  std::string payload(header.length, '\0');
  RHEON_ASSIGN(whole, read(kFrameHeaderBytes, payload));
  codec::Reader reader(payload);
  FileHead head;
  head.owner = get_id(reader);
  address.owner = head.owner;
  head.seed = seed_of(address);
  if (!whole || !header_checks(header, head.seed, 0, bytes) || !payload_checks(header, payload)) {
    return tl::unexpected(damage(path, 0, "the file's first frame does not check"));
  }
  head.end = header.frame_bytes();
  head.epoch = header.epoch;
  head.rest = payload.substr(sizeof(Id));
  return head;
}

std::string single_frame(const FileAddress& address, FrameType type, std::string_view payload) {
  std::string out;
  put_frame(out, seed_of(address), 0, {type, Epoch{0}, {}}, payload);
  return out;
}

Result<std::string> open_single_frame(std::string_view bytes, const std::string& path,
                                      const FileAddress& address, FrameType type) {
  if (bytes.size() < kFrameHeaderBytes) {
    return tl::unexpected(damage(path, 0, "the file is cut off"));
  }
  const FrameHeader header = parse_frame_header(bytes);
  if (header.type != type || header.extension != 0 || header.frame_bytes() != bytes.size() ||
      !header_checks(header, seed_of(address), 0, bytes)) {
    return tl::unexpected(damage(path, 0, "the file does not begin as it should"));
  }
  if (header.version != kFormatVersion) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} has format version {}, and this program knows only {}: use the "
                            "program that wrote it, or a newer one",
                            path, header.version, kFormatVersion));
  }
  const std::string_view payload = bytes.substr(kFrameHeaderBytes);
  if (!payload_checks(header, payload)) {
    return tl::unexpected(damage(path, 0, "the file's contents do not check"));
  }
  return std::string(payload);
}

Error damage(const std::string& path, std::uint64_t offset, std::string_view what) {
  return {ErrorCode::kCorrupt,
          fmt::format("{} is damaged at offset {}: {}. `rheon log check` lists all damage, `rheon "
                      "log salvage` copies what can be saved into a new directory",
                      path, offset, what)};
}

std::string number_name(std::uint64_t number) { return fmt::format("{:08}", number); }

std::uint64_t number_of(std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = error == std::errc{} && end == name.data() + name.size();
  return whole && number_name(number) == name ? number : 0;
}

Result<std::vector<std::uint64_t>> numbered_files(env::Files& files, const std::string& directory) {
  auto names = files.list(directory);
  if (!names.has_value()) {
    if (names.error().code == ErrorCode::kNotFound) {
      return std::vector<std::uint64_t>{};
    }
    return tl::unexpected(std::move(names).error());
  }
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : *names) {
    if (const std::uint64_t number = number_of(name); number != 0) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace rheon::log::files
