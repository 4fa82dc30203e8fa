#pragma once

// What changed in keyed state, as bytes: the contents of a journal's delta frame and of a snapshot
// slice. docs/formats/delta.md has the layout with worked bytes.
//
//   blob    := version:u8 section*
//   section := state:varint group:varint length:u32 entry*      (length: bytes of the entries)
//   entry   := op:u8 key:bytes [sub:bytes] [value:bytes]
//
// Sections of one blob apply in order. A slice is a blob whose entries are all puts.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/types.h"
#include "codec/wire.h"

namespace rheon::codec {

inline constexpr std::uint8_t kDeltaVersion = 1;

enum class DeltaOp : std::uint8_t {
  kPut = 1,        // key, value
  kRemove = 2,     // key: the entry and all below it
  kPutSub = 3,     // key, sub, value: one entry of a map, one element of a list
  kRemoveSub = 4,  // key, sub
};

class DeltaWriter {
 public:
  DeltaWriter() { put_u8(blob_, kDeltaVersion); }

  /// Entries that follow belong to this state and key group. The same pair may come again.
  void begin_section(StateId state, KeyGroup group);
  void put(std::string_view key, std::string_view value);
  void remove(std::string_view key);
  void put_sub(std::string_view key, std::string_view sub, std::string_view value);
  void remove_sub(std::string_view key, std::string_view sub);

  /// For encoders that write the value in place: append to the result, then call end_value().
  [[nodiscard]] std::string& begin_put(std::string_view key);
  [[nodiscard]] std::string& begin_put_sub(std::string_view key, std::string_view sub);
  void end_value();

  [[nodiscard]] bool empty() const { return blob_.size() == 1; }
  [[nodiscard]] std::size_t size() const { return blob_.size(); }
  /// Appends the sections of another writer.
  void append(DeltaWriter&& other);
  /// The blob; the writer is empty again.
  [[nodiscard]] std::string take();

 private:
  void close_section();

  std::string blob_;
  std::size_t section_length_at_ = 0;  // where the open section's length stands; 0: none is open
  std::size_t value_length_at_ = 0;
};

struct DeltaEntry {
  DeltaOp op{};
  std::string_view key;
  std::string_view sub;
  std::string_view value;
};

struct DeltaSection {
  StateId state;
  KeyGroup group;
  std::string_view entries;
};

/// Walks a blob. `next` returns false at the end or at the first broken byte: ask failed().
class DeltaReader {
 public:
  explicit DeltaReader(std::string_view blob);
  [[nodiscard]] bool next(DeltaSection& section);
  [[nodiscard]] bool failed() const { return failed_ || reader_.failed(); }

 private:
  Reader reader_;
  bool failed_ = false;
};

class DeltaEntryReader {
 public:
  explicit DeltaEntryReader(std::string_view entries) : reader_(entries) {}
  [[nodiscard]] bool next(DeltaEntry& entry);
  [[nodiscard]] bool failed() const { return failed_ || reader_.failed(); }

 private:
  Reader reader_;
  bool failed_ = false;
};

}  // namespace rheon::codec
