#include "run/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/job.h"
#include "api/parameters.h"
#include "codec/delta.h"
#include "connect/console/lines.h"
#include "connect/discard/discard.h"
#include "env/fake/fake_env.h"
#include "operators/operator.h"

namespace rheon::run {
namespace {

using ::testing::HasSubstr;

struct TwoStates : KeyedOperator<std::string_view, std::string_view, std::string_view> {
  Value<std::uint64_t> first{*this, "first", unbounded()};
  Value<std::uint64_t> second{*this, "second", ttl(std::chrono::hours{2})};
  Value<std::uint64_t> third{*this, "third", processing_time_ttl(std::chrono::hours{3})};
  Timer timer{*this, "timer"};
  void process(std::string_view line, Context& ctx) { ctx.emit(line); }
  void on_timer(const Timer&, Context&) {}
};

void job_with_states(Job& job) {
  job.from("lines", console::lines())
      .key_by([](std::string_view line) { return line; })
      .process<TwoStates>("two")
      .to("out", discard::all());
}
void job_with_numbers(Job& job) {
  job.from("lines", console::lines())
      .key_by([](std::string_view line) { return std::uint64_t{line.size()}; })
      .aggregate("counts", count(), unbounded())
      .to("out", discard::all());
}
void job_without_state(Job& job) { job.from("lines", console::lines()).to("out", discard::all()); }

class FakeView final : public JobView {
 public:
  explicit FakeView(void (*describe)(Job&)) {
    Job job("job", Parameters({}, /*complete=*/true));
    describe(job);
    plan_ = engine::make_plan(*job.finish());
    std::vector<log::FactChange> changes;
    catalog_ = *engine::Catalog::make(plan_, {}, 0, changes);
  }
  [[nodiscard]] bool running() const override { return true; }
  [[nodiscard]] const engine::Plan& plan() const override { return plan_; }
  [[nodiscard]] const engine::Catalog& catalog() const override { return catalog_; }
  [[nodiscard]] Result<engine::WorkerStats> stats() override { return or_broken("stats", stats_); }
  [[nodiscard]] Result<engine::Ledger> ledger() override { return or_broken("ledger", ledger_); }
  [[nodiscard]] Result<std::string> entry(const engine::Catalog::Place&,
                                          const std::string&) override {
    return or_broken("entry", entry_);
  }
  [[nodiscard]] Result<StateSize> size(const engine::Catalog::Place&) override {
    return or_broken("size", StateSize{3, 200});
  }
  [[nodiscard]] Status scale(std::uint32_t shards) override {
    RHEON_ASSIGN(shards_, or_broken("scale", shards));
    return {};
  }

  template <class T>
  [[nodiscard]] Result<T> or_broken(const std::string& what, T value) const {
    return what == broken_ ? Result<T>(fail(ErrorCode::kIo, "the disk is gone"))
                           : Result<T>(std::move(value));
  }

  engine::Plan plan_;
  engine::Catalog catalog_;
  std::string broken_;  // which of these fails
  std::string entry_;
  engine::WorkerStats stats_;
  engine::Ledger ledger_;
  std::uint32_t shards_ = 0;
};

class Answers : public ::testing::Test {
 protected:
  nlohmann::json ask(const Question& question) {
    return nlohmann::json::parse(answer(env_, view_, question));
  }
  std::string refusal(const Question& question) {
    const auto opened = open_answer(answer(env_, view_, question));
    return opened.has_value() ? "" : opened.error().message;
  }
  env::fake::FakeEnv env_;
  FakeView view_{job_with_states};
};

TEST_F(Answers, StatusSaysForWhatCommitsWait) {
  EXPECT_FALSE(ask({.ask = "status"}).contains("waiting"));
  view_.stats_.waiting = "the disk is slow";
  EXPECT_EQ(ask({.ask = "status"})["waiting"], "the disk is slow");
}

TEST_F(Answers, StatusNamesThePartitionThatHoldsTheWatermark) {
  EXPECT_EQ(ask({.ask = "status"})["sources"], nlohmann::json::array());
  view_.stats_.sources["lines"] = {3, false, false, EventTime{1'704'067'200'000'000}, "b.txt"};
  auto source = ask({.ask = "status"})["sources"][0];
  EXPECT_EQ(source["name"], "lines");
  EXPECT_EQ(source["partitions"], 3);
  EXPECT_EQ(source["held_by"], "b.txt");
  EXPECT_EQ(source["watermark"], "2024-01-01T00:00:00.000000Z");
  view_.stats_.sources["lines"] = {1, false, false, EventTime::min(), "b.txt"};
  source = ask({.ask = "status"})["sources"][0];
  EXPECT_EQ(source["held_by"], "b.txt");
  EXPECT_FALSE(source.contains("watermark")) << "there is none yet";
  view_.stats_.sources["lines"] = {1, false, true, EventTime{5}, "b.txt"};
  source = ask({.ask = "status"})["sources"][0];
  EXPECT_EQ(source["idle"], true);
  EXPECT_FALSE(source.contains("held_by"));
  view_.stats_.sources["lines"] = {1, true, true, EventTime{5}, "b.txt"};
  EXPECT_EQ(ask({.ask = "status"})["sources"][0]["ended"], true);
}

TEST_F(Answers, TheLedgerShowsWhatKeyByHasSentToQuarantine) {
  view_.ledger_.set("edge/lines->two.0/sent", 7);
  view_.ledger_.set("edge/lines->two.0/received", 7);
  view_.ledger_.set("edge/lines->two.0/quarantined", 2);
  const auto ledger = ask({.ask = "ledger"});
  EXPECT_TRUE(ledger["balanced"]);
  EXPECT_EQ(ledger["edges"][0]["sent"], 7);
  EXPECT_EQ(ledger["edges"][0]["quarantined"], 2);
}

TEST_F(Answers, TheLedgerNamesWhatDoesNotAddUp) {
  view_.ledger_.set("operator/two/in", 7);
  view_.ledger_.set("operator/two/emitted", 6);
  view_.ledger_.set("edge/lines -> two/sent", 8);
  view_.ledger_.set("edge/lines -> two/received", 7);
  view_.ledger_.set("edge/two -> out/sent", 6);
  view_.ledger_.set("edge/two -> out/received", 6);
  view_.ledger_.set("forecast", 1);  // of a later version
  const auto ledger = ask({.ask = "ledger"});
  EXPECT_FALSE(ledger["balanced"]);
  EXPECT_EQ(ledger["operators"][1]["name"], "two");
  EXPECT_EQ(ledger["operators"][1]["in"], 7);
  EXPECT_TRUE(ledger["operators"][1].contains("imbalance"));
  EXPECT_FALSE(ledger["operators"][0].contains("imbalance"));
  EXPECT_EQ(ledger["edges"][0]["sent"], 8);
  EXPECT_EQ(ledger["edges"][0]["received"], 7);
  EXPECT_TRUE(ledger["edges"][0].contains("imbalance"));
  EXPECT_EQ(ledger["edges"][1]["name"], "two -> out");
  EXPECT_FALSE(ledger["edges"][1].contains("imbalance"));
}

TEST_F(Answers, StatesHaveTheirLifetimes) {
  const auto states = ask({.ask = "states"})["states"];
  std::map<std::string, std::string> lifetimes;
  for (const auto& state : states) {
    lifetimes[state["state"]] = state["lifetime"];
    EXPECT_EQ(state["keys"], 3);
  }
  EXPECT_EQ(lifetimes["first"], "unbounded");
  EXPECT_EQ(lifetimes["second"], "ttl 2h");
  EXPECT_EQ(lifetimes["third"], "processing-time ttl 3h");
}

TEST_F(Answers, AStateIsFoundByItsNameOrSaidToBeMissing) {
  EXPECT_FALSE(ask({.ask = "state", .address = "two.first", .key = "key"})["found"]);
  EXPECT_THAT(refusal({.ask = "state", .address = "two", .key = "key"}),
              HasSubstr("there is more than one state 'two'"));
  EXPECT_THAT(refusal({.ask = "state", .address = "three", .key = "key"}),
              HasSubstr("there is no state 'three'. There are: two.first, two.second, two.third"));
  FakeView none(job_without_state);
  EXPECT_THAT(answer(env_, none, {.ask = "state", .address = "two", .key = "key"}),
              HasSubstr("keeps no state"));
}

TEST_F(Answers, TheStateOfAKeyIsShown) {
  codec::DeltaWriter entry;
  entry.begin_section(StateId{1}, KeyGroup{0});
  entry.put("key", "\x07");
  view_.entry_ = entry.take();
  const auto state = ask({.ask = "state", .address = "two.first", .key = "key"});
  EXPECT_EQ(state["found"], true);
  EXPECT_EQ(state["value"], 7);
  EXPECT_TRUE(state["epoch"].is_number_unsigned());
  EXPECT_TRUE(state["running"].is_boolean());
}

TEST_F(Answers, PassOnWhyTheJobCannotTell) {
  const std::pair<const char*, Question> cases[] = {
      {"stats", {.ask = "status"}},
      {"ledger", {.ask = "status"}},
      {"ledger", {.ask = "ledger"}},
      {"size", {.ask = "states"}},
      {"scale", {.ask = "scale", .shards = 3}},
      {"entry", {.ask = "state", .address = "two.first", .key = "key"}},
      {"stats", {.ask = "state", .address = "two.first", .key = "key"}}};
  for (const auto& [what, question] : cases) {
    EXPECT_EQ(refusal(question), "");
    view_.broken_ = what;
    EXPECT_EQ(refusal(question), "the disk is gone") << what;
    view_.broken_.clear();
  }
  view_.entry_ = "\xff";
  EXPECT_NE(refusal({.ask = "state", .address = "two.first", .key = "key"}), "");
}

TEST_F(Answers, AKeyIsOneOfTheStatesType) {
  FakeView numbers(job_with_numbers);
  EXPECT_THAT(answer(env_, numbers, {.ask = "state", .address = "counts", .key = "7"}),
              HasSubstr("\"found\":false"));
  EXPECT_THAT(answer(env_, numbers, {.ask = "state", .address = "counts", .key = "seven"}),
              HasSubstr("seven"));
}

TEST_F(Answers, TheLedgerMayHoldEdgesOnly) {
  view_.ledger_.set("edge/lines -> two/sent", 8);
  EXPECT_EQ(ask({.ask = "ledger"})["edges"][0]["sent"], 8);
}

TEST_F(Answers, ScaleKnowsHowFarItGoes) {
  EXPECT_EQ(ask({.ask = "scale", .shards = 3})["shards_wanted"], 3);
  EXPECT_EQ(view_.shards_, 3u);
  EXPECT_THAT(refusal({.ask = "scale"}), HasSubstr("1 to 1024 shards, not on 0"));
  EXPECT_THAT(refusal({.ask = "scale", .shards = 1025}), HasSubstr("not on 1025"));
  EXPECT_EQ(view_.shards_, 3u);
}

TEST_F(Answers, AreGivenByTheJobThatIsAskedOnly) {
  EXPECT_EQ(ask({.ask = "status", .job = "job"})["job"], "job");
  EXPECT_THAT(refusal({.ask = "status", .job = "other"}),
              HasSubstr("job 'job' runs there, not 'other'"));
}

TEST_F(Answers, NothingIsDoneThatNobodyWaitsForAnyMore) {
  const std::int64_t now = env_.clock().wall().micros;
  EXPECT_THAT(refusal({.ask = "scale", .shards = 3, .until_micros = now - 1}),
              HasSubstr("ask again"));
  EXPECT_EQ(view_.shards_, 0u);
  EXPECT_EQ(ask({.ask = "scale", .shards = 3, .until_micros = now})["shards_wanted"], 3);
}

TEST_F(Answers, WhatNobodyKnowsIsSaidToBeUnknown) {
  EXPECT_THAT(refusal({.ask = "weather"}), HasSubstr("no question 'weather'"));
}

TEST(Questions, AreReadAsTheyWereWritten) {
  const Question question{.ask = "state",
                          .address = "two.first",
                          .key = "key",
                          .shards = 4,
                          .job = "job",
                          .until_micros = 1'700'000'000'000};
  const auto read = question_of(to_json(question));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->ask, question.ask);
  EXPECT_EQ(read->address, question.address);
  EXPECT_EQ(read->key, question.key);
  EXPECT_EQ(read->shards, question.shards);
  EXPECT_EQ(read->job, question.job);
  EXPECT_EQ(read->until_micros, question.until_micros);
  EXPECT_EQ(question_of(to_json({.ask = "status"}))->shards, 0u);
}

TEST(Questions, AreObjectsThatAsk) {
  for (const char* wrong : {"", "[]", "7", "{", "{}", R"({"ask":7})", R"({"ask":""})"}) {
    EXPECT_FALSE(question_of(wrong).has_value()) << wrong;
  }
  for (const char* shards : {R"("many")", "2.5", "-1", "4294967297", "null"}) {
    const auto read = question_of(std::string(R"({"ask":"scale","shards":)") + shards + "}");
    EXPECT_FALSE(read.has_value()) << shards;
  }
  EXPECT_FALSE(question_of(R"({"ask":"status","job":7})"));
  for (const char* until : {R"("noon")", "2.5", "null", "-1", "18446744073709551615"}) {
    EXPECT_FALSE(question_of(std::string(R"({"ask":"scale","until_micros":)") + until + "}"))
        << until;
  }
}

TEST(OpenedAnswers, CarryTheErrorThatTheyHold) {
  const auto code = [](const std::string& text) { return open_answer(text).error().code; };
  for (const ErrorCode sent :
       {ErrorCode::kInvalidInput, ErrorCode::kRefused, ErrorCode::kNotFound, ErrorCode::kNoSpace,
        ErrorCode::kIo, ErrorCode::kClosed, ErrorCode::kCorrupt, ErrorCode::kInternal}) {
    const auto opened = open_answer(error_answer({sent, "a sentence"}));
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, sent);
    EXPECT_EQ(opened.error().message, "a sentence");
  }
  EXPECT_EQ(code("not JSON"), ErrorCode::kInternal);
  EXPECT_EQ(code("[]"), ErrorCode::kInternal);
  for (const char* odd : {R"({"error":7})", R"({"error":{}})", R"({"error":{"message":7}})"}) {
    EXPECT_EQ(open_answer(odd).error().message, "the running job reports an error.") << odd;
  }
  EXPECT_EQ(*open_answer(R"({"job":"a"})"), R"({"job":"a"})");
}

}  // namespace
}  // namespace rheon::run
