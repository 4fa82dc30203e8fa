#include "connect/files/csv_committer.h"

#include <string>
#include <utility>

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

  Status published(Epoch /*epoch*/, const engine::SinkFacts& facts) override {
    RHEON_ASSIGN(const CsvFacts known, read_facts(facts));
    // Not synced: recover() writes it anew, and until then it shows too little, never too much.
    const std::string text = committed_text(directory_, known.files);
    if (text != published_) {
      RHEON_TRY(write_quickly(*files_, committed_path(directory_), text));
      published_ = text;
    }
    return {};
  }

 private:
  static Status write_quickly(env::Files& files, const std::string& path, const std::string& text) {
    const std::string temporary = path + ".tmp";
    RHEON_ASSIGN(const auto file, files.open(temporary, env::OpenMode::kCreate));
    RHEON_TRY(file->truncate(0));
    RHEON_TRY(file->write_at(0, as_bytes(text)));
    return files.rename(temporary, path);
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
