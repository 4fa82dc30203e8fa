#pragma once

#include "base/result.h"

namespace rheon::run {

/// What the program answers its caller with.
enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,
  kBadInput = 2,  // usage or input
  kRefused = 3,   // incompatible, damaged or foreign data, a directory in use, a missing consent
};

[[nodiscard]] constexpr ExitCode exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
    case ErrorCode::kNotFound:
      return ExitCode::kBadInput;
    case ErrorCode::kRefused:
    case ErrorCode::kCorrupt:
      return ExitCode::kRefused;
    case ErrorCode::kNoSpace:
    case ErrorCode::kIo:
    case ErrorCode::kClosed:
    case ErrorCode::kInternal:
      return ExitCode::kFailed;
  }
  return ExitCode::kFailed;
}

}  // namespace rheon::run
