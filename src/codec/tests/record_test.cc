#include "codec/record.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/stream_batch.h"

namespace rheon::codec {
namespace {

TEST(Record, ShowsWhatStandsWithinIt) {
  const std::string bytes = "to be or not";
  const std::string_view whole(bytes);
  const std::string_view be = whole.substr(3, 2);
  EXPECT_TRUE(shows(be, be));
  EXPECT_TRUE(shows(be, be.substr(1)));
  EXPECT_FALSE(shows(be, whole.substr(0, 2))) << "before it";
  EXPECT_FALSE(shows(be, whole.substr(4, 2))) << "beyond its end";
  EXPECT_FALSE(shows(be, whole.substr(8))) << "behind it";
}

TEST(StreamMarksAndTraces, AreEqualWhenAllOfThemIs) {
  const StreamMarks marks{1, 2, EventTime{3}, false};
  EXPECT_EQ(marks, marks);
  EXPECT_FALSE((marks == StreamMarks{0, 2, EventTime{3}, false}));
  EXPECT_FALSE((marks == StreamMarks{1, 0, EventTime{3}, false}));
  EXPECT_FALSE((marks == StreamMarks{1, 2, EventTime{0}, false}));
  EXPECT_FALSE((marks == StreamMarks{1, 2, EventTime{3}, true}));
  const StreamTrace trace{1, 2, 3, 4};
  EXPECT_EQ(trace, trace);
  EXPECT_FALSE((trace == StreamTrace{0, 2, 3, 4}));
  EXPECT_FALSE((trace == StreamTrace{1, 0, 3, 4}));
  EXPECT_FALSE((trace == StreamTrace{1, 2, 0, 4}));
  EXPECT_FALSE((trace == StreamTrace{1, 2, 3, 0}));
}

}  // namespace
}  // namespace rheon::codec
