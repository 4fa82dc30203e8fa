// A disk that cannot read a block: whoever reads says so, and never that the bytes are damaged or
// that something is not there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "log/files/inspect.h"
#include "log/files/tests/sound_directory.h"

namespace rheon::log::files::testing {
namespace {

constexpr const char* kSentence = "Input/output error, said the test";

/// Files of which one look or read goes wrong.
class BadBlocks final : public env::Files {
 public:
  explicit BadBlocks(env::Files& real) : real_(real) {}

  void fail_at(std::uint64_t look) {
    left_ = look;
    failed_ = false;
  }
  [[nodiscard]] bool failed() const { return failed_; }

  Result<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override {
    RHEON_TRY(look());
    RHEON_ASSIGN(auto file, real_.open(path, mode));
    return std::unique_ptr<env::File>(std::make_unique<BadFile>(*this, std::move(file)));
  }
  Result<env::FileInfo> info(const std::string& path) override {
    RHEON_TRY(look());
    return real_.info(path);
  }
  Status rename(const std::string& from, const std::string& to) override {
    return real_.rename(from, to);
  }
  Status remove(const std::string& path) override { return real_.remove(path); }
  Status make_directories(const std::string& path) override { return real_.make_directories(path); }
  Status sync_directory(const std::string& path) override { return real_.sync_directory(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    RHEON_TRY(look());
    return real_.list(path);
  }
  Result<std::vector<std::string>> glob(const std::string& pattern) override {
    return real_.glob(pattern);
  }
  Result<env::Space> space(const std::string& path) override {
    RHEON_TRY(look());
    return real_.space(path);
  }
  Result<std::unique_ptr<env::FileLock>> lock(const std::string& path) override {
    RHEON_TRY(look());
    return real_.lock(path);
  }
  Result<bool> is_locked(const std::string& path) override { return real_.is_locked(path); }

 private:
  class BadFile final : public env::File {
   public:
    BadFile(BadBlocks& files, std::unique_ptr<env::File> real)
        : files_(files), real_(std::move(real)) {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
      RHEON_TRY(files_.look());
      return real_->read_at(offset, into);
    }
    Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
      return real_->write_at(offset, bytes);
    }
    Status sync() override { return real_->sync(); }
    Status truncate(std::uint64_t size) override { return real_->truncate(size); }
    Status preallocate(std::uint64_t size) override { return real_->preallocate(size); }
    Result<env::FileInfo> info() override {
      RHEON_TRY(files_.look());
      return real_->info();
    }

   private:
    BadBlocks& files_;
    std::unique_ptr<env::File> real_;
  };

  Status look() {
    if (left_ > 0 && --left_ == 0) {
      failed_ = true;
      return fail(ErrorCode::kIo, kSentence);
    }
    return {};
  }

  env::Files& real_;
  std::uint64_t left_ = 0;
  bool failed_ = false;
};

class BadMachine final : public env::Env {
 public:
  explicit BadMachine(env::fake::FakeEnv& real) : real_(real), files_(real.files()) {}
  env::Clock& clock() override { return real_.clock(); }
  env::Random& random() override { return real_.random(); }
  BadBlocks& files() override { return files_; }
  env::IoPool& io() override { return real_.io(); }
  env::Threads& threads() override { return real_.threads(); }
  env::Process& process() override { return real_.process(); }
  env::LocalSockets& sockets() override { return real_.sockets(); }

 private:
  env::fake::FakeEnv& real_;
  BadBlocks files_;
};

class ReadErrors : public ::testing::Test {
 protected:
  /// `read` must say of an error at every look that it was one.
  void at_every_look(const std::function<Status()>& read) {
    for (std::uint64_t point = 1;; ++point) {
      SCOPED_TRACE("look " + std::to_string(point));
      machine_.files().fail_at(point);
      const Status status = read();
      if (!machine_.files().failed()) {
        ASSERT_TRUE(status.has_value()) << status.error().message;
        ASSERT_GT(point, 5u);
        return;
      }
      if (!status.has_value()) {
        EXPECT_EQ(status.error().code, ErrorCode::kIo);
        EXPECT_NE(status.error().message.find(kSentence), std::string::npos)
            << status.error().message;
      } else {
        forgiven_.push_back(point);
      }
    }
  }
  [[nodiscard]] Status checked() {
    RHEON_ASSIGN(const CheckReport report, check(machine_.files(), "job.data"));
    return report.damaged() ? Status(fail(ErrorCode::kCorrupt, report.findings[0].sentence))
                            : Status{};
  }
  [[nodiscard]] Status read_stream() {
    RHEON_ASSIGN(const auto streams, list_streams(machine_.files(), "job.data"));
    EXPECT_EQ(streams.size(), 1u);
    RHEON_ASSIGN(const auto reader, open_stream(machine_.files(), "job.data", "out"));
    RHEON_TRY(reader->size());
    for (std::uint32_t partition = 0; partition < reader->info().partitions; ++partition) {
      RHEON_ASSIGN(StreamPosition position, reader->oldest(partition));
      RHEON_TRY(reader->more(partition, position));
      for (;;) {
        RHEON_ASSIGN(const auto batches, reader->read(partition, position, 200));
        if (batches.empty()) {
          break;
        }
        position.next_batch += batches.size();
        RHEON_TRY(reader->refresh());
      }
    }
    return {};
  }

  Sound sound_{21};
  BadMachine machine_{sound_.env};
  std::vector<std::uint64_t> forgiven_;  // looks without which it was done as well
};

TEST_F(ReadErrors, ACheckDoesNotCallThemDamage) {
  at_every_look([this] { return checked(); });
  EXPECT_THAT(forgiven_, ::testing::IsEmpty());
}

TEST_F(ReadErrors, ADumpNamesThem) {
  at_every_look([this]() -> Status {
    RHEON_ASSIGN(const auto lines, dump(machine_.files(), "job.data"));
    for (const DumpLine& line : lines) {
      if (line.type == "broken") {
        return fail(ErrorCode::kIo, line.detail);
      }
    }
    return {};
  });
  EXPECT_THAT(forgiven_, ::testing::IsEmpty());
}

TEST_F(ReadErrors, AStreamsReaderSaysSo) {
  at_every_look([this] { return read_stream(); });
  EXPECT_THAT(forgiven_, ::testing::IsEmpty());
}

/// What it can do without is lost to it, as if it were damaged: the disk may be dying.
TEST_F(ReadErrors, SalvageStopsOrSaysWhatItGoesWithout) {
  int number = 0;
  at_every_look([&]() -> Status {
    RHEON_ASSIGN(const SalvageReport report,
                 salvage(machine_, "job.data", "saved" + std::to_string(number++)));
    EXPECT_EQ(report.lost.empty(), !machine_.files().failed());
    return {};
  });
}

TEST_F(ReadErrors, AStartSaysSo) {
  at_every_look([this]() -> Status {
    RHEON_ASSIGN(const OpenResult opened, open(machine_, ModelJob::options()));
    EXPECT_EQ(opened.opened.epoch, sound_.job.truth().epoch);
    ModelVisitor visitor;
    RHEON_TRY(opened.log->restore([](KeyGroup) { return true; }, visitor));
    EXPECT_EQ(visitor.model, sound_.job.truth().state);
    return {};
  });
}

}  // namespace
}  // namespace rheon::log::files::testing
