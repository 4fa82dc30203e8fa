#pragma once

// A batch of records as it stands in a stream. docs/formats/stream_batch.md has worked bytes.
//
//   batch := version:u8 = 1, flags:u8, type:u32, records:varint,
//            writer:varint, writers:varint, watermark:i64,
//            [first time:i64]                                     when there are records
//            [(records - 1) x difference to the time before]      zigzag varints; flag kTimesVary
//            [n:varint n x (index:varint high:u64 low:u64 span:u64)]              flag kTraces
//            records x ([key:bytes] value)                                   keys: flag kKeyed
//
// `type` is the CRC-32C of the stream's type header. Keys are canonical (codec/key.h), values as
// codec/value.h says. A batch without records only carries what its writer says.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "codec/wire.h"

namespace rheon::codec {

inline constexpr std::uint8_t kStreamBatchVersion = 1;
inline constexpr std::uint8_t kTimesVary = 1;
inline constexpr std::uint8_t kTraces = 2;
inline constexpr std::uint8_t kIdle = 4;
inline constexpr std::uint8_t kKeyed = 8;

/// The type header of a stream: a schema, or those of key and value.
[[nodiscard]] std::string stream_type(std::string_view value_schema);
[[nodiscard]] std::string stream_type(std::string_view key_schema, std::string_view value_schema);
struct StreamType {
  std::string key;  // empty: records have no keys
  std::string value;
};
[[nodiscard]] StreamType parse_stream_type(std::string_view type);
[[nodiscard]] std::uint32_t stream_type_id(std::string_view type);

/// What one of a stream's writers says beside its records. A partition's watermark is the smallest
/// of those that its writers said last, without those that are idle.
struct StreamMarks {
  std::uint32_t writer = 0;  // 0 .. writers - 1
  std::uint32_t writers = 1;
  EventTime watermark = EventTime::none();
  bool idle = false;
  friend bool operator==(const StreamMarks&, const StreamMarks&) = default;
};

/// A record that is followed.
struct StreamTrace {
  std::uint32_t index = 0;  // of the record in its batch
  std::uint64_t trace_high = 0;
  std::uint64_t trace_low = 0;
  std::uint64_t span = 0;
  friend bool operator==(const StreamTrace&, const StreamTrace&) = default;
};

class StreamBatchWriter {
 public:
  StreamBatchWriter(std::uint32_t type_id, bool keyed);
  /// `other` is empty after it.
  StreamBatchWriter(StreamBatchWriter&& other) noexcept;
  ~StreamBatchWriter();

  /// Begins a record: append its key (put_bytes), if the stream has keys, and its value.
  [[nodiscard]] std::string& begin(EventTime time) {
    if (records_ == times_.size()) [[unlikely]] {
      make_room();
    }
    times_[records_++] = time;
    return body_;
  }
  /// The record that was begun last is followed.
  void trace(std::uint64_t trace_high, std::uint64_t trace_low, std::uint64_t span);

  [[nodiscard]] std::uint32_t records() const { return records_; }
  [[nodiscard]] std::size_t bytes() const { return body_.size() + records_; }
  /// The largest event time; EventTime::min() without records.
  [[nodiscard]] EventTime max_time() const;
  /// The batch; the writer is empty again.
  [[nodiscard]] std::string take(const StreamMarks& marks);

 private:
  void make_room();

  std::uint32_t type_id_;
  bool keyed_;
  std::uint32_t records_ = 0;
  std::vector<EventTime> times_;  // of the records; what stands behind them is room
  std::vector<StreamTrace> traces_;
  std::string body_;
};

/// Walks a batch. Views into the bytes it was given.
class StreamBatchReader {
 public:
  /// kRefused: of another type, or of a newer version. kCorrupt: not a batch.
  [[nodiscard]] static Result<StreamBatchReader> open(std::string_view bytes,
                                                      std::uint32_t type_id);

  [[nodiscard]] const StreamMarks& marks() const { return marks_; }
  [[nodiscard]] std::uint32_t records() const { return records_; }
  [[nodiscard]] bool keyed() const { return keyed_; }
  [[nodiscard]] const std::vector<StreamTrace>& traces() const { return traces_; }

  /// True when there is another record: then take it from body(), whole.
  [[nodiscard]] bool next(EventTime& time);
  [[nodiscard]] Reader& body() { return body_; }
  /// Records that next() has given.
  [[nodiscard]] std::uint32_t taken() const { return taken_; }
  /// After the last record: false when the bytes were not as many as the records said.
  [[nodiscard]] bool complete() const { return !body_.failed() && body_.at_end(); }

 private:
  StreamBatchReader();

  StreamMarks marks_;
  std::uint32_t records_ = 0;
  bool keyed_ = false;
  std::vector<StreamTrace> traces_;
  EventTime time_;
  bool times_vary_ = false;
  Reader times_;
  Reader body_;
  std::uint32_t taken_ = 0;
};

}  // namespace rheon::codec
