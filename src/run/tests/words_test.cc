// What people read: figures, tables, the live line, exit codes, guarantees.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run/exit_code.h"
#include "run/figures.h"
#include "run/guarantees.h"
#include "run/live_line.h"
#include "run/show.h"
#include "run/table.h"
#include "run/trace_file.h"

namespace rheon::run {
namespace {

using ::testing::HasSubstr;

TEST(Figures, are_short) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(248'019'113), "248,019,113");
  EXPECT_EQ(in_thousands(17), "17");
  EXPECT_EQ(in_thousands(12'400'000), "12.4 M");
  EXPECT_EQ(in_thousands(980'000), "980 k");
  EXPECT_EQ(in_thousands(999'999), "1.0 M");
  EXPECT_EQ(as_size(38'000'000), "38.0 MB");
  EXPECT_EQ(as_size(80), "80 B");
  EXPECT_EQ(as_time(870), "870 us");
  EXPECT_EQ(as_time(1'500), "1.5 ms");
  EXPECT_EQ(as_time(11'000), "11 ms");
  EXPECT_EQ(as_time(20'100'000), "20.1 s");
}

TEST(Table, puts_numbers_to_the_right) {
  Table table({"name", "n"});
  table.add({"a", "5"});
  table.add({"bcd", "1,234"});
  EXPECT_EQ(table.text(), "name      n\na         5\nbcd   1,234\n");
}

TEST(LiveLine, shows_what_happens) {
  Figures figures;
  figures.job = "wordcount";
  figures.stats.records_in = 1000;
  figures.stats.records_out = 5000;
  figures.stats.epoch = Epoch{1204};
  figures.stats.commit_micros = 11'000;
  figures.stats.state_keys = 17'906;
  figures.stats.state_bytes = 1'100'000;
  figures.stats.shards = 2;
  figures.records_per_second = 12.4e6;
  figures.resident_bytes = 38'000'000;
  EXPECT_EQ(live_line(figures),
            "wordcount  12.4 M/s  in 1,000  out 5,000  epoch 1,204 (11 ms)  state 1.1 MB / 17,906 "
            "keys  rss "
            "38.0 MB  shards 2");
  figures.quarantined = 1234;
  EXPECT_THAT(live_line(figures), HasSubstr("shards 2  quarantined 1,234"));
  figures.quarantined = 0;
  figures.stats.commit_share = 0.123;
  figures.stats.waiting = "the log";
  EXPECT_THAT(live_line(figures), HasSubstr("shards 2  COMMITS TAKE 12 %  WAITS"));
}

TEST(Rate, looks_at_the_last_seconds) {
  Rate rate;
  EXPECT_EQ(rate.per_second(), 0);
  for (int tenth = 0; tenth <= 100; ++tenth) {
    rate.add(std::chrono::milliseconds{100 * tenth},
             static_cast<std::uint64_t>(tenth < 50 ? 0 : (tenth - 50) * 100));
  }
  EXPECT_DOUBLE_EQ(rate.per_second(), 1000);
}

TEST(ExitCode, is_two_for_input_and_three_for_refusals) {
  EXPECT_EQ(exit_code(ErrorCode::kInvalidInput), ExitCode::kBadInput);
  EXPECT_EQ(exit_code(ErrorCode::kNotFound), ExitCode::kBadInput);
  EXPECT_EQ(exit_code(ErrorCode::kRefused), ExitCode::kRefused);
  EXPECT_EQ(exit_code(ErrorCode::kCorrupt), ExitCode::kRefused);
  EXPECT_EQ(exit_code(ErrorCode::kIo), ExitCode::kFailed);
  EXPECT_EQ(exit_code(ErrorCode::kNoSpace), ExitCode::kFailed);
  EXPECT_EQ(exit_code(ErrorCode::kClosed), ExitCode::kFailed);
}

graph::Graph graph_with(const std::string& source, const std::string& sink) {
  graph::Graph graph;
  graph.job = "j";
  graph.nodes.resize(2);
  graph.nodes[0].name = "in";
  graph.nodes[0].kind = graph::NodeKind::kSource;
  graph.nodes[0].operation = "standard input";
  graph.nodes[0].guarantee = source;
  graph.nodes[1].name = "out";
  graph.nodes[1].kind = graph::NodeKind::kSink;
  graph.nodes[1].operation = "standard output";
  graph.nodes[1].guarantee = sink;
  return graph;
}

TEST(Guarantees, a_weak_sink_is_refused_only_when_more_was_asked_for) {
  const graph::Graph graph = graph_with("exactly-once", "at-least-once");
  EXPECT_TRUE(check_guarantees(graph, GuaranteeWish::kBest));
  EXPECT_TRUE(check_guarantees(graph, GuaranteeWish::kAtLeastOnce));
  const Status strict = check_guarantees(graph, GuaranteeWish::kExactlyOnce);
  ASSERT_FALSE(strict);
  EXPECT_EQ(strict.error().code, ErrorCode::kRefused);
  EXPECT_THAT(strict.error().message, HasSubstr("sink 'out' (standard output) is at-least-once"));
  EXPECT_EQ(guarantee_lines(graph, GuaranteeWish::kBest).size(), 1u);
}

TEST(Guarantees, a_source_that_cannot_be_read_again_needs_consent) {
  const graph::Graph graph = graph_with("at-most-once", "exactly-once");
  EXPECT_TRUE(check_guarantees(graph, GuaranteeWish::kAtLeastOnce));
  const Status status = check_guarantees(graph, GuaranteeWish::kBest);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("--guarantee at-least-once"));
  EXPECT_EQ(guarantee_lines(graph, GuaranteeWish::kBest).size(), 2u);
}

TEST(Guarantees, a_transaction_is_given_up_when_less_was_asked_for) {
  graph::Graph graph = graph_with("exactly-once", "exactly-once");
  graph.nodes[1].by_transaction = true;
  EXPECT_THAT(guarantee_lines(graph, GuaranteeWish::kBest).at(0), HasSubstr(": exactly-once"));
  EXPECT_THAT(guarantee_lines(graph, GuaranteeWish::kAtLeastOnce).at(0),
              HasSubstr(": at-least-once: a crash may write some records again"));
  graph.nodes[1].by_transaction = false;
  EXPECT_THAT(guarantee_lines(graph, GuaranteeWish::kAtLeastOnce).at(0),
              HasSubstr(": exactly-once"));
}

TEST(Show, an_imbalance_cannot_be_overlooked) {
  const Result<std::string> shown = show_ledger(
      R"({"job":"j","balanced":false,"operators":[{"name":"a","in":3,"emitted":2,"dropped/no output":1,)"
      R"("imbalance":"operator 'a' took 3."}],"edges":[{"name":"a->b.0","sent":2,"received":2}]})");
  ASSERT_TRUE(shown);
  EXPECT_THAT(*shown, HasSubstr("THE LEDGER DOES NOT BALANCE: operator 'a' took 3."));
  EXPECT_THAT(*shown, HasSubstr("1 (no output)"));
  EXPECT_THAT(*shown, HasSubstr("a->b.0     2         2            0  ok"));
}

TEST(Show, an_answer_of_another_version_is_a_sentence) {
  for (const char* answer :
       {R"({"operators":7})", R"({"operators":[{"name":7}]})", R"({"edges":[7]})"}) {
    const Result<std::string> shown = show_ledger(answer);
    ASSERT_FALSE(shown) << answer;
    EXPECT_THAT(shown.error().message, HasSubstr("is not one this program knows"));
  }
  EXPECT_FALSE(show_status(R"({"running":"yes"})"));
  EXPECT_FALSE(show_status("[]"));
  for (const char* number : {"2.5", "2e60", "-1", "null"}) {
    EXPECT_FALSE(show_status(fmt::format(R"({{"running":false,"epoch":{}}})", number))) << number;
  }
  EXPECT_FALSE(show_states(R"({"states":[{"operator":"o","kind":0}]})"));
  EXPECT_FALSE(show_scaled(R"({"running":true,"shards":"two"})", 2));
}

TEST(TraceFile, writes_what_collectors_read) {
  observe::Span span;
  span.context = {1, 2, 3};
  span.parent = 4;
  span.name = "words";
  span.start_nanos = 5;
  span.end_nanos = 6;
  EXPECT_EQ(
      to_otlp("j", {span}),
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":)"
      R"({"stringValue":"j"}}]},"scopeSpans":[{"scope":{"name":"rheon","version":")" RHEON_VERSION
      R"("},"spans":[{"traceId":"00000000000000010000000000000002","spanId":"0000000000000003",)"
      R"("parentSpanId":"0000000000000004","name":"words","kind":1,"startTimeUnixNano":"5",)"
      R"("endTimeUnixNano":"6"}]}]}]})"
      "\n");
  span.links = {{1, 7, 8}};
  EXPECT_THAT(to_otlp("j", {span}),
              HasSubstr(R"("links":[{"traceId":"00000000000000010000000000000007",)"
                        R"("spanId":"0000000000000008"}])"));
}

}  // namespace
}  // namespace rheon::run
