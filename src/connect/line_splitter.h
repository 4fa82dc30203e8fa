#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/source.h"

namespace rheon::connect {

struct LineLimits {
  std::uint64_t max_line_bytes = std::uint64_t{1} << 20;
  bool require_utf8 = false;
};

/// Cuts chunks of text into lines. A line ends with "\n" or "\r\n", which do not belong to it. What
/// cannot be a line goes to quarantine. Views that it emits point into the chunk or into this
/// object; they stay valid until the next feed().
class LineSplitter {
 public:
  using Output = engine::SourceOutput<std::string_view>;

  /// `place` names the input in quarantine ("<place>:<offset>"); `offset` is where it goes on.
  LineSplitter(const LineLimits& limits, std::string place, std::uint64_t offset);

  /// The next chunk; the one before must have been taken whole. Stays valid until run() says so.
  void feed(std::string_view chunk);
  /// Gives the memory of a long line back that was put together. Invalidates views, as feed() does.
  void forget();
  /// Emits lines until the output is full (false) or the chunk is taken (true). Bytes behind the
  /// last newline are kept for the next chunk.
  [[nodiscard]] bool run(Output& output);
  /// The input has ended: what stands behind the last newline is a line.
  void finish(Output& output);
  /// The input was cut off in the middle of a line: its piece goes to quarantine.
  void give_up(Output& output, std::string_view reason);

  /// In the input, right behind the last line that was emitted.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  /// That it holds for lines that are put together, in bytes.
  [[nodiscard]] std::size_t memory() const { return kept_.capacity() + line_.capacity(); }

 private:
  void keep(std::string_view piece);
  void end_kept_line(Output& output);
  void emit(std::string_view line, Output& output);
  void hand_over(Output& output);
  void quarantine(std::string_view line, std::uint64_t bytes, std::string_view reason,
                  Output& output) const;
  void refuse_long(std::string_view head, std::uint64_t bytes, Output& output) const;

  static constexpr std::size_t kLinesAtOnce = 64;  // and between two looks at the output

  std::array<std::string_view, kLinesAtOnce> ready_;  // lines that are to be emitted
  std::size_t ready_lines_ = 0;                       // none when a public call returns
  LineLimits limits_;
  std::string place_;
  std::uint64_t offset_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::string kept_;  // beginning of a line whose end has not come; its head when too long
  std::uint64_t kept_bytes_ = 0;  // of that line; more than kept_ holds when it is too long
  std::string line_;              // the last line that was put together from several chunks
};

}  // namespace rheon::connect
