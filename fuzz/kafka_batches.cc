// Record batches of Kafka (kafka/wire/record_batch.h): what a Fetch brings, with checksums that are
// right, decompressed and read to the last header; and the records written and read again.

#include <string>
#include <tuple>
#include <vector>

#include "kafka/wire/compression.h"
#include "kafka/wire/record_batch.h"
#include "kafka/wire/writer.h"
#include "support/input.h"
#include "support/record_batches.h"
#include "support/same.h"
#include "support/seeds.h"

namespace rheon::fuzz {
namespace {

namespace wire = kafka::wire;

constexpr std::size_t kMost = 1 << 20;  // bytes of decompressed records

using Text = std::optional<std::string>;

struct SeenRecord {
  std::int64_t timestamp = 0;
  Text key;
  Text value;
  std::vector<std::pair<std::string, Text>> headers;
  friend bool operator==(const SeenRecord&, const SeenRecord&) = default;
};

Text text(std::optional<std::string_view> bytes) {
  return bytes.has_value() ? Text(*bytes) : std::nullopt;
}

/// The records of a batch; none: they are not what the batch promises.
std::optional<std::vector<SeenRecord>> read(const wire::RecordBatch& batch,
                                            std::string_view payload) {
  std::vector<SeenRecord> result;
  wire::RecordReader records(batch, payload);
  wire::Record record;
  while (records.next(record)) {
    SeenRecord& seen = result.emplace_back();
    seen = {record.timestamp, text(record.key), text(record.value), {}};
    wire::HeaderReader headers(record);
    wire::RecordHeader header;
    while (headers.next(header)) {
      seen.headers.emplace_back(header.key, text(header.value));
    }
    RHEON_ASSERT(seen.headers.size() <= record.headers.size(), "headers without bytes");
  }
  return records.failed() ? std::nullopt : std::optional(std::move(result));
}

std::string write(const std::vector<SeenRecord>& records) {
  std::string out;
  wire::RecordBatchWriter writer(out, records.front().timestamp);
  for (const SeenRecord& record : records) {
    writer.begin(record.timestamp, record.key, record.value,
                 static_cast<std::uint32_t>(record.headers.size()));
    for (const auto& [key, value] : record.headers) {
      writer.header(key, value);
    }
  }
  writer.finish({});
  return out;
}

void check(const wire::RecordBatch& batch) {
  std::string payload;
  if (!wire::decompress(batch.compression(), batch.payload, payload, kMost).has_value()) {
    return;
  }
  RHEON_ASSERT(payload.size() <= kMost, "more was decompressed than is allowed");
  const auto records = read(batch, payload);
  if (!records.has_value() || records->empty()) {
    return;
  }
  const std::string again = write(*records);
  wire::RecordBatches batches(again);
  const auto written = batches.next();
  RHEON_ASSERT(written.has_value() && written->has_value(), "what was written cannot be read");
  RHEON_ASSERT(read(**written, (*written)->payload) == records,
               "what was read is not what was written");
}

}  // namespace

Seeds seeds() {
  const std::vector<SeenRecord> some = {
      {1'700'000'000'000, "key", "value", {}},
      {1'700'000'000'005, std::nullopt, "to be or not to be, to be or not to be", {{"h", "1"}}},
      {1'699'999'999'999, "gone", std::nullopt, {{"a", std::nullopt}, {"", ""}}}};
  const std::string plain = write(some);
  Seeds result = {{"plain", plain}, {"two", plain + plain}, {"cut", plain + plain.substr(0, 50)}};
  for (const auto& [name, how] : {std::pair{"gzip", wire::Compression::kGzip},
                                  {"snappy", wire::Compression::kSnappy},
                                  {"lz4", wire::Compression::kLz4},
                                  {"zstd", wire::Compression::kZstd}}) {
    std::string bytes = plain.substr(0, wire::RecordBatch::kHeaderBytes);
    wire::compress(how, std::string_view(plain).substr(bytes.size()), bytes);
    wire::Writer::put_integer(bytes.data() + kLengthAt,
                              static_cast<std::int32_t>(bytes.size() - kBehindLength));
    wire::Writer::put_integer(bytes.data() + kCovered, static_cast<std::int16_t>(how));
    result.emplace(name, sealed_batches(bytes));
  }
  return result;
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const std::string bytes = fuzz::sealed_batches(in.rest());
  kafka::wire::RecordBatches batches(bytes);
  for (auto batch = batches.next(); batch.has_value() && batch->has_value();
       batch = batches.next()) {
    static_cast<void>((*batch)->last_offset());
    fuzz::check(**batch);
  }
  return 0;
}
