#include "run/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <utility>

#include "run/nearest_name.h"

namespace rheon::run {

namespace {

constexpr std::uint32_t kMaxShards = 1024;
constexpr std::uint32_t kPercent = 100;
constexpr std::uint32_t kDefaultTraceSample = 1024;
constexpr std::chrono::hours kLongestCommitInterval{24};
constexpr std::string_view kDashes = "--";

struct Texts {
  std::string commit_interval;
  std::string guarantee;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string shards;
  std::string max_uncommitted_bytes;
  std::string max_quarantined_percent;
  std::string trace_sample;
  std::string scale;
  bool no_drain = false;
};

/// One CLI::App with its options bound to a CommandLine. Lives for one parse.
class Parser {
 public:
  Parser(const std::string& job, const std::vector<Parameter>& declared)
      : job_(job), declared_(declared), app_(job + ": a job of Rheon", job) {
    line_.data_directory = "./" + job_ + ".data";
    app_.require_subcommand(1);
    app_.set_version_flag("--version", job + " (Rheon " RHEON_VERSION ")");
    add_run();
    add_describe();
    add_others();
  }

  Result<CommandLine> parse(const Arguments& arguments) {
    if (!clash_.empty()) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("the job's parameter --{} has the name of an option that every job "
                              "has. Give the parameter another name.",
                              clash_));
    }
    try {
      Arguments reversed(arguments.rbegin(), arguments.rend());
      app_.parse(reversed);
    } catch (const CLI::CallForVersion& version) {
      return text(std::string(version.what()) + "\n");
    } catch (const CLI::Success&) {
      return text(app_.help());
    } catch (const CLI::ParseError& error) {
      return fail(ErrorCode::kInvalidInput, explain(error));
    }
    return finish();
  }

 private:
  static CLI::App* innermost(CLI::App* app) {
    const auto chosen = app->get_subcommands();
    return chosen.empty() ? app : innermost(chosen.front());
  }

  CLI::App* command(CLI::App& parent, Command command, const char* name, const char* help) {
    CLI::App* app = parent.add_subcommand(name, help);
    commands_.emplace_back(app, command);
    app->add_option("--data-dir", line_.data_directory, "directory of the job's log and state")
        ->type_name("DIR")
        ->default_str("./" + job_ + ".data");
    return app;
  }

  void add_run() {
    CLI::App* app = command(app_, Command::kRun, "run", "Run the job until its input ends");
    RunOptions& run = line_.run;
    app->add_option("--shards", texts_.shards, "threads that process records")
        ->type_name("N")
        ->default_str("cores");
    app->add_option("--commit-interval", texts_.commit_interval,
                    "time between commits, e.g. 50ms; without it 10-100 ms, as load allows")
        ->type_name("TIME");
    app->add_option("--max-uncommitted-bytes", texts_.max_uncommitted_bytes,
                    "commit early when so much waits for it on a shard")
        ->type_name("N")
        ->default_str(std::to_string(run.max_uncommitted_bytes));
    app->add_option("--guarantee", texts_.guarantee,
                    "exactly-once: refuse what cannot keep it; at-least-once: accept it")
        ->type_name("exactly-once|at-least-once");
    app->add_flag("--stop-at-end", run.stop_at_end, "let unbounded sources end where they end now");
    app->add_flag("--no-drain", texts_.no_drain,
                  "stop at the end of the input, to go on later with more");
    app->add_flag("--accept-clock", run.accept_clock,
                  "go on although the clock is more than a year off");
    app->add_flag("--allow-network-fs", run.allow_network_file_system,
                  "allow a data directory on a network file system");
    app->add_option("--max-quarantined-percent", texts_.max_quarantined_percent,
                    "stop when an operator sends more of its records of a minute to quarantine")
        ->type_name("N")
        ->default_str(std::to_string(run.max_quarantined_percent));
    app->add_option("--trace-sample", texts_.trace_sample, "follow one record in N")
        ->type_name("N");
    app->add_option("--trace-file", run.trace_file, "append spans to this file, as OTLP JSON lines")
        ->type_name("FILE");
    app->add_option("--log-level", texts_.log_level, "what is said")
        ->type_name("error|warning|info")
        ->default_str("info");
    app->add_option("--log-format", texts_.log_format, "how it is said")
        ->type_name("text|json")
        ->default_str("text");
    add_parameters(*app, /*are_needed=*/true);
  }

  void add_describe() {
    CLI::App* app =
        command(app_, Command::kDescribe, "describe", "Print the job's graph without running it");
    app->add_flag("--dot", line_.dot, "in the language of Graphviz instead of JSON");
    add_parameters(*app);
  }

  void add_others() {
    // What a job consists of may hang on its parameters.
    add_question(command(app_, Command::kStatus, "status", "Say how the job is doing"));
    command(app_, Command::kScale, "scale", "Change the number of shards of the running job")
        ->add_option("N", texts_.scale, "shards")
        ->required();
    CLI::App* state = app_.add_subcommand("state", "Look into the keyed state");
    state->require_subcommand(1);
    add_question(command(*state, Command::kStateList, "ls", "List operators and their states"));
    CLI::App* get = command(*state, Command::kStateGet, "get", "Print the state of one key");
    get->add_option("OPERATOR[.STATE]", line_.address, "whose state")->required();
    get->add_option("KEY", line_.key, "text as it is, numbers decimal, structs as JSON")
        ->required();
    add_question(get);
    add_question(command(app_, Command::kLedger, "ledger", "Account for every record"));
    CLI::App* streams = app_.add_subcommand("streams", "Look into the job's streams");
    streams->require_subcommand(1);
    add_json(command(*streams, Command::kStreamList, "ls", "List the streams"));
    command(*streams, Command::kStreamCat, "cat", "Print the records of a stream as JSON lines")
        ->add_option("NAME", line_.stream, "the stream")
        ->required();
    command(app_, Command::kReset, "reset",
            "Start over: forget state, positions and streams. Outputs stay as they are");
    command(app_, Command::kAdopt, "adopt",
            "Go on with a data directory that was copied or restored");
    add_parameters(*command(app_, Command::kSplitKeyGroups, "split-key-groups",
                            "Make as many key groups as the job asks for, of those that it had"));
  }

  void add_json(CLI::App* app) { app->add_flag("--json", line_.json, "as JSON"); }

  void add_question(CLI::App* app) {
    add_json(app);
    add_parameters(*app);
  }

  void add_parameters(CLI::App& app, bool are_needed = false) {
    for (const Parameter& parameter : declared_) {
      const std::string option = std::string(kDashes) + parameter.name;
      if (app.get_option_no_throw(option) != nullptr) {
        clash_ = parameter.name;
        return;
      }
      CLI::Option* added =
          app.add_option(option, CLI::callback_t([](const auto&) { return true; }), parameter.help);
      added->group("Parameters of this job");
      const std::string fallback = parameter.fallback.value_or("");
      if (parameter.type == "yes/no") {
        // Not as CLI11's default: a flag without a value would take it.
        added->type_name(parameter.type + (!fallback.empty()
                                               ? "=" + fallback
                                               : std::string(are_needed ? "=required" : "")));
        added->expected(0, 1);
      } else if (parameter.fallback.has_value()) {
        added->type_name(parameter.type)->default_str(fallback.empty() ? "\"\"" : fallback);
      } else {
        added->type_name(parameter.type + (are_needed ? ", required" : ""));
      }
      parameters_.emplace_back(added, &app);
    }
  }

  /// "Is --input meant? ", or nothing.
  static std::string suggest(const CLI::App& app, const std::string& typed) {
    std::vector<std::string> names;
    if (typed.starts_with(kDashes)) {
      for (const CLI::Option* option : app.get_options()) {
        names.push_back(option->get_name());
      }
    } else {
      for (const CLI::App* command : app.get_subcommands(nullptr)) {
        names.push_back(command->get_name());
      }
    }
    const std::string meant = nearest_name(typed.substr(0, typed.find('=')), names);
    return meant.empty() ? "" : fmt::format("Is `{}` meant? ", meant);
  }

  [[nodiscard]] std::string explain(const CLI::ParseError& error) {
    const auto chosen = app_.get_subcommands();
    const CLI::App* app = chosen.empty() ? &app_ : innermost(chosen.front());
    std::string where = job_;
    if (app != &app_) {
      where += app->get_parent() == &app_
                   ? " " + app->get_name()
                   : " " + app->get_parent()->get_name() + " " + app->get_name();
    }
    const std::vector<std::string> left = app_.remaining(/*recurse=*/true);
    const std::string option = left.empty() ? "" : left.front().substr(0, left.front().find('='));
    if (!option.empty() && app->get_option_no_throw(option) != nullptr) {
      return fmt::format("{} stands behind the command: `{} {} ...`.", option, where, option);
    }
    if (!left.empty()) {
      const bool may_be_a_path = where.ends_with(" run") && !left.front().starts_with('-');
      return fmt::format(
          "'{}' has no option or argument '{}'. {}`{} --help` lists what it has.{}", where,
          left.front(), suggest(*app, left.front()), where,
          may_be_a_path ? " A pattern of files stands in quotes: 'texts/*.txt'." : "");
    }
    std::string what = error.what();
    std::replace(what.begin(), what.end(), '\n', ' ');
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr && what.starts_with("--")) {
      what = what.substr(0, what.find(':')) + " stands without its value";
    }
    if (chosen.empty()) {
      what = "say what to do";
    }
    return fmt::format("{}. `{} --help` lists what there is.", what, where);
  }

  static CommandLine text(std::string what) {
    CommandLine line;
    line.text = std::move(what);
    return line;
  }

  Result<CommandLine> finish() {
    const CLI::App* chosen = innermost(&app_);
    for (const auto& [app, command] : commands_) {
      if (app == chosen) {
        line_.command = command;
      }
    }
    if (line_.data_directory.empty()) {
      return fail(ErrorCode::kInvalidInput, "--data-dir is empty: it needs a directory.");
    }
    for (const auto& [option, app] : parameters_) {
      if (app == chosen && option->count() > 0) {
        line_.parameters[option->get_name().substr(kDashes.size())] = option->results().back();
      }
    }
    RHEON_TRY(read_numbers());
    RHEON_TRY(read_words());
    return line_;
  }

  static Result<std::uint32_t> number(const std::string& option, const std::string& text,
                                      std::uint32_t most) {
    const Result<std::int64_t> value = parse_integer(text);
    if (!value.has_value() || *value < 1 || *value > most) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}: '{}' is not a number from 1 to {}.", option, text, most));
    }
    return static_cast<std::uint32_t>(*value);
  }

  Status read_numbers() {
    RunOptions& run = line_.run;
    if (!texts_.shards.empty()) {
      RHEON_ASSIGN(run.shards, number("--shards", texts_.shards, kMaxShards));
    }
    if (!texts_.scale.empty()) {
      RHEON_ASSIGN(line_.shards, number("scale", texts_.scale, kMaxShards));
    }
    if (!texts_.max_uncommitted_bytes.empty()) {
      RHEON_ASSIGN(run.max_uncommitted_bytes,
                   number("--max-uncommitted-bytes", texts_.max_uncommitted_bytes, UINT32_MAX));
    }
    if (!texts_.max_quarantined_percent.empty()) {
      RHEON_ASSIGN(run.max_quarantined_percent,
                   number("--max-quarantined-percent", texts_.max_quarantined_percent, kPercent));
    }
    if (!texts_.trace_sample.empty()) {
      RHEON_ASSIGN(run.trace_sample, number("--trace-sample", texts_.trace_sample, UINT32_MAX));
    } else if (!run.trace_file.empty()) {
      run.trace_sample = kDefaultTraceSample;
    }
    if (run.trace_sample != 0 && run.trace_file.empty()) {
      return fail(ErrorCode::kInvalidInput, "--trace-sample needs --trace-file FILE.");
    }
    if (!texts_.commit_interval.empty()) {
      const auto interval = parse_duration(texts_.commit_interval);
      if (!interval.has_value() || interval->count() <= 0) {
        return fail(ErrorCode::kInvalidInput,
                    fmt::format("--commit-interval: '{}' is not a positive time: write it as "
                                "10ms, 5s, 3min.",
                                texts_.commit_interval));
      }
      if (*interval > kLongestCommitInterval) {
        return fail(ErrorCode::kInvalidInput,
                    fmt::format("--commit-interval: '{}' is longer than a day: what is read in "
                                "between waits, uncommitted, for that long.",
                                texts_.commit_interval));
      }
      run.commit_interval = *interval;
    }
    run.drain = !texts_.no_drain;
    return {};
  }

  template <class T>
  static Status choose(const std::string& option, const std::string& text,
                       const std::map<std::string, T>& choices, T& into) {
    const auto at = choices.find(text);
    if (at == choices.end()) {
      std::string known;
      for (const auto& [name, value] : choices) {
        known += (known.empty() ? "" : ", ") + name;
      }
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}: '{}' is none of {}.", option, text, known));
    }
    into = at->second;
    return {};
  }

  Status read_words() {
    RunOptions& run = line_.run;
    if (!texts_.guarantee.empty()) {
      RHEON_TRY(choose<GuaranteeWish>("--guarantee", texts_.guarantee,
                                      {{"exactly-once", GuaranteeWish::kExactlyOnce},
                                       {"at-least-once", GuaranteeWish::kAtLeastOnce}},
                                      run.guarantee));
    }
    RHEON_TRY(choose<LogLevel>(
        "--log-level", texts_.log_level,
        {{"error", LogLevel::kError}, {"warning", LogLevel::kWarning}, {"info", LogLevel::kInfo}},
        run.log_level));
    return choose<LogFormat>("--log-format", texts_.log_format,
                             {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
                             run.log_format);
  }

  std::string job_;
  std::vector<Parameter> declared_;
  CLI::App app_;
  CommandLine line_;
  Texts texts_;
  std::string clash_;
  std::vector<std::pair<CLI::App*, Command>> commands_;
  std::vector<std::pair<CLI::Option*, CLI::App*>> parameters_;
};

}  // namespace

Parameters::Values scan_values(const Arguments& arguments) {
  Parameters::Values values;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with(kDashes) || argument == kDashes) {
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(kDashes.size(), equals - kDashes.size());
    if (equals != std::string::npos) {
      values[name] = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size() && !arguments[i + 1].starts_with(kDashes)) {
      values[name] = arguments[i + 1];
    } else {
      values[name] = "";
    }
  }
  return values;
}

Result<CommandLine> parse_command_line(const std::string& job,
                                       const std::vector<Parameter>& declared,
                                       const Arguments& arguments) {
  return Parser(job, declared).parse(arguments);
}

}  // namespace rheon::run
