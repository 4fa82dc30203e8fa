// What a fetch from Kafka has brought, as a reader of committed records sees it
// (kafka/client/committed_records.h): batches of transactions that ended one way or the other,
// control records, compressed batches, batches before the position.

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "codec/wire.h"
#include "kafka/client/committed_records.h"
#include "kafka/wire/writer.h"
#include "support/input.h"
#include "support/record_batches.h"
#include "support/seeds.h"

namespace rheon::fuzz {
namespace {

namespace wire = kafka::wire;
using Aborted = std::vector<wire::FetchResponse::AbortedTransaction>;

constexpr std::size_t kAttributesAt = 21;
constexpr std::size_t kProducerAt = 43;
constexpr std::int16_t kTransactional = 1 << 4;
constexpr std::int16_t kControl = 1 << 5;
constexpr std::uint64_t kMostAborted = 1000;
constexpr std::size_t kMostBatchBytes = 1 << 20;

/// One record at this offset, written by this producer.
std::string batch(std::int64_t offset, std::int64_t producer, std::int16_t attributes,
                  std::string_view key, std::string_view value) {
  std::string out;
  wire::RecordBatchWriter writer(out, 1'700'000'000'000);
  writer.begin(1'700'000'000'000, key, value);
  writer.finish({});
  wire::Writer::put_integer(out.data(), offset);
  wire::Writer::put_integer(out.data() + kAttributesAt, attributes);
  wire::Writer::put_integer(out.data() + kProducerAt, producer);
  return out;
}

std::string end_of_transaction(std::int64_t offset, std::int64_t producer, char type) {
  const std::string key{'\0', '\0', '\0', type};
  return batch(offset, producer, kTransactional | kControl, key, std::string(6, '\0'));
}

std::string input(std::int64_t from, const Aborted& aborted, std::string_view batches) {
  std::string out;
  codec::put_varint(out, static_cast<std::uint64_t>(from));
  codec::put_varint(out, aborted.size());
  for (const auto& one : aborted) {
    codec::put_varint(out, static_cast<std::uint64_t>(one.producer_id));
    codec::put_varint(out, static_cast<std::uint64_t>(one.first_offset));
  }
  return out.append(batches);
}

/// Reads all there is; records come in order, and none from before the position.
void read(std::string_view bytes, std::int64_t from, Aborted aborted, std::size_t at_once) {
  kafka::CommittedRecords records(bytes, from, std::move(aborted), kafka::Gaps::kAllowed,
                                  kMostBatchBytes);
  std::array<wire::Record, 7> taken;
  std::int64_t next = from;
  std::uint64_t seen = 0;
  for (;;) {
    const auto count = records.take(std::span(taken).first(at_once));
    if (!count.has_value() || *count == 0) {
      break;
    }
    for (const wire::Record& record : std::span(taken).first(*count)) {
      RHEON_ASSERT(record.offset >= next, "a record was shown twice, or out of turn");
      next = record.offset + 1;
      for (const char c : record.value.value_or("")) {
        seen += static_cast<unsigned char>(c);  // the bytes are there
      }
    }
    RHEON_ASSERT(records.position() >= next, "the position lies before what was shown");
    records.forget();
  }
  RHEON_ASSERT(records.position() >= from, "the position went back");
  [[maybe_unused]] static volatile std::uint64_t keep;
  keep = seen;
}

}  // namespace

Seeds seeds() {
  const std::string open = batch(10, 7, kTransactional, "k", "of 7");
  const std::string other = batch(11, 8, kTransactional, "k", "of 8");
  const std::string free = batch(12, -1, 0, "k", "of nobody");
  const std::string ends = end_of_transaction(13, 7, 0) + end_of_transaction(14, 8, 1);
  return {{"aborted", input(10, {{7, 10}}, open + other + free + ends)},
          {"committed", input(10, {}, open + other + free + ends)},
          {"behind-a-record", input(11, {{7, 10}}, open + other + free + ends)},
          {"again-after-abort",
           input(0, {{7, 10}}, open + ends + batch(20, 7, kTransactional, "k", "again"))},
          {"not-in-order", input(0, {}, free + open)}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const auto from = static_cast<std::int64_t>(in.number() >> 1);  // not negative: brokers have none
  fuzz::Aborted aborted;
  for (std::uint64_t left = std::min(in.number(), fuzz::kMostAborted); left > 0; --left) {
    const auto producer = static_cast<std::int64_t>(in.number());
    aborted.push_back({producer, static_cast<std::int64_t>(in.number())});
  }
  const std::string bytes = fuzz::sealed_batches(in.rest());
  fuzz::read(bytes, from, aborted, 1);
  fuzz::read(bytes, from, aborted, 7);
  return 0;
}
