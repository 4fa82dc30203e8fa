#include "log/files/rescued_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "env/fake/fake_env.h"

namespace rheon::log::files::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kBlock = RescuedFiles::kBlockBytes;

/// What is wrong with the one file that they hold.
struct Defects {
  std::set<std::uint64_t> bad_blocks;
  ErrorCode code = ErrorCode::kIo;
  bool info_fails = false;
  std::uint64_t said_bytes = 0;  // more than there are; 0: the truth is told
};

class DefectiveFiles final : public env::ForwardingFiles {
 public:
  DefectiveFiles(env::Files& real, const Defects& defects)
      : ForwardingFiles(real), defects_(defects) {}

  Result<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override {
    RHEON_ASSIGN(auto file, ForwardingFiles::open(path, mode));
    return std::make_unique<DefectiveFile>(std::move(file), defects_);
  }

 private:
  class DefectiveFile final : public env::ForwardingFile {
   public:
    DefectiveFile(std::unique_ptr<env::File> real, const Defects& defects)
        : ForwardingFile(std::move(real)), defects_(defects) {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
      for (const std::uint64_t block : defects_.bad_blocks) {
        if (offset < block + kBlock && block < offset + into.size()) {
          return fail(defects_.code, "it cannot be read");
        }
      }
      return ForwardingFile::read_at(offset, into);
    }
    Result<env::FileInfo> info() override {
      if (defects_.info_fails) {
        return fail(ErrorCode::kIo, "it cannot be looked at");
      }
      RHEON_ASSIGN(env::FileInfo info, ForwardingFile::info());
      info.size = std::max(info.size, defects_.said_bytes);
      return info;
    }

   private:
    const Defects& defects_;
  };

  const Defects& defects_;
};

class Rescued : public ::testing::Test {
 protected:
  Rescued() {
    EXPECT_TRUE(
        env::replace_whole(env_.files(), "file", std::string(5 * kBlock - 100, 'x')).has_value());
  }
  /// From `offset` on; "ERROR" when that failed.
  std::string read(std::uint64_t offset, std::size_t bytes) {
    auto file = rescued_.open("file", env::OpenMode::kRead);
    std::string into(bytes, '?');
    const auto got = (*file)->read_at(offset, std::as_writable_bytes(std::span(into)));
    return got.has_value() ? into.substr(0, *got) : "ERROR";
  }

  env::fake::FakeEnv env_;
  Defects defects_;
  DefectiveFiles defective_{env_.files(), defects_};
  RescuedFiles rescued_{defective_};
};

TEST_F(Rescued, BlocksThatCannotBeReadAreZerosAndCounted) {
  EXPECT_EQ(read(0, 6 * kBlock), std::string(5 * kBlock - 100, 'x'));
  EXPECT_THAT(rescued_.unreadable(), IsEmpty());
  defects_.bad_blocks = {kBlock};
  EXPECT_EQ(read(10, 2 * kBlock),
            std::string(kBlock - 10, 'x') + std::string(kBlock, '\0') + std::string(10, 'x'));
  EXPECT_THAT(rescued_.unreadable(),
              ElementsAre("1 block of 4096 bytes of file, the first at 4096"));
  defects_.bad_blocks = {kBlock, 4 * kBlock};
  EXPECT_EQ(read(3 * kBlock, 4 * kBlock),
            std::string(kBlock, 'x') + std::string(kBlock - 100, '\0'));
  EXPECT_THAT(rescued_.unreadable(),
              ElementsAre("2 blocks of 4096 bytes of file, the first at 4096"));
}

TEST_F(Rescued, AnErrorOfAnotherKindIsPassedOn) {
  defects_.bad_blocks = {kBlock};
  defects_.code = ErrorCode::kRefused;
  EXPECT_EQ(read(0, 2 * kBlock), "ERROR");
  EXPECT_THAT(rescued_.unreadable(), IsEmpty());
}

TEST_F(Rescued, AFileThatCannotBeLookedAtIsNotRescued) {
  defects_.bad_blocks = {kBlock};
  defects_.info_fails = true;
  EXPECT_EQ(read(0, 2 * kBlock), "ERROR");
}

TEST_F(Rescued, AFileThatBecameShorterEndsWhereItEnds) {
  defects_.bad_blocks = {kBlock};
  defects_.said_bytes = 9 * kBlock;
  std::string expected(3 * kBlock - 99, 'x');
  expected[0] = '\0';  // the last byte of the bad block
  EXPECT_EQ(read(2 * kBlock - 1, 6 * kBlock), expected);
}

}  // namespace
}  // namespace rheon::log::files::testing
