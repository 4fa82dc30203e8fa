#include "run/main.h"

#include <fmt/format.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "engine/plan.h"
#include "engine/split_key_groups.h"
#include "env/posix.h"
#include "log/files/file_log.h"
#include "run/command_line.h"
#include "run/data_directory.h"
#include "run/describe.h"
#include "run/exit_code.h"
#include "run/inspect_commands.h"
#include "run/run_command.h"

namespace rheon {

namespace run {
namespace {

/// One invocation of a job's program.
class Program {
 public:
  Program(env::Env& env, std::string name, JobFunction job)
      : env_(env), name_(std::move(name)), job_(job) {}

  ExitCode run(const Arguments& arguments) {
    try {
      const Result<CommandLine> line = parse(arguments);
      return line.has_value() ? obey(*line) : complain(line.error());
    } catch (const std::exception& error) {
      return complain({ErrorCode::kInternal,
                       fmt::format("\"{}\" ended this program. Everything up to the last commit is "
                                   "safe.",
                                   error.what())});
    }
  }

 private:
  Result<CommandLine> parse(const Arguments& arguments) {
    // A first run of the job function, only to learn what it declares.
    Job asked(name_, Parameters(scan_values(arguments), /*complete=*/false));
    RHEON_TRY(call(asked));
    return parse_command_line(name_, asked.parameters().declared(), arguments);
  }

  Status call(Job& job) {
    try {
      job_(job);
    } catch (const std::exception& error) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("the function of job '{}' threw \"{}\" before anything ran.", name_,
                              error.what()));
    }
    return {};
  }

  Result<graph::Graph> make_graph(Job& job) {
    RHEON_TRY(call(job));
    return job.finish();
  }

  ExitCode obey(const CommandLine& line) {
    switch (line.command) {
      case Command::kHelp:
        return print(line.text);
      case Command::kRun: {
        Job job(name_, Parameters(line.parameters, /*complete=*/true));
        Result<graph::Graph> graph = make_graph(job);
        return graph.has_value() ? run_job(env_, std::move(*graph), line) : complain(graph.error());
      }
      case Command::kDescribe: {
        Job job(name_, Parameters(line.parameters, /*complete=*/false));
        const Result<graph::Graph> graph = make_graph(job);
        if (!graph.has_value()) {
          return complain(graph.error());
        }
        return print(line.dot ? graph::to_dot(*graph)
                              : describe(*graph, job.parameters(), line.parameters));
      }
      case Command::kReset:
        return start_lineage(
            line, &log::files::reset,
            fmt::format("{}: starting over in {}. Outputs stay as they are: remove them, or "
                        "write to another place.\n",
                        name_, line.data_directory));
      case Command::kAdopt:
        return start_lineage(
            line, &log::files::adopt,
            fmt::format("{}: {} is this job's data from now on; the directory that it was "
                        "copied from must not run any more.\n",
                        name_, line.data_directory));
      case Command::kSplitKeyGroups: {
        Job job(name_, Parameters(line.parameters, /*complete=*/false));
        const Result<graph::Graph> graph = make_graph(job);
        return graph.has_value() ? split(*graph, line) : complain(graph.error());
      }
      default: {
        Job job(name_, Parameters(line.parameters, /*complete=*/false));
        const Result<graph::Graph> graph = make_graph(job);
        return graph.has_value() ? answer(inspect(env_, *graph, line)) : complain(graph.error());
      }
    }
  }

  template <class Start>
  ExitCode start_lineage(const CommandLine& line, Start start, const std::string& done) {
    Status status = require_data_directory(env_, line.data_directory);
    if (status.has_value()) {
      status = start(env_, line.data_directory, name_);
    }
    return status.has_value() ? print(done) : complain(status.error());
  }

  ExitCode split(const graph::Graph& graph, const CommandLine& line) {
    if (const Status there = require_data_directory(env_, line.data_directory); !there) {
      return complain(there.error());
    }
    const Result<std::uint32_t> before =
        engine::split_key_groups(env_, engine::make_plan(graph), line.data_directory);
    return before.has_value() ? print(fmt::format("{}: {} key groups in {}, before {}.\n", name_,
                                                  graph.key_groups, line.data_directory, *before))
                              : complain(before.error());
  }

  ExitCode print(const std::string& text) {
    const Status written = env_.process().write(env::Stream::kOut, as_bytes(text));
    const bool enough = !written.has_value() && written.error().code == ErrorCode::kClosed;
    return written.has_value() || enough ? ExitCode::kDone : complain(written.error());
  }

  ExitCode answer(const Result<std::string>& text) {
    return text.has_value() ? print(*text) : complain(text.error());
  }

  ExitCode complain(const Error& error) {
    const std::string text = "error: " + error.message + "\n";
    static_cast<void>(env_.process().write(env::Stream::kError, as_bytes(text)));
    return exit_code(error.code);
  }

  env::Env& env_;
  std::string name_;
  JobFunction job_;
};

}  // namespace
}  // namespace run

int main(const char* name, JobFunction job, int argc, char** argv) {
  env::end_when_memory_is_used_up();
  const std::unique_ptr<env::Env> env = env::make_posix_env();
  const run::Arguments arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(run::Program(*env, name, job).run(arguments));
}

}  // namespace rheon
