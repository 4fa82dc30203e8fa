// Real sockets of this machine's loopback.

#include "env/network.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>
#include <thread>

#include "base/bytes.h"
#include "env/posix/descriptor.h"
#include "env/posix/posix_network.h"
#include "env/posix/posix_threads.h"

namespace rheon::env::posix {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

/// Somebody who listens at a port that the system has chosen.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(::listen(socket_.get(), 4), 0);
    socklen_t size = sizeof name;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(name.sin_port);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Descriptor accept() const {
    return Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

 private:
  Descriptor socket_;
  std::uint16_t port_ = 0;
};

class NetworkTest : public ::testing::Test {
 protected:
  void connect(const std::string& host, std::uint16_t port) {
    stream_ = network_.connect(host, port, *parker_);
  }
  /// Waits for the waker between two tries, as a shard does.
  template <class Try>
  auto until_some(Try&& attempt) {
    for (;;) {
      const Result<std::size_t> n = attempt();
      if (!n.has_value() || *n > 0) {
        return n;
      }
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      parker_->park_until(now + seconds{20});
      if (std::chrono::steady_clock::now().time_since_epoch() - now >= seconds{20}) {
        ADD_FAILURE() << "nobody has woken it";
        return n;
      }
    }
  }
  Result<std::size_t> write(std::string_view text) {
    return until_some([&] { return stream_->write(as_bytes(text)); });
  }
  /// What comes next, or the sentence of an error.
  std::string read() {
    std::string into(1 << 16, '\0');
    const auto n = until_some(
        [&] { return stream_->read(std::as_writable_bytes(std::span(into.data(), into.size()))); });
    return n.has_value() ? into.substr(0, *n) : n.error().message;
  }

  PosixThreads threads_;
  std::unique_ptr<Parker> parker_ = threads_.make_parker();
  PosixNetwork network_;
  Listener listener_;
  std::unique_ptr<NetworkStream> stream_;
};

TEST_F(NetworkTest, CarriesBytesBothWays) {
  connect("127.0.0.1", listener_.port());
  ASSERT_TRUE(write("to be").has_value());
  const Descriptor peer = listener_.accept();
  std::string got(5, '\0');
  ASSERT_EQ(::recv(peer.get(), got.data(), got.size(), MSG_WAITALL), 5);
  EXPECT_EQ(got, "to be");
  ASSERT_EQ(::send(peer.get(), "or not", 6, 0), 6);
  EXPECT_EQ(read(), "or not");
}

TEST_F(NetworkTest, LooksNamesUp) {
  connect("localhost", listener_.port());
  EXPECT_TRUE(write("x").has_value());
}

TEST_F(NetworkTest, TakesNoMoreThanThePeerDoes) {
  connect("127.0.0.1", listener_.port());
  ASSERT_TRUE(write("x").has_value());
  const Descriptor peer = listener_.accept();
  const std::string much(1 << 20, 'm');
  std::size_t sent = 1;
  for (;;) {
    const auto n = stream_->write(as_bytes(much));
    ASSERT_TRUE(n.has_value());
    if (*n == 0) {
      break;
    }
    sent += *n;
  }
  std::thread reader([&peer, sent] {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});  // the writer waits by then
    std::string got(sent, '\0');
    EXPECT_EQ(::recv(peer.get(), got.data(), got.size(), MSG_WAITALL), static_cast<ssize_t>(sent));
  });
  EXPECT_TRUE(write("y").has_value()) << "it is woken when there is room again";
  reader.join();
}

TEST_F(NetworkTest, SaysWhenNobodyListens) {
  std::uint16_t port = 0;
  {
    const Listener gone;
    port = gone.port();
  }
  connect("127.0.0.1", port);
  EXPECT_EQ(read(),
            "cannot connect to '127.0.0.1:" + std::to_string(port) + "': Connection refused");
}

TEST_F(NetworkTest, SaysWhenThereIsNoSuchHost) {
  connect("no-such-host.invalid", 9092);
  const auto n = write("x");
  ASSERT_FALSE(n.has_value());
  EXPECT_THAT(n.error().message, HasSubstr("there is no host 'no-such-host.invalid'"));
}

TEST_F(NetworkTest, SaysWhenThePeerHasEndedIt) {
  connect("127.0.0.1", listener_.port());
  ASSERT_TRUE(write("x").has_value());
  const Descriptor peer = listener_.accept();
  ASSERT_EQ(::send(peer.get(), "last", 4, 0), 4);
  ASSERT_EQ(::shutdown(peer.get(), SHUT_WR), 0);
  EXPECT_EQ(read(), "last");
  EXPECT_THAT(read(), HasSubstr("has closed the connection"));
}

TEST_F(NetworkTest, SaysWhenThePeerHasBrokenIt) {
  connect("127.0.0.1", listener_.port());
  ASSERT_TRUE(write("never read").has_value());
  {
    const Descriptor peer = listener_.accept();
    char first = 0;
    ASSERT_EQ(::recv(peer.get(), &first, 1, MSG_PEEK), 1);  // it has come: closing now resets
  }
  EXPECT_THAT(read(), HasSubstr("has closed the connection"));
}

TEST_F(NetworkTest, AsksNobodyForAnAddress) {
  connect("no-such-host.invalid", 1);  // may keep the resolver
  const auto waiting = std::move(stream_);
  connect("127.0.0.1", listener_.port());
  EXPECT_TRUE(write("x").has_value());
}

TEST_F(NetworkTest, MayBeGoneWhileItIsBeingConnected) {
  for (int i = 0; i < 20; ++i) {
    connect(i % 2 == 0 ? "localhost" : "no-such-host.invalid", listener_.port());
    stream_.reset();
  }
}

}  // namespace
}  // namespace rheon::env::posix
