#include "env/posix/socket_message.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace rheon::env::posix {
namespace {

constexpr std::size_t kLengthBytes = 4;

int milliseconds_until(Deadline deadline) {
  const auto left = deadline - std::chrono::steady_clock::now();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 60'000));
}

bool must_wait(int error_number) { return error_number == EAGAIN || error_number == EINTR; }

Transfer send_all(int fd, std::string_view bytes, Deadline deadline, int stop_fd) {
  while (!bytes.empty()) {
    if (const Transfer ready = wait_for(fd, POLLOUT, deadline, stop_fd); ready != Transfer::kDone) {
      return ready;
    }
    const ssize_t put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0 && !must_wait(errno)) {
      return errno == EPIPE || errno == ECONNRESET ? Transfer::kClosed : Transfer::kFailed;
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(put, 0)));
  }
  return Transfer::kDone;
}

Transfer receive_all(int fd, char* into, std::size_t size, Deadline deadline, int stop_fd) {
  while (size > 0) {
    if (const Transfer ready = wait_for(fd, POLLIN, deadline, stop_fd); ready != Transfer::kDone) {
      return ready;
    }
    const ssize_t got = ::recv(fd, into, size, 0);
    if (got == 0) {
      return Transfer::kClosed;
    }
    if (got < 0 && !must_wait(errno)) {
      return errno == ECONNRESET ? Transfer::kClosed : Transfer::kFailed;
    }
    const auto count = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    into += count;
    size -= count;
  }
  return Transfer::kDone;
}

}  // namespace

Transfer wait_for(int fd, short events, Deadline deadline, int stop_fd) {
  for (;;) {
    std::array<pollfd, 2> waits{{{fd, events, 0}, {stop_fd, POLLIN, 0}}};  // -1 is passed over
    const int timeout_ms = milliseconds_until(deadline);
    const int ready = ::poll(waits.data(), waits.size(), timeout_ms);
    if (ready < 0 && errno != EINTR) {
      return Transfer::kFailed;
    }
    if (ready > 0 && waits[1].revents != 0) {
      return Transfer::kStopped;
    }
    if (ready > 0) {
      return Transfer::kDone;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return Transfer::kTimedOut;
    }
  }
}

Transfer send_message(int fd, std::string_view text, Deadline deadline, int stop_fd) {
  std::string framed;
  framed.reserve(kLengthBytes + text.size());
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    framed += static_cast<char>((text.size() >> (8 * i)) & 0xff);
  }
  framed += text;
  return send_all(fd, framed, deadline, stop_fd);
}

Transfer receive_message(int fd, std::string& text, std::size_t max_bytes, Deadline deadline,
                         int stop_fd) {
  std::array<char, kLengthBytes> head{};
  const Transfer got = receive_all(fd, head.data(), head.size(), deadline, stop_fd);
  if (got != Transfer::kDone) {
    return got;
  }
  std::size_t size = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    size |= std::size_t{static_cast<unsigned char>(head[i])} << (8 * i);
  }
  if (size > max_bytes) {
    return Transfer::kTooLong;
  }
  text.resize(size);
  return receive_all(fd, text.data(), size, deadline, stop_fd);
}

}  // namespace rheon::env::posix
