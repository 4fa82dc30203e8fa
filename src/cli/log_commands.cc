#include "cli/log_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "log/files/inspect.h"

namespace rheon::cli {

namespace {

using log::files::CheckReport;
using log::files::DumpLine;
using log::files::Finding;

struct Arguments {
  std::string directory;
  std::string to;
  bool json = false;
};

int exit_code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidInput:
    case ErrorCode::kNotFound:
      return kExitUsage;
    case ErrorCode::kCorrupt:
    case ErrorCode::kRefused:
      return kExitRefused;
    default:
      return kExitError;
  }
}

int report(const Output& output, const Error& error) {
  output.error << "error: " << error.message << "\n";
  return exit_code_of(error);
}

const char* name_of(Finding::Kind kind) {
  return kind == Finding::Kind::kDamage ? "damage" : "notice";
}

nlohmann::json to_json(const CheckReport& report) {
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& finding : report.findings) {
    findings.push_back({{"kind", name_of(finding.kind)},
                        {"file", finding.file},
                        {"offset", finding.offset},
                        {"sentence", finding.sentence}});
  }
  return {{"job", report.identity.job},
          {"uid", log::to_string(report.identity.uid)},
          {"lineage", log::to_string(report.identity.lineage)},
          {"epoch", report.epoch.value},
          {"complete", report.complete},
          {"journal_segments", report.journal_segments},
          {"commits", report.commits},
          {"slices", report.slices},
          {"streams", report.streams},
          {"batches", report.batches},
          {"damaged", report.damaged()},
          {"findings", std::move(findings)}};
}

void print(std::ostream& out, const CheckReport& report) {
  out << fmt::format(
      "job {}, last commit: epoch {}{}\n{} journal segments with {} commits, {} slices, {} streams "
      "with {} batches\n",
      report.identity.job, report.epoch.value, report.complete ? " (complete)" : "",
      report.journal_segments, report.commits, report.slices, report.streams, report.batches);
  for (const Finding& finding : report.findings) {
    out << fmt::format("{}: {} at offset {}: {}\n", name_of(finding.kind), finding.file,
                       finding.offset, finding.sentence);
  }
  out << (report.damaged() ? "damaged: `rheon log salvage DIR --to NEW` copies what can be saved\n"
                           : "everything that was committed is there and checks\n");
}

int check(env::Env& env, const Output& output, const Arguments& arguments) {
  auto result = log::files::check(env.files(), arguments.directory);
  if (!result.has_value()) {
    return report(output, result.error());
  }
  if (arguments.json) {
    output.out << to_json(*result).dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
               << "\n";
  } else {
    print(output.out, *result);
  }
  return result->damaged() ? kExitRefused : kExitFine;
}

int dump(env::Env& env, const Output& output, const Arguments& arguments) {
  auto result = log::files::dump(env.files(), arguments.directory);
  if (!result.has_value()) {
    return report(output, result.error());
  }
  bool broken = false;
  for (const DumpLine& line : *result) {
    broken = broken || line.type == "broken";
    if (arguments.json) {
      const nlohmann::json json{{"file", line.file},         {"offset", line.offset},
                                {"bytes", line.bytes},       {"type", line.type},
                                {"epoch", line.epoch.value}, {"detail", line.detail}};
      output.out << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    } else {
      output.out << fmt::format("{:<24} {:>10} {:>9}  {:<9} epoch {:<8} {}\n", line.file,
                                line.offset, line.bytes, line.type, line.epoch.value, line.detail);
    }
  }
  return broken ? kExitRefused : kExitFine;
}

int salvage(env::Env& env, const Output& output, const Arguments& arguments) {
  auto result = log::files::salvage(env, arguments.directory, arguments.to);
  if (!result.has_value()) {
    return report(output, result.error());
  }
  for (const std::string& saved : result->saved) {
    output.out << "saved: " << saved << "\n";
  }
  for (const std::string& unreadable : result->unreadable) {
    output.out << "cannot be read: " << unreadable << "\n";
  }
  for (const std::string& lost : result->lost) {
    output.out << "lost: " << lost << "\n";
  }
  output.out << fmt::format("{} stands at epoch {}, as a new lineage{}\n", arguments.to,
                            result->epoch.value, result->lost.empty() ? ": nothing was lost" : "");
  return result->lost.empty() ? kExitFine : kExitRefused;
}

/// What is wrong with the command line, and what may stand there instead.
std::string explain(const CLI::App* app, const CLI::Error& error) {
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
  }
  std::string what = error.what();
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError) &&
      app->get_require_subcommand_min() > 0) {
    what = "'" + app->get_name() + "' needs ";
    std::string between;
    for (const CLI::App* each : app->get_subcommands(nullptr)) {
      what += between + "'" + each->get_name() + "'";
      between = " or ";
    }
  }
  return fmt::format("error: {}. --help shows how it is called.\n", what);
}

}  // namespace

void add_log_commands(CLI::App& app, env::Env& env, const Output& output, int& exit_code) {
  CLI::App* log =
      app.add_subcommand("log", "look at the data directory of a job that is not running");
  log->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto command) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* sub = log->add_subcommand(name, help);
    sub->add_option("DIR", arguments->directory, "the data directory, <name>.data")->required();
    sub->callback([&env, &output, &exit_code, arguments, command] {
      exit_code = command(env, output, *arguments);
    });
    return std::pair(sub, arguments);
  };
  const auto [check_command, check_arguments] =
      add("check", "read every byte and list all damage; exits 3 when there is some", check);
  check_command->add_flag("--json", check_arguments->json, "print one JSON object");
  const auto [dump_command, dump_arguments] =
      add("dump", "list every frame; exits 3 when one is broken", dump);
  dump_command->add_flag("--json", dump_arguments->json, "print one JSON object per line");
  const auto [salvage_command, salvage_arguments] =
      add("salvage",
          "copy what can be saved into a new directory, and say what was lost; exits 3 when "
          "something was",
          salvage);
  salvage_command->add_option("--to", salvage_arguments->to, "the new directory")->required();
}

int run(env::Env& env, int argc, const char* const* argv, const Output& output) {
  CLI::App app("Rheon: stream processing without tears", "rheon");
  app.set_version_flag("--version", RHEON_VERSION);
  app.require_subcommand(1);
  app.failure_message(explain);
  int exit_code = kExitFine;
  add_log_commands(app, env, output, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, output.out, output.error);
    return code == 0 ? kExitFine : kExitUsage;
  }
  return exit_code;
}

}  // namespace rheon::cli
