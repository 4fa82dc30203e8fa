#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/env.h"
#include "observe/trace.h"

namespace rheon::run {

/// Spans as one line of OTLP JSON (an ExportTraceServiceRequest): what collectors read.
[[nodiscard]] std::string to_otlp(const std::string& job, const std::vector<observe::Span>& spans);

/// Appends spans to a file. Used on the coordinator's thread; a write may block it for as long as a
/// page of a file takes.
class TraceFile {
 public:
  TraceFile(env::Env& env, std::string job, std::string path)
      : env_(env), job_(std::move(job)), path_(std::move(path)) {}

  [[nodiscard]] Status open();
  [[nodiscard]] Status write(const std::vector<observe::Span>& spans);

 private:
  env::Env& env_;
  std::string job_;
  std::string path_;
  std::unique_ptr<env::File> file_;
  std::uint64_t end_ = 0;
};

}  // namespace rheon::run
