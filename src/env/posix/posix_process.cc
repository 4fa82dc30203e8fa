#include "env/posix/posix_process.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <thread>

#include "base/assert.h"
#include "env/system_error.h"

namespace rheon::env::posix {
namespace {

// What a signal handler may touch: lock-free atomics, and calls that signal-safety(7) lists.
std::atomic<bool> stop_asked{false};
std::atomic<int> stop_event{-1};
std::atomic<std::int64_t> first_stop_nanos{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
              std::atomic<std::int64_t>::is_always_lock_free);

// One Ctrl-C can arrive twice: from the terminal, and from a parent that passes on what it got.
constexpr std::int64_t kSecondStopNanos = 500'000'000;

std::int64_t monotonic_nanos() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void raise_event(int event) {
  const std::uint64_t one = 1;
  // Fails only when the event is raised already.
  static_cast<void>(!::write(event, &one, sizeof(one)));
}

void on_stop_signal(int signal) {
  const int saved = errno;
  const std::int64_t now = monotonic_nanos();
  std::int64_t first = 0;
  if (!first_stop_nanos.compare_exchange_strong(first, now) && now - first >= kSecondStopNanos) {
    std::signal(signal, SIG_DFL);
    ::kill(::getpid(), signal);  // is delivered when this handler returns
  }
  stop_asked.store(true);
  if (const int event = stop_event.load(); event >= 0) {
    raise_event(event);
  }
  errno = saved;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

std::chrono::microseconds duration_of(const timeval& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
}

std::uint64_t resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> statm(std::fopen("/proc/self/statm", "re"),
                                                              std::fclose);
  unsigned long long total = 0;
  unsigned long long resident = 0;
  if (statm == nullptr || std::fscanf(statm.get(), "%llu %llu", &total, &resident) != 2) {
    return 0;
  }
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

int descriptor_of(Stream stream) { return stream == Stream::kOut ? STDOUT_FILENO : STDERR_FILENO; }

Status wait_until_writable(int fd) {
  pollfd poll{fd, POLLOUT, 0};
  if (retry([&] { return ::poll(&poll, 1, -1); }) < 0) {
    return fail_system("wait for", "the standard output", errno);
  }
  return {};
}

}  // namespace

PosixProcess::PosixProcess() : end_of_input_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  RHEON_ASSERT(end_of_input_.valid(), "the system gives an eventfd");
  std::signal(SIGPIPE, SIG_IGN);
}

PosixProcess::~PosixProcess() {
  int event = end_of_input_.get();
  stop_event.compare_exchange_strong(event, -1);
}

std::uint32_t PosixProcess::id() { return static_cast<std::uint32_t>(::getpid()); }

unsigned PosixProcess::cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&allowed)));
  }
  return std::max(1u, std::thread::hardware_concurrency());
}

Usage PosixProcess::usage() {
  Usage usage;
  usage.resident_bytes = resident_bytes();
  struct rusage times{};
  if (::getrusage(RUSAGE_SELF, &times) == 0) {
    usage.cpu = duration_of(times.ru_utime) + duration_of(times.ru_stime);
  }
  return usage;
}

bool PosixProcess::stop_requested() { return stop_asked.load(std::memory_order_relaxed); }

void PosixProcess::watch_stop() {
  stop_event.store(end_of_input_.get());
  handle(SIGINT, on_stop_signal);
  handle(SIGTERM, on_stop_signal);
}

void PosixProcess::end_input() { raise_event(end_of_input_.get()); }

Result<std::size_t> PosixProcess::read_input(std::span<std::byte> into) {
  std::array<pollfd, 2> waits{{{STDIN_FILENO, POLLIN, 0}, {end_of_input_.get(), POLLIN, 0}}};
  if (retry([&] { return ::poll(waits.data(), waits.size(), -1); }) < 0) {
    return fail_system("wait for", "the standard input", errno);
  }
  if (waits[1].revents != 0) {
    return std::size_t{0};
  }
  const auto got = retry([&] { return ::read(STDIN_FILENO, into.data(), into.size()); });
  if (got < 0) {
    return fail_system("read", "the standard input", errno);
  }
  return static_cast<std::size_t>(got);
}

Status PosixProcess::write(Stream stream, std::span<const std::byte> bytes) {
  const int fd = descriptor_of(stream);
  while (!bytes.empty()) {
    const auto put = retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (put < 0 && errno == EAGAIN) {  // whoever gave us the descriptor made it non-blocking
      RHEON_TRY(wait_until_writable(fd));
      continue;
    }
    if (put < 0) {
      return fail_system("write to", stream == Stream::kOut ? "standard output" : "standard error",
                         errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

bool PosixProcess::is_terminal(Stream stream) { return ::isatty(descriptor_of(stream)) == 1; }

unsigned PosixProcess::width(Stream stream) {
  winsize size{};
  return ::ioctl(descriptor_of(stream), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace rheon::env::posix
