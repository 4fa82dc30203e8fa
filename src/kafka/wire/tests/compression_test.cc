#include "kafka/wire/compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "kafka/tests/samples.h"

namespace rheon::kafka::wire {
namespace {

using testing::sample;

constexpr std::size_t kMost = 1 << 20;

struct Codec {
  const char* name;
  Compression compression;
};

class CompressionTest : public ::testing::TestWithParam<Codec> {
 protected:
  Status decompress(std::string_view bytes, std::size_t most = kMost) {
    return wire::decompress(static_cast<std::uint8_t>(GetParam().compression), bytes, out_, most);
  }
  std::string compressed(std::string_view records) {
    std::string bytes;
    compress(GetParam().compression, records, bytes);
    return bytes;
  }

  std::string out_;
};

std::string payload(const std::string& name) {
  RecordBatches batches(sample(name));
  const auto batch = batches.next();
  EXPECT_TRUE(batch && batch->has_value());
  return std::string((*batch)->payload);
}

std::string text(std::size_t size) {
  std::mt19937 random(1);
  std::string text;
  while (text.size() < size) {
    text += std::to_string(random() % 1000) + " ";
  }
  return text;
}

TEST_P(CompressionTest, OfKafkasClassesIsUndone) {
  const std::string bytes = payload(std::string("batch-") + GetParam().name);
  const Status done = decompress(bytes);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(out_, payload("batch"));
}

TEST_P(CompressionTest, ComesBack) {
  for (const std::size_t size : {0, 1, 1'000, 100'000, 1'000'000}) {
    const std::string records = text(size);
    ASSERT_TRUE(decompress(compressed(records), 2 * kMost)) << size;
    EXPECT_EQ(out_, records);
    if (size >= 1'000) {
      EXPECT_LT(compressed(records).size(), records.size());
    }
  }
}

TEST_P(CompressionTest, OfTooMuchIsRefused) {
  const std::string bytes = compressed(text(100'000));
  const Status refused = decompress(bytes, 50'000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("more than 50000 bytes"));
}

TEST_P(CompressionTest, ThatIsCutOffIsCorrupt) {
  const std::string bytes = compressed(text(1'000));
  // Behind the header alone blocks of snappy are an empty batch.
  const std::size_t first = GetParam().compression == Compression::kSnappy ? 17 : 0;
  for (std::size_t size = first; size < bytes.size(); ++size) {
    const Status cut = decompress(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
  }
}

TEST_P(CompressionTest, OfWhateverBytesEndsAndStaysWithinItsBounds) {
  const std::string bytes = compressed(text(300));
  std::mt19937 random(2);
  for (int i = 0; i < 5'000; ++i) {
    std::string changed = bytes;
    for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
      changed[random() % changed.size()] = static_cast<char>(random());
    }
    static_cast<void>(decompress(changed, 10'000));
    EXPECT_LE(out_.size(), 10'000u);
  }
}

INSTANTIATE_TEST_SUITE_P(Codecs, CompressionTest,
                         ::testing::Values(Codec{"gzip", Compression::kGzip},
                                           Codec{"snappy", Compression::kSnappy},
                                           Codec{"lz4", Compression::kLz4},
                                           Codec{"zstd", Compression::kZstd}),
                         [](const auto& codec) { return std::string(codec.param.name); });

TEST(Compression, OfAnUnknownKindIsNamed) {
  std::string out;
  const Status unknown = decompress(7, "x", out, kMost);
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, ::testing::HasSubstr("number 7"));
}

TEST(Compression, OfNoneIsACopy) {
  std::string out;
  ASSERT_TRUE(decompress(0, "records", out, kMost));
  EXPECT_EQ(out, "records");
  EXPECT_FALSE(decompress(0, "records", out, 3));
}

TEST(Compression, OfSnappyTakesNoMemoryForWhatCannotCome) {
  const std::string claims_200_million{"\x80\x84\xaf\x5f\x00x", 6};
  std::string out;
  const Status status = decompress(2, claims_200_million, out, 256 << 20);
  ASSERT_FALSE(status.has_value());
  EXPECT_LT(out.capacity(), std::size_t{1} << 20);
}

TEST(Compression, OfSnappyIsUndoneWhereItSavesMost) {
  const std::string same(1 << 20, 'a');
  std::string small;
  compress(Compression::kSnappy, same, small);
  std::string out;
  ASSERT_TRUE(decompress(2, small, out, 1 << 20).has_value());
  EXPECT_EQ(out, same);
}

TEST(Compression, OfSnappyWithoutAFrameIsUndoneToo) {
  std::string framed;
  compress(Compression::kSnappy, "records", framed);
  std::string out;
  constexpr std::size_t kBlock = 16 + 4;
  ASSERT_TRUE(decompress(2, std::string_view(framed).substr(kBlock), out, kMost));
  EXPECT_EQ(out, "records");
}

}  // namespace
}  // namespace rheon::kafka::wire
