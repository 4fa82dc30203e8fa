#include "program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace rheon::integration {

namespace {

std::string whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string path_of(const std::string& program) {
  const char* folder = ::getenv("RHEON_BIN_DIR");
  return std::filesystem::absolute(folder != nullptr ? folder : "build/bin") / program;
}

}  // namespace

Running::Running(const std::string& program, const std::vector<std::string>& arguments,
                 const std::filesystem::path& directory) {
  static std::atomic<int> number{0};
  const std::string name = ".program-" + std::to_string(number++);
  out_ = directory / (name + ".out");
  err_ = directory / (name + ".err");
  const std::string path = path_of(program);
  std::vector<char*> argv{const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    const int out = ::open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = ::open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out >= 0 && err >= 0 && ::chdir(directory.c_str()) == 0 && ::dup2(out, 1) == 1 &&
        ::dup2(err, 2) == 2) {
      ::execv(path.c_str(), argv.data());
    }
    ::_exit(127);
  }
}

Running::~Running() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void Running::signal(int number) const { ::kill(pid_, number); }

Outcome Running::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), whole(out_),
          whole(err_)};
}

Outcome run(const std::string& program, const std::vector<std::string>& arguments,
            const std::filesystem::path& directory) {
  return Running(program, arguments, directory).wait();
}

WorkingDirectory::WorkingDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "rheon_program_XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}

WorkingDirectory::~WorkingDirectory() { std::filesystem::remove_all(path_); }

void WorkingDirectory::write(const std::string& name, const std::string& text) const {
  std::filesystem::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name, std::ios::binary) << text;
}

}  // namespace rheon::integration
