#include "connect/files/file_position.h"

#include <gtest/gtest.h>

#include "env/fake/fake_env.h"
#include "env/forwarding_files.h"

namespace rheon::connect::files {
namespace {

/// A file on a block that cannot be read.
class BadFile final : public env::ForwardingFile {
 public:
  using ForwardingFile::ForwardingFile;
  Result<std::size_t> read_at(std::uint64_t, std::span<std::byte>) override {
    return fail(ErrorCode::kIo, "a bad block");
  }
};

TEST(FilePosition, HasTheBytesOfItsPage) {
  FilePosition position;
  position.offset = 300;
  position.identity = identify(77, "hello");
  position.ended = true;
  position.path = "logs/a";
  const std::string bytes = encode(position);
  std::string hex;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  EXPECT_EQ(hex,
            "0101"
            "ac02"
            "4d"
            "05fddc625c55e85595"
            "066c6f67732f61");
  EXPECT_EQ(*decode_position(bytes), position);
}

TEST(FilePosition, ThatIsBrokenIsRefused) {
  const std::string bytes = encode(FilePosition{});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_position(bytes.substr(0, size)));
  }
  EXPECT_FALSE(decode_position(bytes + "x"));
}

TEST(FileIdentity, IsOfInodeAndFirstBytes) {
  const FileIdentity identity = identify(7, "abc");
  EXPECT_TRUE(matches(identity, 7, "abcdef"));
  EXPECT_FALSE(matches(identity, 8, "abcdef"));
  EXPECT_FALSE(matches(identity, 7, "abd"));
  EXPECT_FALSE(matches(identity, 7, "ab"));
}

TEST(FileHead, IsWhatIsThereOrSaysWhyItCannotBeRead) {
  env::fake::FakeEnv env;
  ASSERT_TRUE(env::replace_whole(env.files(), "a.txt", "short"));
  auto file = *env.files().open("a.txt", env::OpenMode::kRead);
  EXPECT_EQ(*read_head(*file), "short");
  BadFile bad(std::move(file));
  const auto head = read_head(bad);
  ASSERT_FALSE(head.has_value());
  EXPECT_EQ(head.error().code, ErrorCode::kIo);
  EXPECT_EQ(head.error().message, "a bad block");
}

}  // namespace
}  // namespace rheon::connect::files
