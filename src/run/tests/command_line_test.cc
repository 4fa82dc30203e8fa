#include "run/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rheon::run {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<Parameter> kDeclared{{"input", "glob of text files", "text", std::nullopt},
                                       {"limit", "how many", "number", "10"},
                                       {"follow", "keep reading", "yes/no", "no"}};

Result<CommandLine> parse(const Arguments& arguments) {
  return parse_command_line("wordcount", kDeclared, arguments);
}
CommandLine good(const Arguments& arguments) {
  Result<CommandLine> line = parse(arguments);
  EXPECT_TRUE(line.has_value()) << line.error().message;
  return line.value_or(CommandLine{});
}
std::string sentence(const Arguments& arguments) {
  const Result<CommandLine> line = parse(arguments);
  EXPECT_FALSE(line.has_value());
  return line.has_value() ? "" : line.error().message;
}

TEST(CommandLine, run_has_the_defaults_that_the_help_states) {
  const CommandLine line = good({"run"});
  EXPECT_EQ(line.command, Command::kRun);
  EXPECT_EQ(line.data_directory, "./wordcount.data");
  EXPECT_EQ(line.run.shards, 0u);
  EXPECT_FALSE(line.run.commit_interval.has_value());
  EXPECT_EQ(line.run.guarantee, GuaranteeWish::kBest);
  EXPECT_TRUE(line.run.drain);
  EXPECT_TRUE(line.parameters.empty());
}

TEST(CommandLine, parameters_of_the_job_are_options) {
  const CommandLine line = good({"run", "--input", "a b", "--limit=-3", "--shards", "4"});
  EXPECT_EQ(line.parameters, (Parameters::Values{{"input", "a b"}, {"limit", "-3"}}));
  EXPECT_EQ(line.run.shards, 4u);
}

TEST(CommandLine, a_yes_or_no_works_as_a_flag_and_with_a_value) {
  EXPECT_EQ(good({"run", "--follow"}).parameters.at("follow"), "");
  EXPECT_EQ(good({"run", "--follow", "--input", "x"}).parameters.at("follow"), "");
  EXPECT_EQ(good({"run", "--follow=no"}).parameters.at("follow"), "no");
  EXPECT_EQ(good({"run", "--follow", "yes"}).parameters.at("follow"), "yes");
  EXPECT_EQ(good({"run", "--input", "{}"}).parameters.at("input"), "{}");
  EXPECT_EQ(good({"run", "--input", ""}).parameters.at("input"), "");
}

TEST(CommandLine, what_is_not_there_is_named) {
  EXPECT_EQ(
      sentence({"run", "--inptu", "x"}),
      "'wordcount run' has no option or argument '--inptu'. Is `--input` meant? `wordcount run "
      "--help` lists what it has.");
  EXPECT_THAT(sentence({"run", "--comit-interval=5ms"}), HasSubstr("Is `--commit-interval` meant"));
  EXPECT_THAT(sentence({"stauts"}),
              HasSubstr("no option or argument 'stauts'. Is `status` meant?"));
  EXPECT_THAT(sentence({"run", "--weather"}), HasSubstr("'--weather'. `wordcount run --help`"));
  EXPECT_THAT(sentence({"run", "--input", "a.txt", "b.txt"}),
              HasSubstr("no option or argument 'b.txt'. `wordcount run --help` lists what it has. "
                        "A pattern of files stands in quotes"));
  EXPECT_EQ(sentence({"--data-dir", "d", "status"}),
            "--data-dir stands behind the command: `wordcount status --data-dir ...`.");
  EXPECT_EQ(sentence({"--input=x", "run"}),
            "--input stands behind the command: `wordcount run --input ...`.");
  EXPECT_THAT(sentence({}), HasSubstr("`wordcount --help` lists"));
  EXPECT_EQ(sentence({"run", "--data-dir", ""}), "--data-dir is empty: it needs a directory.");
  EXPECT_THAT(sentence({"walk"}), HasSubstr("'walk'"));
  EXPECT_THAT(sentence({"state"}), HasSubstr("`wordcount state --help`"));
  EXPECT_THAT(sentence({"state", "get", "counts"}), HasSubstr("KEY"));
}

TEST(CommandLine, values_are_checked) {
  EXPECT_EQ(sentence({"run", "--shards", "0"}), "--shards: '0' is not a number from 1 to 1024.");
  EXPECT_THAT(sentence({"run", "--commit-interval", "5"}), HasSubstr("10ms, 5s, 3min"));
  EXPECT_NE(sentence({"run", "--commit-interval", "0ms"}), "");
  EXPECT_NE(sentence({"run", "--commit-interval", "-5ms"}), "");
  EXPECT_THAT(sentence({"run", "--commit-interval", "1000d"}), HasSubstr("longer than a day"));
  EXPECT_EQ(sentence({"run", "--guarantee", "twice"}),
            "--guarantee: 'twice' is none of at-least-once, exactly-once.");
  EXPECT_EQ(sentence({"run", "--trace-sample", "8"}), "--trace-sample needs --trace-file FILE.");
  EXPECT_EQ(sentence({"run", "--max-quarantined-percent", "101"}),
            "--max-quarantined-percent: '101' is not a number from 1 to 100.");
  EXPECT_EQ(sentence({"run", "--max-uncommitted-bytes", "0"}),
            "--max-uncommitted-bytes: '0' is not a number from 1 to 4294967295.");
  EXPECT_THAT(sentence({"run", "--trace-sample", "-1", "--trace-file", "f"}),
              HasSubstr("'-1' is not a number"));
  EXPECT_THAT(sentence({"run", "--log-level", "loud"}), HasSubstr("'loud' is none of"));
  EXPECT_THAT(sentence({"scale", "x"}), HasSubstr("'x' is not a number"));
}

TEST(CommandLine, every_option_of_run_arrives) {
  const CommandLine line = good({"run",
                                 "--commit-interval",
                                 "50ms",
                                 "--guarantee",
                                 "at-least-once",
                                 "--stop-at-end",
                                 "--no-drain",
                                 "--accept-clock",
                                 "--allow-network-fs",
                                 "--trace-file",
                                 "t",
                                 "--max-uncommitted-bytes",
                                 "4096",
                                 "--max-quarantined-percent",
                                 "25",
                                 "--log-level",
                                 "error",
                                 "--log-format",
                                 "json",
                                 "--data-dir",
                                 "d"});
  EXPECT_EQ(line.run.commit_interval, std::chrono::milliseconds{50});
  EXPECT_EQ(line.run.guarantee, GuaranteeWish::kAtLeastOnce);
  EXPECT_TRUE(line.run.stop_at_end);
  EXPECT_FALSE(line.run.drain);
  EXPECT_TRUE(line.run.accept_clock);
  EXPECT_TRUE(line.run.allow_network_file_system);
  EXPECT_EQ(line.run.max_uncommitted_bytes, 4096u);
  EXPECT_EQ(line.run.max_quarantined_percent, 25u);
  EXPECT_EQ(line.run.trace_sample, 1024u);
  EXPECT_EQ(line.run.log_level, LogLevel::kError);
  EXPECT_EQ(line.run.log_format, LogFormat::kJson);
  EXPECT_EQ(line.data_directory, "d");
}

TEST(CommandLine, questions_take_their_arguments) {
  const CommandLine get = good({"state", "get", "counts", "flowing", "--json"});
  EXPECT_EQ(get.command, Command::kStateGet);
  EXPECT_EQ(get.address, "counts");
  EXPECT_EQ(get.key, "flowing");
  EXPECT_TRUE(get.json);
  EXPECT_EQ(good({"state", "get", "counts", "flowing", "--limit", "3"}).parameters.at("limit"),
            "3");
  EXPECT_EQ(good({"ledger", "--input", "x"}).parameters.at("input"), "x");
  EXPECT_EQ(good({"scale", "4"}).shards, 4u);
  EXPECT_EQ(good({"streams", "cat", "late"}).stream, "late");
  EXPECT_EQ(good({"state", "ls"}).command, Command::kStateList);
  EXPECT_EQ(good({"adopt", "--data-dir", "d"}).data_directory, "d");
}

TEST(CommandLine, help_lists_the_parameters_of_the_job_with_their_defaults) {
  const CommandLine line = good({"run", "--help"});
  EXPECT_EQ(line.command, Command::kHelp);
  EXPECT_THAT(line.text, HasSubstr("wordcount run"));
  EXPECT_THAT(line.text, HasSubstr("--input text, required"));
  EXPECT_THAT(line.text, HasSubstr("--limit number=10"));
  EXPECT_THAT(good({"describe", "--help"}).text,
              AllOf(HasSubstr("--input text"), Not(HasSubstr("required"))));
  EXPECT_THAT(good({"--version"}).text, HasSubstr("Rheon"));
  const auto help = parse_command_line(
      "job", {{"late", "where to", "text", ""}, {"strict", "or not", "yes/no", std::nullopt}},
      {"run", "--help"});
  ASSERT_TRUE(help.has_value());
  EXPECT_THAT(help->text, HasSubstr("--late text=\"\""));
  EXPECT_THAT(help->text, HasSubstr("yes/no=required"));
}

TEST(CommandLine, a_parameter_may_not_take_the_name_of_an_option) {
  const Result<CommandLine> line =
      parse_command_line("j", {{"shards", "mine", "number", "1"}}, {"run"});
  ASSERT_FALSE(line.has_value());
  EXPECT_THAT(line.error().message, HasSubstr("--shards"));
}

TEST(CommandLine, scan_finds_values_without_knowing_the_names) {
  EXPECT_EQ(scan_values({"run", "--", "--a", "1", "--b=2=3", "--c", "--d"}),
            (Parameters::Values{{"a", "1"}, {"b", "2=3"}, {"c", ""}, {"d", ""}}));
}

}  // namespace
}  // namespace rheon::run
