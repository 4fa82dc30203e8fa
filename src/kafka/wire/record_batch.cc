#include "kafka/wire/record_batch.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/crc32c.h"
#include "kafka/wire/compression.h"
#include "kafka/wire/writer.h"

namespace rheon::kafka::wire {

namespace {

// Where things stand in a batch.
constexpr std::size_t kBehindLength = 12;  // what the length counts begins here
constexpr std::size_t kChecksumAt = 17;
constexpr std::size_t kAttributesAt = 21;  // what the checksum covers begins here
constexpr std::size_t kProducerAt = 43;    // its id, its epoch, the first record's sequence
constexpr std::size_t kProducerBytes = 14;
constexpr std::int8_t kMagic = 2;
constexpr std::int16_t kTransactional = 16;

/// Null is a length of -1.
std::optional<std::string_view> nullable_bytes(Reader& in) {
  const std::int32_t size = in.varint();
  if (size < 0) {
    return std::nullopt;
  }
  return in.take(static_cast<std::size_t>(size));
}

void put_nullable_bytes(Writer& out, std::optional<std::string_view> bytes) {
  if (!bytes.has_value()) {
    out.varint(-1);
    return;
  }
  out.varint(static_cast<std::int32_t>(bytes->size()));
  out.bytes(*bytes);
}

/// A VARINT of at most three bytes, zigzag and all, where as many can be read. False: it is longer.
[[gnu::always_inline]] inline bool read_short(const char*& at, std::uint32_t& bits) {
  const auto byte = [at](int i) { return std::uint32_t{static_cast<std::uint8_t>(at[i])}; };
  bits = byte(0);
  if (bits < 0x80) {
    at += 1;
    return true;
  }
  bits = (bits & 0x7f) | (byte(1) << 7);
  if (bits < 0x4000) {
    at += 2;
    return true;
  }
  bits = (bits & 0x3fff) | (byte(2) << 14);
  at += 3;
  return bits < 0x200000;
}

/// Bytes with their length in front, which end before `end`; three bytes behind that can be read.
[[gnu::always_inline]] inline bool read_short_bytes(const char*& at, const char* end,
                                                    std::optional<std::string_view>& bytes) {
  constexpr std::uint32_t kNull = 1;  // -1
  std::uint32_t length = 0;
  if (!read_short(at, length)) {
    return false;
  }
  if (length == kNull) {
    bytes.reset();
    return true;
  }
  const std::uint32_t size = length >> 1;
  if ((length & 1) != 0 || static_cast<std::ptrdiff_t>(size) > end - at) {
    return false;
  }
  bytes.emplace(at, size);
  at += size;
  return true;
}

std::int32_t unzigzag(std::uint32_t bits) {
  return static_cast<std::int32_t>((bits >> 1) ^ (0 - (bits & 1)));
}

/// Of a batch that is complete but for its producer and its checksum.
void seal(char* batch, std::size_t bytes, const RecordBatchWriter::Producer& producer) {
  Reader attributes_in(std::string_view(batch + kAttributesAt, sizeof(std::int16_t)));
  auto attributes = attributes_in.integer<std::int16_t>();
  attributes = static_cast<std::int16_t>(producer.transactional ? attributes | kTransactional
                                                                : attributes & ~kTransactional);
  Writer::put_integer(batch + kAttributesAt, attributes);
  std::string who;
  Writer out(who);
  out.integer(producer.id);
  out.integer(producer.epoch);
  out.integer(producer.sequence);
  std::copy(who.begin(), who.end(), batch + kProducerAt);
  Writer::put_integer(batch + kChecksumAt,
                      crc32c(std::string_view(batch + kAttributesAt, bytes - kAttributesAt)));
}

}  // namespace

Result<std::optional<RecordBatch>> RecordBatches::next() {
  if (in_.left() < kBehindLength) {
    return std::nullopt;
  }
  RecordBatch batch;
  batch.base_offset = in_.integer<std::int64_t>();
  const auto length = in_.integer<std::int32_t>();
  if (length < static_cast<std::int32_t>(RecordBatch::kHeaderBytes - kBehindLength)) {
    in_.fail();
    return fail(ErrorCode::kCorrupt, "the batch at offset " + std::to_string(batch.base_offset) +
                                         " says that it is " + std::to_string(length) +
                                         " bytes long");
  }
  if (static_cast<std::size_t>(length) > in_.left()) {
    in_.fail();
    return std::nullopt;  // cut off
  }
  const std::string_view bytes = in_.take(static_cast<std::size_t>(length));
  Reader in(bytes);
  batch.leader_epoch = in.integer<std::int32_t>();
  if (const auto magic = in.integer<std::int8_t>(); magic != kMagic) {
    in_.fail();
    return fail(ErrorCode::kCorrupt, "the batch at offset " + std::to_string(batch.base_offset) +
                                         " has the format " + std::to_string(magic) +
                                         ", which no supported broker writes");
  }
  const auto checksum = in.integer<std::uint32_t>();
  if (crc32c(bytes.substr(kAttributesAt - kBehindLength)) != checksum) {
    in_.fail();
    return fail(ErrorCode::kCorrupt, "the batch at offset " + std::to_string(batch.base_offset) +
                                         " is not what was written: its checksum differs");
  }
  batch.attributes = in.integer<std::int16_t>();
  batch.last_offset_delta = in.integer<std::int32_t>();
  batch.base_timestamp = in.integer<std::int64_t>();
  batch.max_timestamp = in.integer<std::int64_t>();
  batch.producer_id = in.integer<std::int64_t>();
  batch.producer_epoch = in.integer<std::int16_t>();
  batch.base_sequence = in.integer<std::int32_t>();
  batch.records = in.integer<std::int32_t>();
  batch.payload = in.take(in.left());
  return batch;
}

RecordReader::RecordReader(const RecordBatch& batch, std::string_view payload)
    : in_(payload),
      base_offset_(batch.base_offset),
      base_timestamp_(batch.base_timestamp),
      append_timestamp_(batch.max_timestamp),
      append_time_(batch.log_append_time()),
      left_(batch.records) {}

std::size_t RecordReader::read(std::span<Record> records) {
  std::size_t done = 0;
  while (done < records.size() && left_ > 0) {
    done += read_common(records.subspan(done));
    if (done == records.size() || left_ == 0) {
      break;
    }
    --left_;
    if (!read_any(records[done])) {
      failed_ = true;
      left_ = 0;
      break;
    }
    ++done;
  }
  return done;
}

std::size_t RecordReader::read_common(std::span<Record> records) {
  // What may be read behind a record's end without looking: three bytes for each number that can
  // stand there when its length lies.
  constexpr std::ptrdiff_t kMargin = 16;
  const std::string_view rest = in_.rest();
  const char* start = rest.data();  // of a record
  const char* const limit = start + rest.size();
  const std::size_t most = std::min(records.size(), static_cast<std::size_t>(left_));
  std::size_t done = 0;
  while (done < most && limit - start >= kMargin) {
    Record& record = records[done];
    const char* at = start;
    std::uint32_t size = 0;
    if (!read_short(at, size) || (size & 1) != 0 ||
        limit - at < static_cast<std::ptrdiff_t>(size >> 1) + kMargin) {
      break;
    }
    const char* const end = at + (size >> 1);
    ++at;  // attributes: none are defined
    std::uint32_t time = 0;
    std::uint32_t offset = 0;
    if (!read_short(at, time) || !read_short(at, offset) ||
        !read_short_bytes(at, end, record.key) || !read_short_bytes(at, end, record.value) ||
        end - at != 1 || *at != 0) {
      break;
    }
    record.timestamp =
        append_time_ ? append_timestamp_ : RecordBatch::wrapped(base_timestamp_, unzigzag(time));
    record.offset = RecordBatch::wrapped(base_offset_, unzigzag(offset));
    record.header_count = 0;
    record.headers = {};
    start = end;
    ++done;
  }
  static_cast<void>(in_.take(static_cast<std::size_t>(start - rest.data())));
  left_ -= static_cast<std::int32_t>(done);
  return done;
}

bool RecordReader::read_any(Record& record) {
  const std::int32_t size = in_.varint();
  if (size < 0 || static_cast<std::size_t>(size) > in_.left()) {
    return false;
  }
  Reader in(in_.take(static_cast<std::size_t>(size)));
  static_cast<void>(in.integer<std::int8_t>());  // attributes: none are defined
  const std::int64_t timestamp_delta = in.varlong();
  record.timestamp =
      append_time_ ? append_timestamp_ : RecordBatch::wrapped(base_timestamp_, timestamp_delta);
  record.offset = RecordBatch::wrapped(base_offset_, in.varint());
  record.key = nullable_bytes(in);
  record.value = nullable_bytes(in);
  record.header_count = in.varint();
  record.headers = in.take(in.left());
  return record.header_count >= 0 && !in.failed();
}

bool HeaderReader::next(RecordHeader& header) {
  if (left_ <= 0) {
    return false;
  }
  --left_;
  header.key = nullable_bytes(in_).value_or(std::string_view());
  header.value = nullable_bytes(in_);
  return !in_.failed();
}

RecordBatchWriter::RecordBatchWriter(std::string& out, std::int64_t base_timestamp)
    : out_(out),
      start_(out.size()),
      base_timestamp_(base_timestamp),
      max_timestamp_(base_timestamp) {
  out_.resize(start_ + RecordBatch::kHeaderBytes);
}

void RecordBatchWriter::begin(std::int64_t timestamp, std::optional<std::string_view> key,
                              std::optional<std::string_view> value, std::uint32_t headers) {
  RHEON_ASSERT(headers_ == 0, "the record before has not all its headers");
  record_.clear();
  Writer out(record_);
  out.integer<std::int8_t>(0);
  out.varlong(RecordBatch::wrapped(timestamp, RecordBatch::wrapped(0, -base_timestamp_)));
  out.varint(records_);
  put_nullable_bytes(out, key);
  put_nullable_bytes(out, value);
  out.varint(static_cast<std::int32_t>(headers));
  max_timestamp_ = std::max(max_timestamp_, timestamp);
  ++records_;
  headers_ = headers;
  if (headers_ == 0) {
    end_record();
  }
}

void RecordBatchWriter::header(std::string_view key, std::optional<std::string_view> value) {
  RHEON_ASSERT(headers_ > 0, "the record has all its headers");
  Writer out(record_);
  put_nullable_bytes(out, key);
  put_nullable_bytes(out, value);
  if (--headers_ == 0) {
    end_record();
  }
}

void RecordBatchWriter::end_record() {
  Writer out(out_);
  out.varint(static_cast<std::int32_t>(record_.size()));
  out.bytes(record_);
}

void RecordBatchWriter::finish(const Producer& producer, Compression compression) {
  RHEON_ASSERT(records_ > 0 && headers_ == 0, "a batch holds whole records, one at least");
  if (compression != Compression::kNone) {
    const std::string plain = out_.substr(start_ + RecordBatch::kHeaderBytes);
    out_.resize(start_ + RecordBatch::kHeaderBytes);
    compress(compression, plain, out_);
  }
  std::string header;
  Writer out(header);
  out.integer<std::int64_t>(0);  // the broker gives the offsets
  out.integer(static_cast<std::int32_t>(out_.size() - start_ - kBehindLength));
  out.integer<std::int32_t>(-1);  // leader epoch: the broker's
  out.integer(kMagic);
  out.integer<std::uint32_t>(0);  // the checksum
  out.integer(static_cast<std::int16_t>(compression));
  out.integer(records_ - 1);
  out.integer(base_timestamp_);
  out.integer(max_timestamp_);
  out.bytes(std::string(kProducerBytes, '\0'));
  out.integer(records_);
  std::copy(header.begin(), header.end(), out_.begin() + static_cast<std::ptrdiff_t>(start_));
  seal(out_.data() + start_, out_.size() - start_, producer);
}

void seal_batch(std::string& batch, const RecordBatchWriter::Producer& producer) {
  RHEON_ASSERT(batch.size() >= RecordBatch::kHeaderBytes, "it is no batch");
  seal(batch.data(), batch.size(), producer);
}

}  // namespace rheon::kafka::wire
