#include "engine/origins.h"

#include <gtest/gtest.h>

namespace rheon::engine {
namespace {

const SourcePlace kA{"lines", "a.txt"};
const SourcePlace kB{"lines", "b.txt"};
const SourcePlace kC{"others", "c.txt"};
const SourcePlace kD{"others", "d.txt"};

Origins from(const SourcePlace& place, std::optional<std::uint64_t> offset) {
  return {place, offset};
}

TEST(OriginsTest, OnePartitionIsNamedWithTheLeastOffset) {
  Origins origins;
  EXPECT_EQ(origins.text(), "a timer, which has no place in the input");
  origins.add(from(kA, 20));
  origins.add(from(kA, 30));
  EXPECT_EQ(origins.text(), "source 'lines', at or behind a.txt:20");
  origins.add(from(kA, 10));
  EXPECT_EQ(origins.text(), "source 'lines', at or behind a.txt:10");
}

TEST(OriginsTest, SeveralPartitionsAreNamedWhateverTheirOrder) {
  Origins origins = from(kA, 20);
  origins.add(from(kB, std::nullopt));
  origins.add(from(kA, 10));
  origins.add(from(kB, std::nullopt));
  EXPECT_EQ(origins.text(), "source 'lines', at or behind a.txt:10 or source 'lines', b.txt");
}

TEST(OriginsTest, OfManyPartitionsTheFirstFewAreNamed) {
  Origins origins = from(kA, 1);
  Origins more = from(kB, 2);
  more.add(from(kC, 3));
  origins.add(more);
  EXPECT_EQ(origins.text(),
            "source 'lines', at or behind a.txt:1 or source 'lines', at or behind b.txt:2 or "
            "source 'others', at or behind c.txt:3");
  origins.add(from(kD, 4));
  EXPECT_TRUE(origins.text().ends_with("c.txt:3 or others")) << origins.text();
  Origins joined = from(kD, 4);
  joined.add(origins);
  EXPECT_TRUE(joined.text().ends_with("b.txt:2 or others")) << joined.text();
}

TEST(OriginsTest, RecordsOfTimersMayBeAmongThem) {
  Origins timers;
  timers.add_timers();
  for (Origins origins : {from(kA, 1), timers}) {
    origins.add(timers);
    origins.add(from(kA, 1));
    EXPECT_EQ(origins.text(),
              "source 'lines', at or behind a.txt:1 or a timer, which has no place in the input");
  }
}

TEST(OriginsTest, NothingIsLeftOfABatchThatIsUsedAgain) {
  Origins origins = from(kA, 1);
  origins.add(from(kB, 1));
  origins.add(from(kC, 1));
  origins.add(from(kD, 1));
  origins.add_timers();
  origins.clear();
  EXPECT_EQ(origins.text(), Origins().text());
  origins.add(from(kD, 7));
  EXPECT_EQ(origins.text(), "source 'others', at or behind d.txt:7");
}

}  // namespace
}  // namespace rheon::engine
