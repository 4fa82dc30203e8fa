#pragma once

// Questions about a job and their answers, as the JSON that goes over the control socket
// (docs/running.md). The same text is made whether the job runs or not.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "run/job_view.h"

namespace rheon::run {

struct Question {
  std::string ask = {};           // "status", "ledger", "states", "state", "scale"
  std::string address = {};       // state: OPERATOR[.STATE]
  std::string key = {};           // state
  std::uint32_t shards = 0;       // scale
  std::string job = {};           // who is asked; empty: whoever it is
  std::int64_t until_micros = 0;  // Unix time until which somebody waits for it; 0: always
};

[[nodiscard]] std::string to_json(const Question& question);
[[nodiscard]] Result<Question> question_of(const std::string& request);

/// The answer, or an error, in JSON.
[[nodiscard]] std::string answer(env::Env& env, JobView& view, const Question& question);
[[nodiscard]] std::string error_answer(const Error& error);
/// Gives the answer back, or the error that it carries.
[[nodiscard]] Result<std::string> open_answer(std::string answer);

}  // namespace rheon::run
