// Batches of streams (codec/stream_batch.h) and the records in them, as a job that reads them does.

#include "codec/stream_batch.h"

#include <algorithm>
#include <utility>

#include "connect/stream/in.h"
#include "connect/stream/partition_watermark.h"
#include "support/input.h"
#include "support/same.h"
#include "support/seeds.h"
#include "support/types.h"

namespace rheon::fuzz {
namespace {

using codec::StreamBatchReader;
using codec::StreamTrace;

constexpr std::size_t kTypeAt = 2;  // of a batch's type, behind version and flags

/// What a batch holds; records as their bytes.
struct Contents {
  codec::StreamMarks marks;
  bool keyed = false;
  std::vector<StreamTrace> traces;  // of records that are there, in their order
  std::vector<std::pair<EventTime, std::string>> records;
  friend bool operator==(const Contents&, const Contents&) = default;
};

template <class R>
std::string rewritten(const R& record) {
  if constexpr (connect::stream::IsKeyed<R>::value) {
    std::string bytes;
    codec::put_bytes(bytes, codec::KeyBytes(record.key).view());
    return bytes.append(encoded(record.value));
  } else {
    return encoded(record);
  }
}

template <class R>
std::optional<Contents> read(std::string_view bytes, std::string_view type) {
  using RecordReader = connect::stream::RecordReader<R>;
  auto values = connect::stream::make_value_reader(type, "it", RecordReader::wanted());
  auto batch = StreamBatchReader::open(bytes, codec::stream_type_id(type));
  if (!values.has_value() || !batch.has_value()) {
    return std::nullopt;
  }
  const RecordReader records(std::move(*values));
  Contents contents{batch->marks(), connect::stream::IsKeyed<R>::value, {}, {}};
  EventTime time;
  R record{};
  while (batch->next(time)) {
    if (!records.read(*batch, record)) {
      return std::nullopt;
    }
    contents.records.emplace_back(time, rewritten(record));
    std::copy_if(batch->traces().begin(), batch->traces().end(),
                 std::back_inserter(contents.traces),
                 [&](const StreamTrace& trace) { return trace.index + 1 == batch->taken(); });
  }
  return batch->complete() ? std::optional(std::move(contents)) : std::nullopt;
}

std::string write(const Contents& contents, std::string_view type) {
  codec::StreamBatchWriter writer(codec::stream_type_id(type), contents.keyed);
  for (const auto& [time, bytes] : contents.records) {
    const std::uint32_t index = writer.records();
    writer.begin(time).append(bytes);
    for (const StreamTrace& trace : contents.traces) {
      if (trace.index == index) {
        writer.trace(trace.trace_high, trace.trace_low, trace.span);
      }
    }
  }
  return writer.take(contents.marks);
}

template <class K, class T>
[[nodiscard]] std::string type_of() {
  return codec::stream_type(codec::key_schema<K>(), codec::ValueCodec<T>::schema());
}

/// `type`: of the records that are written; `bytes` may be of an older one.
template <class R>
void check(std::string_view bytes, std::string_view stored, const std::string& type) {
  const auto contents = read<R>(bytes, stored);
  if (!contents.has_value()) {
    return;
  }
  const auto again = read<R>(write(*contents, type), type);
  RHEON_ASSERT(again.has_value(), "what was written cannot be read");
  RHEON_ASSERT(*again == *contents, "what was read is not what was written");
}

void check_marks(std::string_view bytes, std::uint32_t type_id) {
  connect::stream::PartitionWatermark watermark;
  for (const std::size_t size : {bytes.size() / 2, bytes.size()}) {
    const auto batch = StreamBatchReader::open(bytes.substr(0, size), type_id);
    if (batch.has_value()) {
      const EventTime before = watermark.current();
      const bool changed = watermark.take(batch->marks());
      RHEON_ASSERT(changed ? watermark.current() > before : watermark.current() == before,
                   "a watermark has gone back");
    }
  }
}

using Text = std::string_view;
using Keyed = streams::Keyed<std::string_view, std::uint64_t>;

}  // namespace

Seeds seeds() {
  const auto seed = [](std::string_view type, bool keyed, auto&& fill, codec::StreamMarks marks) {
    codec::StreamBatchWriter writer(codec::stream_type_id(type), keyed);
    fill(writer);
    std::string out;
    codec::put_bytes(out, type);
    return out + writer.take(marks);
  };
  return {
      {"nothing", seed("text", false, [](auto&) {}, {1, 2, EventTime{900}, true})},
      {"texts", seed("text", false,
                     [](auto& writer) {
                       codec::put_bytes(writer.begin(EventTime{1000}), "to be");
                       codec::put_bytes(writer.begin(EventTime{1000}), "or not");
                       writer.trace(1, 2, 3);
                     },
                     {})},
      {"keyed", seed(type_of<std::string_view, std::uint64_t>(), true,
                     [](auto& writer) {
                       std::string& be = writer.begin(EventTime{1000});
                       codec::put_bytes(be, "be");
                       codec::put_varint(be, 1);
                       std::string& to = writer.begin(EventTime{998});
                       codec::put_bytes(to, "to");
                       codec::put_varint(to, 300);
                     },
                     {1, 2, EventTime{900}, false})},
      {"sessions",
       seed(codec::ValueCodec<Session>::schema(), false,
            [](auto& writer) { writer.begin(EventTime::min()).append(encoded(a_session())); }, {})},
      {"older", seed("Session{gone:text,user:u64}", false,
                     [](auto& writer) { writer.begin(EventTime{5}).append("\1a\7", 3); }, {})}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const std::string_view type = in.text();
  std::string batch(in.rest());
  const std::uint32_t type_id = codec::stream_type_id(type);
  if (batch.size() >= fuzz::kTypeAt + sizeof type_id) {  // else all would be refused for it
    std::string bytes;
    codec::put_u32(bytes, type_id);
    batch.replace(fuzz::kTypeAt, bytes.size(), bytes);
  }
  fuzz::check<fuzz::Text>(batch, type, codec::ValueCodec<fuzz::Text>::schema());
  fuzz::check<fuzz::Session>(batch, type, codec::ValueCodec<fuzz::Session>::schema());
  fuzz::check<fuzz::Keyed>(batch, type, fuzz::type_of<std::string_view, std::uint64_t>());
  fuzz::check_marks(batch, type_id);
  return 0;
}
