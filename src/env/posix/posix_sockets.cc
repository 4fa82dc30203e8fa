#include "env/posix/posix_sockets.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "env/files.h"
#include "env/posix/descriptor.h"
#include "env/posix/out_of_memory.h"
#include "env/posix/socket_message.h"
#include "env/system_error.h"

namespace rheon::env::posix {
namespace {

constexpr std::size_t kMaxRequestBytes = 64 * 1024;
constexpr std::size_t kMaxAnswerBytes = 64 * 1024 * 1024;
constexpr std::chrono::seconds kSilentPeer{5};
constexpr std::chrono::milliseconds kPause{20};  // after accept() failed, or a full backlog
constexpr int kBacklog = 16;

Deadline after(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds kForever = std::chrono::hours{24 * 365};
  return std::chrono::steady_clock::now() + std::min(time, kForever);
}

void pause(int stop_fd) { static_cast<void>(wait_for(-1, 0, after(kPause), stop_fd)); }

/// The address of a path of any length: the kernel's 107 bytes are got round by naming the socket
/// through a descriptor of its directory, which must stay open while the address is used.
struct Address {
  sockaddr_un name{};
  Descriptor directory;
};

Result<Address> address_of(const std::string& path) {
  Address address;
  std::string short_path = path;
  if (path.size() >= sizeof(address.name.sun_path)) {
    const std::string directory = directory_of(path);
    address.directory = Descriptor(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.directory.valid()) {
      return fail_system("open the directory", directory, errno);
    }
    short_path = join("/proc/self/fd/" + std::to_string(address.directory.get()),
                      path.substr(path.rfind('/') + 1));
  }
  if (short_path.size() >= sizeof(address.name.sun_path)) {
    return fail(ErrorCode::kInvalidInput,
                "the name of the socket '" + path + "' is too long: shorten its last part");
  }
  address.name.sun_family = AF_UNIX;
  std::memcpy(address.name.sun_path, short_path.data(), short_path.size());
  return address;
}

Descriptor make_socket() {
  return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

const sockaddr* name_of(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address.name);
}

/// Removes a socket that nobody listens at.
Status remove_stale(const std::string& path, const Address& address) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? Status{} : fail_system("look at", path, errno);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail(ErrorCode::kRefused, "cannot listen at '" + path + "': it is not a socket");
  }
  const Descriptor probe = make_socket();
  if (!probe.valid()) {
    return fail_system("make a socket for", path, errno);
  }
  const int answer = ::connect(probe.get(), name_of(address), sizeof(address.name));
  if (answer == 0 || errno == EAGAIN) {
    return fail(ErrorCode::kRefused,
                "cannot listen at '" + path + "': another process listens there");
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail_system("remove the stale socket", path, errno);
  }
  return {};
}

Result<Descriptor> listen_at(const std::string& path) {
  RHEON_ASSIGN(const Address address, address_of(path));
  RHEON_TRY(remove_stale(path, address));
  Descriptor socket = make_socket();
  // The mode of an unbound socket is that of the file which bind() makes: nobody can be quicker.
  if (!socket.valid() || ::fchmod(socket.get(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(socket.get(), name_of(address), sizeof(address.name)) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return fail_system("listen at", path, errno);
  }
  return socket;
}

class ServingThread : public LocalServer {
 public:
  ServingThread(std::string path, Descriptor socket, Descriptor stop,
                std::function<std::string(const std::string&)> answer)
      : path_(std::move(path)),
        socket_(std::move(socket)),
        stop_(std::move(stop)),
        answer_(std::move(answer)),
        thread_(start_thread([this] { serve(); })) {}

  ~ServingThread() override {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(stop_.get(), &one, sizeof(one)));
    thread_.join();
    ::unlink(path_.c_str());
  }

 private:
  void serve() {
    ::pthread_setname_np(::pthread_self(), "rheon-control");
    while (wait_for(socket_.get(), POLLIN, Deadline::max(), stop_.get()) == Transfer::kDone) {
      const Descriptor peer(
          ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (peer.valid()) {
        talk_to(peer.get());
      } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        // No descriptor is free, for instance: the peer stays in the backlog.
        pause(stop_.get());
      }
    }
  }

  void talk_to(int peer) {
    std::string request;
    if (receive_message(peer, request, kMaxRequestBytes, after(kSilentPeer), stop_.get()) !=
        Transfer::kDone) {
      return;
    }
    static_cast<void>(send_message(peer, answer_(request), after(kSilentPeer), stop_.get()));
  }

  std::string path_;
  Descriptor socket_;
  Descriptor stop_;  // an eventfd
  std::function<std::string(const std::string&)> answer_;
  std::thread thread_;  // last: it uses all the others
};

tl::unexpected<Error> not_listening(const std::string& path) {
  return fail(ErrorCode::kNotFound, "nobody listens at '" + path + "'");
}

Result<Descriptor> connect_to(const std::string& path, Deadline deadline) {
  auto address = address_of(path);
  if (!address) {
    return address.error().code == ErrorCode::kNotFound
               ? not_listening(path)
               : tl::unexpected<Error>(std::move(address).error());
  }
  Descriptor socket = make_socket();
  if (!socket.valid()) {
    return fail_system("make a socket for", path, errno);
  }
  while (::connect(socket.get(), name_of(*address), sizeof(address->name)) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
      return not_listening(path);
    }
    if (errno == EACCES || errno == EPERM) {
      return fail(ErrorCode::kRefused, "this user may not talk to the job at '" + path +
                                           "': ask as the one who runs it");
    }
    if (errno != EAGAIN && errno != EINTR) {  // EAGAIN: the backlog is full
      return fail_system("connect to", path, errno);
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(ErrorCode::kIo, "the process that listens at '" + path + "' is too busy");
    }
    pause(-1);
  }
  return socket;
}

Status explain(Transfer transfer, const std::string& path) {
  switch (transfer) {
    case Transfer::kDone:
      return {};
    case Transfer::kTimedOut:
      return fail(ErrorCode::kIo, "no answer in time from '" + path + "'");
    case Transfer::kTooLong:
      return fail(ErrorCode::kIo, "the answer from '" + path + "' is too long");
    case Transfer::kClosed:
    case Transfer::kStopped:
      return fail(ErrorCode::kIo, "the process that listens at '" + path + "' hung up");
    case Transfer::kFailed:
      break;
  }
  return fail_system("talk to", path, errno);
}

}  // namespace

Result<std::unique_ptr<LocalServer>> PosixSockets::serve(
    const std::string& path, std::function<std::string(const std::string&)> answer) {
  RHEON_ASSIGN(Descriptor socket, listen_at(path));
  Descriptor stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop.valid()) {
    return fail_system("listen at", path, errno);
  }
  return std::make_unique<ServingThread>(path, std::move(socket), std::move(stop),
                                         std::move(answer));
}

Result<std::string> PosixSockets::ask(const std::string& path, const std::string& request,
                                      std::chrono::milliseconds timeout) {
  if (request.size() > kMaxRequestBytes) {
    return fail(ErrorCode::kInvalidInput, "the request to '" + path + "' is longer than 64 KiB");
  }
  const Deadline deadline = after(timeout);
  RHEON_ASSIGN(const Descriptor socket, connect_to(path, deadline));
  RHEON_TRY(explain(send_message(socket.get(), request, deadline, -1), path));
  std::string answer;
  RHEON_TRY(explain(receive_message(socket.get(), answer, kMaxAnswerBytes, deadline, -1), path));
  return answer;
}

}  // namespace rheon::env::posix
