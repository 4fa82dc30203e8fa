#pragma once

// Runs the programs of the build as a person would: arguments in, exit code and text out.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace rheon::integration {

struct Outcome {
  int code = -1;  // 128 + signal when it was killed
  std::string out;
  std::string err;
};

/// A program that runs; killed with its object if it still does.
class Running {
 public:
  Running(const std::string& program, const std::vector<std::string>& arguments,
          const std::filesystem::path& directory);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void signal(int number) const;
  [[nodiscard]] Outcome wait();

 private:
  pid_t pid_ = -1;
  std::filesystem::path out_;
  std::filesystem::path err_;
};

/// `program`: its name in the build's folder of programs.
[[nodiscard]] Outcome run(const std::string& program, const std::vector<std::string>& arguments,
                          const std::filesystem::path& directory);

/// A directory of its own, removed with the object.
class WorkingDirectory {
 public:
  WorkingDirectory();
  ~WorkingDirectory();
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace rheon::integration
