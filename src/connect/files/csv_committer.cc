// What a CSV sink does before any writer runs, and after each commit.

#include <string>
#include <utility>

#include "connect/files/csv.h"
#include "connect/files/csv_directory.h"
#include "connect/files/csv_facts.h"

namespace rheon::connect::csv {
namespace {

class CsvCommitter : public engine::SinkCommitter {
 public:
  explicit CsvCommitter(std::string directory) : directory_(std::move(directory)) {}

  Status recover(const engine::SinkEnvironment& environment, const engine::SinkFacts& facts,
                 engine::SinkRecovery& done) override {
    files_ = &environment.env->files();
    RHEON_ASSIGN(const CsvFacts known, read_facts(facts));
    CsvRecovery recovery(environment, directory_, known);
    return recovery.run(done);
  }

  bool wants_published() const override { return true; }

  void published(Epoch /*epoch*/, const engine::SinkFacts& facts) override {
    const auto known = read_facts(facts);
    if (!known || files_ == nullptr) {
      return;
    }
    // Not synced: recover() writes it anew, and until then it shows too little, never too much.
    const std::string text = committed_text(directory_, known->files);
    if (text == published_) {
      return;
    }
    const std::string path = committed_path(directory_);
    if (write_quickly(*files_, path, text)) {
      published_ = text;
    }
  }

 private:
  static bool write_quickly(env::Files& files, const std::string& path, const std::string& text) {
    const std::string temporary = path + ".tmp";
    const auto file = files.open(temporary, env::OpenMode::kCreate);
    return file && (*file)->truncate(0) && (*file)->write_at(0, as_bytes(text)) &&
           files.rename(temporary, path);
  }

  std::string directory_;
  env::Files* files_ = nullptr;
  std::string published_;
};

}  // namespace

std::unique_ptr<engine::SinkCommitter> make_committer(std::string directory) {
  return std::make_unique<CsvCommitter>(std::move(directory));
}

}  // namespace rheon::connect::csv
