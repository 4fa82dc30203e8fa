#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace rheon::env::posix {

/// Owns a file descriptor; -1 is none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// Makes a system call again for as long as a signal interrupts it.
template <class Call>
auto retry(Call call) {
  for (;;) {
    const auto answer = call();
    if (answer >= 0 || errno != EINTR) {
      return answer;
    }
  }
}

}  // namespace rheon::env::posix
