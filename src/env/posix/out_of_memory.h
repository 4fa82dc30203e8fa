#pragma once

#include <functional>
#include <thread>

namespace rheon::env::posix {

/// A thread of its own. Where this machine gives none, and end_when_memory_is_used_up() was called,
/// the process ends; otherwise std::system_error is thrown.
[[nodiscard]] std::thread start_thread(std::function<void()> body);

}  // namespace rheon::env::posix
