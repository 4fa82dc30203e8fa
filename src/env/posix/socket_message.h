#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace rheon::env::posix {

using Deadline = std::chrono::steady_clock::time_point;

enum class Transfer { kDone, kClosed, kTooLong, kTimedOut, kStopped, kFailed };

/// Waits for one of `events` on `fd`, until the deadline or until `stop_fd` (-1: none) is readable.
[[nodiscard]] Transfer wait_for(int fd, short events, Deadline deadline, int stop_fd);

/// Send and receive one message over a non-blocking stream socket. kFailed leaves errno as it was
/// set by the system.
[[nodiscard]] Transfer send_message(int fd, std::string_view text, Deadline deadline, int stop_fd);
[[nodiscard]] Transfer receive_message(int fd, std::string& text, std::size_t max_bytes,
                                       Deadline deadline, int stop_fd);

}  // namespace rheon::env::posix
