#pragma once

// A program of ours as a process of its own, seen from outside: its files, memory and time.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace rheon::bench {

/// Runs from start to kill(); what it prints goes to a file.
class Child {
 public:
  Child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
        const std::filesystem::path& output);
  ~Child() { kill(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// SIGKILL; returns when the process is gone.
  void kill();
  /// False once it has ended by itself.
  [[nodiscard]] bool runs();
  /// Processor time of all its threads so far, in seconds.
  [[nodiscard]] double cpu_seconds() const;
  [[nodiscard]] std::string id() const { return std::to_string(pid_); }

 private:
  pid_t pid_ = -1;
};

/// Bytes of all files in the directory whose names end so; 0 when it is not there.
[[nodiscard]] std::uint64_t bytes_in(const std::filesystem::path& directory,
                                     const std::string& suffix);

}  // namespace rheon::bench
