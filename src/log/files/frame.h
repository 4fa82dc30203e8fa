#pragma once

// Frames: how they are written, and how a file of them is walked. See format.h for the layout.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "codec/wire.h"
#include "env/files.h"
#include "log/files/format.h"
#include "log/log.h"

namespace rheon::log::files {

/// What a frame's place is called: part of every checksum in the file.
struct FileAddress {
  Id owner;
  FileKind kind{};
  std::string name;          // of the stream; empty otherwise
  std::uint64_t number = 0;  // of the segment or slot; 0 otherwise
};

/// The checksum that all frames of one file start from.
using FrameSeed = std::uint32_t;
[[nodiscard]] FrameSeed seed_of(const FileAddress& address);

struct FrameHeader {
  std::uint32_t length = 0;
  FrameType type{};
  std::uint8_t version = 0;
  std::uint16_t extension = 0;
  Epoch epoch;
  std::uint32_t header_check = 0;
  std::uint32_t payload_check = 0;

  [[nodiscard]] std::uint64_t frame_bytes() const {
    return kFrameHeaderBytes + extension + std::uint64_t{length};
  }
};

/// What a frame is, apart from its payload.
struct FrameLabel {
  FrameType type{};
  Epoch epoch;
  std::string_view extension;
};

/// Appends header and extension of a frame that will stand at `offset`; the payload must follow.
/// Returns the payload's checksum.
std::uint32_t put_frame_header(std::string& out, FrameSeed seed, std::uint64_t offset,
                               const FrameLabel& label, std::string_view payload);
/// Appends the whole frame.
std::uint32_t put_frame(std::string& out, FrameSeed seed, std::uint64_t offset,
                        const FrameLabel& label, std::string_view payload);

/// Reads the header's fields; checks nothing. `bytes` has at least kFrameHeaderBytes.
[[nodiscard]] FrameHeader parse_frame_header(std::string_view bytes);
/// `bytes` starts with the header and has at least its extension.
[[nodiscard]] bool header_checks(const FrameHeader& header, FrameSeed seed, std::uint64_t offset,
                                 std::string_view bytes);
[[nodiscard]] bool payload_checks(const FrameHeader& header, std::string_view payload);

/// A frame that was read. The views live until the scanner's next call.
struct Frame {
  std::uint64_t offset = 0;
  FrameHeader header;
  std::string_view extension;
  std::string_view payload;

  [[nodiscard]] std::uint64_t end() const { return offset + header.frame_bytes(); }
};

enum class ScanOutcome {
  kFrame,   // a frame that checks
  kEnd,     // the end of the range, or the first byte of zeros that were allocated ahead
  kBroken,  // neither: fault() says what is wrong with the bytes there
  kFailed,  // the file could not be read: error()
};

/// Walks the frames of one file from `from` up to `to` (at most the file's size), in large reads.
class FrameScanner {
 public:
  FrameScanner(env::File& file, FrameSeed seed, std::uint64_t from, std::uint64_t to,
               std::size_t chunk_bytes = std::size_t{1} << 20);

  [[nodiscard]] ScanOutcome next(Frame& frame) { return step(frame, true); }
  /// As next(), without reading or checking the payload.
  [[nodiscard]] ScanOutcome next_header(Frame& frame) { return step(frame, false); }

  /// Where the next frame would start.
  [[nodiscard]] std::uint64_t offset() const { return at_; }
  void seek(std::uint64_t offset) { at_ = offset; }
  /// Frames may be read up to here from now on.
  void extend(std::uint64_t to) { to_ = to; }
  [[nodiscard]] const char* fault() const { return fault_; }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  [[nodiscard]] ScanOutcome step(Frame& frame, bool with_payload);
  [[nodiscard]] bool load(std::uint64_t offset, std::uint64_t bytes, std::string_view& view);
  [[nodiscard]] ScanOutcome broken(const char* fault);

  env::File& file_;
  FrameSeed seed_;
  std::uint64_t at_;
  std::uint64_t to_;
  std::size_t chunk_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t capacity_ = 0;
  std::uint64_t window_at_ = 0;
  std::size_t window_size_ = 0;
  const char* fault_ = "";
  Error error_{};
};

/// The first frame of a journal segment, a snapshot file or a stream segment. Its payload starts
/// with the owner, which everything else in the file is checked against.
struct FileHead {
  Id owner;
  FrameSeed seed = 0;
  std::uint64_t end = 0;  // where the second frame starts
  Epoch epoch;
  std::string rest;  // the payload behind the owner
};
/// kCorrupt when it is not what it should be. `address.owner` is not looked at.
[[nodiscard]] Result<FileHead> read_file_head(env::File& file, const std::string& path,
                                              FileAddress address, FrameType type);

/// A file that is one frame: identity, a stream's header.
[[nodiscard]] std::string single_frame(const FileAddress& address, FrameType type,
                                       std::string_view payload);
[[nodiscard]] Result<std::string> open_single_frame(std::string_view bytes, const std::string& path,
                                                    const FileAddress& address, FrameType type);

/// The sentence for damage: names the place and what can be done.
[[nodiscard]] Error damage(const std::string& path, std::uint64_t offset, std::string_view what);

void put_id(std::string& out, const Id& id);
[[nodiscard]] Id get_id(codec::Reader& reader);

/// "00000001" and back; 0 when `name` is not such a number.
[[nodiscard]] std::string number_name(std::uint64_t number);
[[nodiscard]] std::uint64_t number_of(std::string_view name);

/// Numbers of the files in a directory, ascending; other names are left out. None when the
/// directory is not there.
[[nodiscard]] Result<std::vector<std::uint64_t>> numbered_files(env::Files& files,
                                                                const std::string& directory);

}  // namespace rheon::log::files
