#include "connect/files/csv.h"

#include <utility>

#include "connect/files/csv_committer.h"
#include "connect/files/csv_output.h"
#include "engine/sink.h"
#include "env/files.h"

namespace rheon {
namespace connect::csv {
namespace {

class CsvWriter final : public engine::SinkParticipant {
 public:
  CsvWriter(const engine::SinkEnvironment& environment, const engine::SinkFacts& recovered,
            const std::string& directory, std::uint64_t max_file_bytes, WriteLines write)
      : output_(environment, recovered, directory, max_file_bytes), write_(write) {}

  void write_batch(const engine::BatchBase& batch) override { write_(output_, batch); }
  void prepare(Epoch /*epoch*/) override { output_.prepare(); }
  Result<bool> prepared(engine::SinkFactChanges& facts,
                        std::vector<log::StreamAppend>& /*appends*/) override {
    return output_.prepared(facts);
  }
  Result<bool> blocked() override { return output_.blocked(); }
  bool no_space() const override { return output_.no_space(); }
  void retire() override { output_.retire(); }

 private:
  CsvOutput output_;
  WriteLines write_;
};

class CsvConnector final : public engine::AnySinkConnector {
 public:
  CsvConnector(std::string directory, std::uint64_t max_file_bytes, WriteLines write)
      : directory_(std::move(directory)), max_file_bytes_(max_file_bytes), write_(write) {}

  engine::SinkTraits traits() const override {
    return {.kind = "files", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  std::unique_ptr<engine::SinkParticipant> make_participant(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& recovered) const override {
    return std::make_unique<CsvWriter>(environment, recovered, directory_, max_file_bytes_, write_);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override {
    return csv::make_committer(directory_);
  }

 private:
  std::string directory_;
  std::uint64_t max_file_bytes_;
  WriteLines write_;
};

}  // namespace

std::shared_ptr<const engine::AnySinkConnector> make_connector(std::string directory,
                                                               std::uint64_t max_file_bytes,
                                                               WriteLines write) {
  return std::make_shared<CsvConnector>(std::move(directory), max_file_bytes, write);
}

}  // namespace connect::csv

namespace files {

// The log knows files by their paths: `out/` and `./out` are `out`.
Csv::Csv(const std::string& directory, const CsvOptions& options)
    : directory_(directory.empty() ? "" : env::plain(directory)), options_(options) {}

}  // namespace files
}  // namespace rheon
