#pragma once

// Record batches of magic 2 (KIP-98, "Message format"): what topics hold, what Fetch brings and
// Produce takes.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kafka/wire/reader.h"

namespace rheon::kafka::wire {

enum class Compression : std::uint8_t { kNone, kGzip, kSnappy, kLz4, kZstd };

/// A batch, whose records are still as they came.
struct RecordBatch {
  static constexpr std::size_t kHeaderBytes = 61;  // up to the records
  static constexpr std::int64_t kNoProducer = -1;

  std::int64_t base_offset = 0;
  std::int32_t leader_epoch = -1;
  std::int16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  std::int64_t base_timestamp = -1;  // milliseconds
  std::int64_t max_timestamp = -1;
  std::int64_t producer_id = kNoProducer;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t records = 0;  // their number
  std::string_view payload;  // the records, compressed as compression() says

  /// A Compression, or more.
  [[nodiscard]] std::uint8_t compression() const { return attributes & 7; }
  [[nodiscard]] bool log_append_time() const { return (attributes & 8) != 0; }
  [[nodiscard]] bool transactional() const { return (attributes & 16) != 0; }
  /// Its one record is no data: a transaction was committed or aborted.
  [[nodiscard]] bool control() const { return (attributes & 32) != 0; }
  [[nodiscard]] std::int64_t last_offset() const { return wrapped(base_offset, last_offset_delta); }

  /// Sums of what a batch says: no mistake in it is undefined here.
  [[nodiscard]] static std::int64_t wrapped(std::int64_t base, std::int64_t delta) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(base) +
                                     static_cast<std::uint64_t>(delta));
  }
};

/// The batches of a partition, one behind the other as Fetch brings them.
class RecordBatches {
 public:
  explicit RecordBatches(std::string_view bytes) : in_(bytes) {}

  /// The next batch, its checksum looked at; none: there is no further one. A piece of a batch at
  /// the end is none: Fetch cuts there. Errors (kCorrupt): sentences without the partition's name.
  [[nodiscard]] Result<std::optional<RecordBatch>> next();

 private:
  Reader in_;
};

/// One header of a record; `value` none: null.
struct RecordHeader {
  std::string_view key;
  std::optional<std::string_view> value;
};

/// A record of a batch; it shows the batch's bytes.
struct Record {
  std::int64_t offset = 0;
  std::int64_t timestamp = 0;  // milliseconds
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::int32_t header_count = 0;
  std::string_view headers;  // for HeaderReader
};

/// Reads a batch's records from its payload without compression.
class RecordReader {
 public:
  /// `payload`: of the batch, decompressed.
  RecordReader(const RecordBatch& batch, std::string_view payload);

  /// False: there is none left, or failed().
  [[nodiscard]] bool next(Record& record) { return read(std::span(&record, 1)) == 1; }
  /// As many as there are left, or as can be filled in; fewer also when failed().
  [[nodiscard]] std::size_t read(std::span<Record> records);
  /// The bytes are not the records that the batch's header promises.
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  /// Records like most: lengths and differences of at most three bytes, no headers. How many, up to
  /// one that is not like that.
  [[nodiscard]] std::size_t read_common(std::span<Record> records);
  [[nodiscard]] bool read_any(Record& record);

  Reader in_;
  std::int64_t base_offset_;
  std::int64_t base_timestamp_;
  std::int64_t append_timestamp_;  // of all records, when the broker sets it
  bool append_time_;
  std::int32_t left_;
  bool failed_ = false;
};

class HeaderReader {
 public:
  explicit HeaderReader(const Record& record) : in_(record.headers), left_(record.header_count) {}

  /// False: there is none left, or failed().
  [[nodiscard]] bool next(RecordHeader& header);
  /// Behind the last one: the bytes are not the headers that the record promises.
  [[nodiscard]] bool failed() const { return in_.failed() || in_.left() > 0; }

 private:
  Reader in_;
  std::int32_t left_;
};

/// Makes a batch at the end of a string, record by record.
class RecordBatchWriter {
 public:
  /// `base_timestamp` is that of the first record, in milliseconds.
  RecordBatchWriter(std::string& out, std::int64_t base_timestamp);

  void begin(std::int64_t timestamp, std::optional<std::string_view> key,
             std::optional<std::string_view> value, std::uint32_t headers = 0);
  /// Behind begin(), as often as it has said.
  void header(std::string_view key, std::optional<std::string_view> value);

  [[nodiscard]] std::int32_t records() const { return records_; }

  /// Who sends it, and what its records are.
  struct Producer {
    std::int64_t id = RecordBatch::kNoProducer;
    std::int16_t epoch = -1;
    std::int32_t sequence = -1;
    bool transactional = false;
  };
  /// Writes the header and the checksum. The batch is complete then. Nothing may stand behind it.
  void finish(const Producer& producer, Compression compression = Compression::kNone);

 private:
  void end_record();

  std::string& out_;
  std::size_t start_;          // of the batch in out_
  std::string record_;         // the one that is being made, without its length
  std::uint32_t headers_ = 0;  // that are still to come
  std::int64_t base_timestamp_;
  std::int64_t max_timestamp_;
  std::int32_t records_ = 0;
};

/// Writes another producer into a finished batch, and the checksum anew.
void seal_batch(std::string& batch, const RecordBatchWriter::Producer& producer);

}  // namespace rheon::kafka::wire
