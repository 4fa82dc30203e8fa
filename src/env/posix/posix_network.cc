#include "env/posix/posix_network.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

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

/// An address per connection to try until the next one has its turn.
constexpr std::chrono::seconds kAnAddressHas{3};

/// `flags`: AI_NUMERICHOST asks nobody, and finds only what is an address already.
Addresses look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  const int error = errno;
  if (code == EAI_NONAME || code == EAI_NODATA) {
    return fail(ErrorCode::kNotFound, "there is no host '" + host + "'");
  }
  if (code != 0) {
    return fail(ErrorCode::kIo, "cannot look up the host '" + host + "': " +
                                    (code == EAI_SYSTEM ? std::generic_category().message(error)
                                                        : ::gai_strerror(code)));
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
  /// Null: the system gives no more descriptors; errno says why.
  [[nodiscard]] static std::unique_ptr<Watcher> make() {
    Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
    Descriptor stop(epoll.valid() ? ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1);
    if (!stop.valid() || !add(epoll, stop.get(), kStop, EPOLLIN)) {
      return nullptr;
    }
    return std::make_unique<Watcher>(std::move(epoll), std::move(stop));
  }
  Watcher(Descriptor epoll, Descriptor stop)
      : epoll_(std::move(epoll)),
        stop_(std::move(stop)),
        thread_(start_thread([this] { run(); })) {}
  ~Watcher() {
    stopping_ = true;
    const std::uint64_t one = 1;
    static_cast<void>(!::write(stop_.get(), &one, sizeof(one)));
    thread_.join();
  }

  /// False: the system cannot watch any more sockets; errno says why.
  [[nodiscard]] bool watch(int socket, Waker& waker, std::uint64_t& id) {
    const std::scoped_lock lock(mutex_);
    id = next_id_++;
    wakers_[id] = &waker;
    if (add(epoll_, socket, id, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
      return true;
    }
    wakers_.erase(id);
    return false;
  }
  /// When this returns the waker is not used any more. The socket is closed by its owner.
  void forget(std::uint64_t id) {
    const std::scoped_lock lock(mutex_);
    wakers_.erase(id);
    impatient_.erase(id);
  }
  /// Wakes its waker now and then as well, until told otherwise.
  void set_impatient(std::uint64_t id, bool impatient) {
    const std::scoped_lock lock(mutex_);
    if (!impatient) {
      impatient_.erase(id);
    } else if (impatient_.insert(id).second) {
      const std::uint64_t one = 1;
      static_cast<void>(!::write(stop_.get(), &one, sizeof(one)));  // it counts the time from now
    }
  }

 private:
  static constexpr std::uint64_t kStop = 0;
  static constexpr int kNowAndThenMs = 1000;

  [[nodiscard]] static bool add(const Descriptor& epoll, int descriptor, std::uint64_t id,
                                std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    return ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "rheon-network");
    std::array<epoll_event, 64> events{};
    bool impatient = false;
    for (;;) {
      const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 impatient ? kNowAndThenMs : -1);
      if (stopping_) {
        return;
      }
      const std::scoped_lock lock(mutex_);
      for (int i = 0; i < n; ++i) {
        const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
        if (id == kStop) {
          std::uint64_t count = 0;
          static_cast<void>(!::read(stop_.get(), &count, sizeof(count)));
        } else {
          wake(id);
        }
      }
      for (const std::uint64_t id : impatient_) {
        wake(id);
      }
      impatient = !impatient_.empty();
    }
  }
  void wake(std::uint64_t id) {
    if (const auto waker = wakers_.find(id); waker != wakers_.end()) {
      waker->second->wake();
    }
  }

  Descriptor epoll_;
  Descriptor stop_;  // also: look again at what there is
  std::mutex mutex_;
  std::atomic<bool> stopping_ = false;
  std::map<std::uint64_t, Waker*> wakers_;
  std::set<std::uint64_t> impatient_;
  std::uint64_t next_id_ = kStop + 1;
  std::thread thread_;  // last: it uses all the others
};

/// Looks names up, one after the other. Its thread outlives it while the system's resolver keeps it
/// waiting: nobody waits for that at the end.
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

  Resolver() : desk_(std::make_shared<Desk>()) {
    start_thread([desk = desk_] { run(*desk); }).detach();
  }
  ~Resolver() {
    const std::scoped_lock lock(desk_->mutex);
    desk_->stop = true;
    desk_->news.notify_one();
  }

  void ask(std::shared_ptr<Question> question) {
    const std::scoped_lock lock(desk_->mutex);
    desk_->questions.push_back(std::move(question));
    desk_->news.notify_one();
  }

 private:
  struct Desk {
    std::mutex mutex;
    std::condition_variable news;
    std::deque<std::shared_ptr<Question>> questions;
    bool stop = false;
  };

  static void run(Desk& desk) {
    ::pthread_setname_np(::pthread_self(), "rheon-names");
    std::unique_lock lock(desk.mutex);
    for (;;) {
      desk.news.wait(lock, [&desk] { return desk.stop || !desk.questions.empty(); });
      if (desk.stop) {
        return;
      }
      const std::shared_ptr<Question> question = std::move(desk.questions.front());
      desk.questions.pop_front();
      lock.unlock();
      answer(*question);
      lock.lock();
    }
  }
  static void answer(Question& question) {
    {
      const std::scoped_lock lock(question.mutex);
      if (question.waker == nullptr) {
        return;  // who has asked is gone
      }
    }
    Addresses found = look_up(question.host, question.port, AI_ADDRCONFIG);
    const std::scoped_lock lock(question.mutex);
    question.answer = std::move(found);
    if (question.waker != nullptr) {
      question.waker->wake();
    }
  }

  std::shared_ptr<Desk> desk_;
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
    if (Addresses known = look_up(host, port, AI_NUMERICHOST); known.has_value()) {
      question_->answer = std::move(known);
      waker.wake();
    } else {
      resolver.ask(question_);
    }
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
      return closed();
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
        watcher_.set_impatient(watched_, false);
        return true;
      }
      if (error == 0 && (next_ == addresses_->size() ||
                         std::chrono::steady_clock::now() - began_ < kAnAddressHas)) {
        return false;
      }
      last_error_ = error == 0 ? ETIMEDOUT : error;
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
    began_ = std::chrono::steady_clock::now();
    watcher_.set_impatient(watched_, next_ < addresses_->size());
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
        return closed();
      default:
        return fail_system("talk to", place_, errno);
    }
  }
  [[nodiscard]] tl::unexpected<Error> closed() const {
    return fail(ErrorCode::kIo, place_ + " has closed the connection");
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
  std::chrono::steady_clock::time_point began_;  // with this socket
  bool connected_ = false;
};

/// Of a system that has no descriptors left.
class PosixNetwork::NoStream final : public NetworkStream {
 public:
  NoStream(std::string place, int error, Waker& waker) : place_(std::move(place)), error_(error) {
    waker.wake();
  }
  Result<std::size_t> write(std::span<const std::byte> /*bytes*/) override { return failed(); }
  Result<std::size_t> read(std::span<std::byte> /*into*/) override { return failed(); }

 private:
  [[nodiscard]] tl::unexpected<Error> failed() const {
    return fail_system("connect to", place_, error_);
  }
  std::string place_;
  int error_;
};

PosixNetwork::PosixNetwork() = default;
PosixNetwork::~PosixNetwork() = default;

std::unique_ptr<NetworkStream> PosixNetwork::connect(const std::string& host, std::uint16_t port,
                                                     Waker& waker) {
  {
    const std::scoped_lock lock(mutex_);
    if (watcher_ == nullptr) {
      auto resolver = std::make_unique<Resolver>();
      watcher_ = Watcher::make();
      if (watcher_ == nullptr) {
        return std::make_unique<NoStream>(host + ":" + std::to_string(port), errno, waker);
      }
      resolver_ = std::move(resolver);
    }
  }
  return std::make_unique<Stream>(*watcher_, *resolver_, host, port, waker);
}

}  // namespace rheon::env::posix
