#include "codec/stream_batch.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/crc32c.h"

namespace rheon::codec {
namespace {

constexpr std::string_view kKeyArrow = " => ";
constexpr std::size_t kFirstTimes = 64;  // the least room

std::uint64_t to_zigzag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
std::uint64_t from_zigzag(std::uint64_t v) { return (v >> 1) ^ (~(v & 1) + 1); }

tl::unexpected<Error> broken() {
  return fail(ErrorCode::kCorrupt, "a batch of a stream is broken");
}

}  // namespace

std::string stream_type(std::string_view value_schema) { return std::string(value_schema); }

std::string stream_type(std::string_view key_schema, std::string_view value_schema) {
  return std::string(key_schema).append(kKeyArrow).append(value_schema);
}

StreamType parse_stream_type(std::string_view type) {
  const std::size_t arrow = type.find(kKeyArrow);
  if (arrow == std::string_view::npos) {
    return {"", std::string(type)};
  }
  return {std::string(type.substr(0, arrow)), std::string(type.substr(arrow + kKeyArrow.size()))};
}

std::uint32_t stream_type_id(std::string_view type) { return crc32c(type); }

StreamBatchWriter::StreamBatchWriter(std::uint32_t type_id, bool keyed)
    : type_id_(type_id), keyed_(keyed) {}
StreamBatchWriter::StreamBatchWriter(StreamBatchWriter&& other) noexcept
    : type_id_(other.type_id_),
      keyed_(other.keyed_),
      records_(std::exchange(other.records_, 0)),
      times_(std::move(other.times_)),
      traces_(std::move(other.traces_)),
      body_(std::move(other.body_)) {}
StreamBatchWriter::~StreamBatchWriter() = default;

void StreamBatchWriter::make_room() {
  times_.resize(std::max<std::size_t>(2 * times_.size(), kFirstTimes));
}

void StreamBatchWriter::trace(std::uint64_t trace_high, std::uint64_t trace_low,
                              std::uint64_t span) {
  if (traces_.empty() || traces_.back().index != records() - 1) {
    traces_.push_back({records() - 1, trace_high, trace_low, span});
  }
}

EventTime StreamBatchWriter::max_time() const {
  EventTime latest = EventTime::min();
  for (const EventTime time : std::span(times_).first(records_)) {
    latest = std::max(latest, time);
  }
  return latest;
}

std::string StreamBatchWriter::take(const StreamMarks& marks) {
  const auto times = std::span(times_).first(records_);
  const bool vary = std::any_of(times.begin(), times.end(),
                                [&times](EventTime time) { return time != times.front(); });
  std::string out;
  out.reserve(body_.size() + (vary ? 3 * times.size() : 0) + 32 * traces_.size() + 64);
  put_u8(out, kStreamBatchVersion);
  put_u8(out, static_cast<std::uint8_t>((vary ? kTimesVary : 0) | (traces_.empty() ? 0 : kTraces) |
                                        (marks.idle ? kIdle : 0) | (keyed_ ? kKeyed : 0)));
  put_u32(out, type_id_);
  put_varint(out, times.size());
  put_varint(out, marks.writer);
  put_varint(out, marks.writers);
  put_i64(out, marks.watermark.micros);
  if (!times.empty()) {
    put_i64(out, times.front().micros);
  }
  for (std::size_t i = 1; vary && i < times.size(); ++i) {
    // Modulo 2^64: the reserved values lie at the ends of the range.
    const std::uint64_t difference = static_cast<std::uint64_t>(times[i].micros) -
                                     static_cast<std::uint64_t>(times[i - 1].micros);
    put_varint(out, to_zigzag(static_cast<std::int64_t>(difference)));
  }
  if (!traces_.empty()) {
    put_varint(out, traces_.size());
    for (const StreamTrace& trace : traces_) {
      put_varint(out, trace.index);
      put_u64(out, trace.trace_high);
      put_u64(out, trace.trace_low);
      put_u64(out, trace.span);
    }
  }
  out.append(body_);
  records_ = 0;
  traces_.clear();
  body_.clear();
  return out;
}

StreamBatchReader::StreamBatchReader() : times_(""), body_("") {}

Result<StreamBatchReader> StreamBatchReader::open(std::string_view bytes, std::uint32_t type_id) {
  Reader in(bytes);
  if (in.u8() != kStreamBatchVersion) {
    return bytes.empty() ? broken()
                         : fail(ErrorCode::kRefused,
                                "a batch of a stream has a form that this build does not know: run "
                                "the version of Rheon that wrote it, or a newer one");
  }
  const std::uint8_t flags = in.u8();
  if (in.u32() != type_id) {
    return in.failed() ? broken()
                       : fail(ErrorCode::kRefused,
                              "a batch of a stream holds records of another type than the stream's "
                              "header says");
  }
  StreamBatchReader result;
  const std::uint64_t records = in.varint();
  result.marks_.writer = static_cast<std::uint32_t>(in.varint());
  result.marks_.writers = static_cast<std::uint32_t>(in.varint());
  result.marks_.watermark = EventTime{in.i64()};
  result.marks_.idle = (flags & kIdle) != 0;
  result.keyed_ = (flags & kKeyed) != 0;
  result.times_vary_ = (flags & kTimesVary) != 0;
  if (in.failed() || records > UINT32_MAX || result.marks_.writer >= result.marks_.writers) {
    return broken();
  }
  result.records_ = static_cast<std::uint32_t>(records);
  if (records > 0) {
    result.time_ = EventTime{in.i64()};
  }
  const std::string_view times = bytes.substr(bytes.size() - in.left());
  for (std::uint64_t i = 1; result.times_vary_ && i < records && !in.failed(); ++i) {
    static_cast<void>(in.varint());
  }
  result.times_ = Reader(times.substr(0, times.size() - in.left()));
  if ((flags & kTraces) != 0) {
    for (std::uint64_t left = in.varint(); left > 0 && !in.failed(); --left) {
      StreamTrace trace;
      trace.index = static_cast<std::uint32_t>(in.varint());
      trace.trace_high = in.u64();
      trace.trace_low = in.u64();
      trace.span = in.u64();
      const bool in_order = result.traces_.empty() || result.traces_.back().index < trace.index;
      if (in_order && trace.index < result.records_) {  // others follow no record, or one twice
        result.traces_.push_back(trace);
      }
    }
  }
  if (in.failed()) {
    return broken();
  }
  result.body_ = Reader(bytes.substr(bytes.size() - in.left()));
  return result;
}

bool StreamBatchReader::next(EventTime& time) {
  if (taken_ == records_) {
    return false;
  }
  if (taken_ > 0 && times_vary_) {
    const std::uint64_t sum =
        static_cast<std::uint64_t>(time_.micros) + from_zigzag(times_.varint());
    time_ = EventTime{static_cast<std::int64_t>(sum)};
  }
  time = time_;
  ++taken_;
  return true;
}

}  // namespace rheon::codec
