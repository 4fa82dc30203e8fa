#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "connect/files/csv_format.h"

namespace rheon::engine {
class AnySinkConnector;
}

namespace rheon::connect::csv {

/// Where the lines of a writer go: a buffer, and another one behind it.
class LineBuffer {
 public:
  /// Where the next line goes, and what is free from there on.
  [[nodiscard]] char* cursor() const { return at_; }
  [[nodiscard]] std::size_t room() const { return static_cast<std::size_t>(end_ - at_); }
  /// Lines stand in front of `at`.
  void set_cursor(char* at) { at_ = at; }
  /// Hands the lines in front of `at` over to be written; then there is at least this much room.
  virtual void make_room(char* at, std::size_t bytes) = 0;

 protected:
  LineBuffer() = default;
  ~LineBuffer() = default;

  char* at_ = nullptr;
  char* end_ = nullptr;
};

/// Writes the records of a batch as lines: the one part of this sink that knows their type.
using WriteLines = void (*)(LineBuffer& lines, const engine::BatchBase& batch);

template <class K, class T>
void write_lines(LineBuffer& lines, const engine::BatchBase& base) {
  char* at = lines.cursor();
  std::size_t room = lines.room();
  for (const engine::Slot<K, T>& record : static_cast<const engine::Batch<K, T>&>(base).slots) {
    const std::size_t bytes = line_room(record);
    if (bytes > room) {
      lines.make_room(at, bytes);
      at = lines.cursor();
      room = lines.room();
    }
    char* const end = put_line(at, record);
    room -= static_cast<std::size_t>(end - at);
    at = end;
  }
  lines.set_cursor(at);
}

[[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> make_connector(
    std::string directory, std::uint64_t max_file_bytes, WriteLines write);

}  // namespace rheon::connect::csv
