#include "env/posix/posix_network.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "env/posix/descriptor.h"
#include "env/posix/out_of_memory.h"
#include "env/system_error.h"

namespace rheon::env::posix {

namespace {

struct Address {
  sockaddr_storage name{};
  socklen_t size = 0;
};
using Addresses = Result<std::vector<Address>>;

Addresses look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) {
    return fail(code == EAI_SYSTEM ? ErrorCode::kIo : ErrorCode::kNotFound,
                "there is no host '" + host + "': " + ::gai_strerror(code));
  }
  std::vector<Address> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Address& address = addresses.emplace_back();
    std::memcpy(&address.name, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return addresses;
}

}  // namespace

/// Wakes the wakers of sockets at which something has happened.
class PosixNetwork::Watcher {
 public:
  Watcher()
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)), stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    RHEON_ASSERT(epoll_.valid() && stop_.valid(), "the system has no descriptors left");
    add(stop_.get(), kStop, EPOLLIN);
    thread_ = start_thread([this] { run(); });
  }
  ~Watcher() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(stop_.get(), &one, sizeof(one)));
    thread_.join();
  }

  /// False: the system cannot watch any more sockets; errno says why.
  [[nodiscard]] bool watch(int socket, Waker& waker, std::uint64_t& id) {
    const std::scoped_lock lock(mutex_);
    id = next_id_++;
    wakers_[id] = &waker;
    if (add(socket, id, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
      return true;
    }
    wakers_.erase(id);
    return false;
  }
  /// When this returns the waker is not used any more. The socket is closed by its owner.
  void forget(std::uint64_t id) {
    const std::scoped_lock lock(mutex_);
    wakers_.erase(id);
  }

 private:
  static constexpr std::uint64_t kStop = 0;

  bool add(int descriptor, std::uint64_t id, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "rheon-network");
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
      const std::scoped_lock lock(mutex_);
      for (int i = 0; i < n; ++i) {
        const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
        if (id == kStop) {
          return;
        }
        if (const auto waker = wakers_.find(id); waker != wakers_.end()) {
          waker->second->wake();
        }
      }
    }
  }

  Descriptor epoll_;
  Descriptor stop_;
  std::mutex mutex_;
  std::map<std::uint64_t, Waker*> wakers_;
  std::uint64_t next_id_ = kStop + 1;
  std::thread thread_;  // last: it uses all the others
};

/// Looks names up, one after the other.
class PosixNetwork::Resolver {
 public:
  /// What is looked up for one stream. Shared, because the stream may be gone before the answer.
  struct Question {
    std::string host;
    std::uint16_t port = 0;
    std::mutex mutex;
    Waker* waker = nullptr;  // null: nobody waits any more
    std::optional<Addresses> answer;
  };

  Resolver() : thread_(start_thread([this] { run(); })) {}
  ~Resolver() {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
    }
    news_.notify_one();
    thread_.join();
  }

  void ask(std::shared_ptr<Question> question) {
    {
      const std::scoped_lock lock(mutex_);
      questions_.push_back(std::move(question));
    }
    news_.notify_one();
  }

 private:
  void run() {
    ::pthread_setname_np(::pthread_self(), "rheon-names");
    std::unique_lock lock(mutex_);
    for (;;) {
      news_.wait(lock, [this] { return stop_ || !questions_.empty(); });
      if (stop_) {
        return;
      }
      const std::shared_ptr<Question> question = std::move(questions_.front());
      questions_.pop_front();
      lock.unlock();
      Addresses answer = look_up(question->host, question->port);
      {
        const std::scoped_lock answering(question->mutex);
        question->answer = std::move(answer);
        if (question->waker != nullptr) {
          question->waker->wake();
        }
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::shared_ptr<Question>> questions_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses all the others
};

class PosixNetwork::Stream final : public NetworkStream {
 public:
  Stream(Watcher& watcher, Resolver& resolver, const std::string& host, std::uint16_t port,
         Waker& waker)
      : watcher_(watcher),
        waker_(waker),
        place_(host + ":" + std::to_string(port)),
        question_(std::make_shared<Resolver::Question>()) {
    question_->host = host;
    question_->port = port;
    question_->waker = &waker;
    resolver.ask(question_);
  }
  ~Stream() override {
    {
      const std::scoped_lock lock(question_->mutex);
      question_->waker = nullptr;
    }
    close();
  }

  Result<std::size_t> write(std::span<const std::byte> bytes) override {
    RHEON_ASSIGN(const bool ready, connected());
    if (!ready || bytes.empty()) {
      return 0;
    }
    const ssize_t n =
        retry([&] { return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    return n >= 0 ? Result<std::size_t>(static_cast<std::size_t>(n)) : none_or_error();
  }

  Result<std::size_t> read(std::span<std::byte> into) override {
    RHEON_ASSIGN(const bool ready, connected());
    if (!ready || into.empty()) {
      return 0;
    }
    const ssize_t n = retry([&] { return ::recv(socket_.get(), into.data(), into.size(), 0); });
    if (n == 0) {
      return fail(ErrorCode::kClosed, place_ + " has closed the connection");
    }
    return n > 0 ? Result<std::size_t>(static_cast<std::size_t>(n)) : none_or_error();
  }

 private:
  /// False: not yet.
  Result<bool> connected() {
    if (connected_) {
      return true;
    }
    if (!addresses_.has_value()) {
      const std::scoped_lock lock(question_->mutex);
      if (!question_->answer.has_value()) {
        return false;
      }
      RHEON_ASSIGN(addresses_, std::move(*question_->answer));
    }
    for (;;) {
      if (!socket_.valid()) {
        if (next_ == addresses_->size()) {
          return fail_system("connect to", place_, last_error_);
        }
        begin((*addresses_)[next_++]);
        continue;
      }
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      Address peer;
      peer.size = sizeof peer.name;
      if (error == 0 &&
          ::getpeername(socket_.get(), reinterpret_cast<sockaddr*>(&peer.name), &peer.size) == 0) {
        connected_ = true;
        return true;
      }
      if (error == 0) {
        return false;
      }
      last_error_ = error;
      close();
    }
  }

  /// Begins to connect to one of the host's addresses. Without a socket when that is not possible.
  void begin(const Address& address) {
    Descriptor socket(
        ::socket(address.name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
    if (!socket.valid()) {
      last_error_ = errno;
      return;
    }
    const int on = 1;
    static_cast<void>(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    static_cast<void>(::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
    const int answer = retry([&] {
      return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.name),
                       address.size);
    });
    if ((answer != 0 && errno != EINPROGRESS) || !watcher_.watch(socket.get(), waker_, watched_)) {
      last_error_ = errno;
      return;
    }
    socket_ = std::move(socket);
  }

  void close() {
    if (socket_.valid()) {
      watcher_.forget(watched_);
      socket_ = Descriptor();
    }
  }

  [[nodiscard]] Result<std::size_t> none_or_error() const {
    switch (errno) {
      case EAGAIN:
        return 0;
      case EPIPE:
      case ECONNRESET:
        return fail(ErrorCode::kClosed, place_ + " has closed the connection");
      default:
        return fail_system("talk to", place_, errno);
    }
  }

  Watcher& watcher_;
  Waker& waker_;
  std::string place_;
  std::shared_ptr<Resolver::Question> question_;
  std::optional<std::vector<Address>> addresses_;
  std::size_t next_ = 0;  // address to try
  int last_error_ = EHOSTUNREACH;
  Descriptor socket_;
  std::uint64_t watched_ = 0;
  bool connected_ = false;
};

PosixNetwork::PosixNetwork() = default;
PosixNetwork::~PosixNetwork() = default;

std::unique_ptr<NetworkStream> PosixNetwork::connect(const std::string& host, std::uint16_t port,
                                                     Waker& waker) {
  {
    const std::scoped_lock lock(mutex_);
    if (watcher_ == nullptr) {
      watcher_ = std::make_unique<Watcher>();
      resolver_ = std::make_unique<Resolver>();
    }
  }
  return std::make_unique<Stream>(*watcher_, *resolver_, host, port, waker);
}

}  // namespace rheon::env::posix
