#include "engine/decider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rheon::engine {
namespace {

using ::testing::HasSubstr;

constexpr log::Id kUid{1, 2};
constexpr log::Id kLineage{3, 4};
constexpr log::Id kEarlier{5, 6};

Decision decision(std::uint64_t epoch, std::uint64_t token, log::Id lineage = kLineage) {
  return {kUid, lineage, Epoch{epoch}, token};
}

Status check(const std::optional<Decision>& outside, const std::optional<Decision>& log) {
  const log::Identity identity{"job", kUid, kLineage, kDefaultKeyGroups};
  return check_one_history(identity, outside, log, "topic 'job.commit'");
}

void expect_refused(const std::optional<Decision>& outside, const std::optional<Decision>& log,
                    const std::string& words) {
  const Status status = check(outside, log);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kRefused);
  EXPECT_THAT(status.error().message, HasSubstr(words));
}

TEST(Decision, IsStored) {
  const Decision one{{1, UINT64_MAX}, {3, 4}, Epoch{5}, 6, 7};
  const std::string bytes = encode(one);
  EXPECT_EQ(decode_decision(bytes), one);
  EXPECT_EQ(decode_decision(bytes.substr(1)), std::nullopt);
  EXPECT_EQ(decode_decision(bytes + "x"), std::nullopt);
}

TEST(Counts, TellsFromWhatStandsOutside) {
  Decision prepared = decision(8, 20);
  prepared.after = 19;
  EXPECT_TRUE(*counts(prepared, prepared, "the topic"));
  EXPECT_FALSE(*counts(prepared, decision(7, 19), "the topic"));
  prepared.after = 0;
  EXPECT_FALSE(*counts(prepared, {}, "the topic")) << "the first one";
}

TEST(Counts, IsNotGuessed) {
  Decision prepared = decision(8, 20);
  prepared.after = 19;
  const auto refusal = [&](const std::optional<Decision>& outside) {
    const auto answer = counts(prepared, outside, "the topic");
    EXPECT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
    return answer.error().message;
  };
  EXPECT_THAT(refusal({}), HasSubstr("holds no decision any more"));
  EXPECT_THAT(refusal(decision(9, 21)), HasSubstr("says that epoch 9 was decided last"));
  EXPECT_THAT(refusal(decision(8, 21)), HasSubstr("another history"));
  EXPECT_THAT(refusal(decision(6, 18)), HasSubstr("`rheon log salvage`"));
}

TEST(OneHistory, IsThatOfAJobThatGoesOn) {
  EXPECT_TRUE(check({}, {}).has_value());
  EXPECT_TRUE(check(decision(7, 1), decision(7, 1)).has_value());
}

TEST(OneHistory, BeginsAnewWhenAPersonSaysSo) {
  EXPECT_TRUE(check(decision(7, 1, kEarlier), {}).has_value()) << "reset";
  EXPECT_TRUE(check(decision(7, 1, kEarlier), decision(5, 9, kEarlier)).has_value()) << "adopt";
  EXPECT_TRUE(check({}, decision(5, 9, kEarlier)).has_value()) << "adopt, without the topic";
}

TEST(OneHistory, IsNotThatOfACopy) {
  expect_refused(decision(8, 2), decision(7, 1), "epoch 8 was decided last");
  expect_refused(decision(7, 2), decision(7, 1), "it is a copy or comes from a backup");
  expect_refused(decision(8, 2), {}, "this data directory knows of none");
  expect_refused(decision(9, 3, kEarlier), decision(7, 1), "it is a copy");
}

TEST(OneHistory, IsNotThatOfAnotherJob) {
  Decision foreign = decision(7, 1);
  foreign.uid = {9, 9};
  expect_refused(foreign, {}, "another job of the name 'job'");
  expect_refused(foreign, decision(7, 1), "another job of the name 'job'");
}

TEST(OneHistory, IsBehindWhenTheTopicHasLostRecords) {
  expect_refused(decision(6, 1), decision(7, 2), "the topic has lost records");
}

TEST(OneHistory, IsMissedWhenItIsGoneOutside) {
  expect_refused({}, decision(7, 1), "holds no decision any more");
}

}  // namespace
}  // namespace rheon::engine
