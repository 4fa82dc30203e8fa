#pragma once

// What a person has typed, as a value. Pure.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/parameters.h"
#include "base/result.h"
#include "run/reporter.h"

namespace rheon::run {

enum class Command {
  kHelp,  // print `text`: help or version
  kRun,
  kDescribe,
  kStatus,
  kScale,
  kStateList,
  kStateGet,
  kLedger,
  kStreamList,
  kStreamCat,
  kReset,
  kAdopt,
  kSplitKeyGroups,
};

/// What the user wants kept. Without a wish each sink gives its best, and a source that cannot be
/// read again needs consent.
enum class GuaranteeWish { kBest, kExactlyOnce, kAtLeastOnce };

struct RunOptions {
  std::uint32_t shards = 0;  // 0: one per core
  std::optional<std::chrono::microseconds> commit_interval;
  GuaranteeWish guarantee = GuaranteeWish::kBest;
  bool stop_at_end = false;
  bool drain = true;
  bool accept_clock = false;
  bool allow_network_file_system = false;
  std::uint32_t max_uncommitted_bytes = 64 << 20;
  std::uint32_t max_quarantined_percent = 10;
  std::uint32_t trace_sample = 0;  // one record in so many; 0: none
  std::string trace_file;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
};

struct CommandLine {
  Command command = Command::kHelp;
  std::string text;
  std::string data_directory;
  Parameters::Values parameters;
  RunOptions run;
  bool dot = false;          // describe
  bool json = false;         // status, state, ledger, streams
  std::uint32_t shards = 0;  // scale
  std::string address;       // state get: OPERATOR[.STATE]
  std::string key;           // state get
  std::string stream;        // streams cat
};

using Arguments = std::vector<std::string>;

/// Values that the arguments give to names, whoever they belong to: enough for a first run of the
/// job function, which may declare some parameters only when others have certain values.
[[nodiscard]] Parameters::Values scan_values(const Arguments& arguments);

/// `arguments`: without the program's name. kInvalidInput with a sentence on a mistake.
[[nodiscard]] Result<CommandLine> parse_command_line(const std::string& job,
                                                     const std::vector<Parameter>& declared,
                                                     const Arguments& arguments);

}  // namespace rheon::run
