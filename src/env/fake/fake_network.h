#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "env/network.h"

namespace rheon::env::fake {

/// Peers that a test has written. They answer at once, on the caller's thread.
class FakeNetwork : public Network {
 public:
  /// One connection's other end: takes the bytes that have come, returns what it answers.
  using Peer = std::function<std::string(std::string_view)>;

  /// Somebody listens there: `accept` makes a peer for each connection.
  void listen(const std::string& host, std::uint16_t port, std::function<Peer()> accept) {
    listeners_[{host, port}] = std::move(accept);
  }
  /// Nobody listens there any more, and the connections are cut.
  void hang_up(const std::string& host, std::uint16_t port) {
    listeners_.erase({host, port});
    ++cuts_[{host, port}];
  }

  std::unique_ptr<NetworkStream> connect(const std::string& host, std::uint16_t port,
                                         Waker& waker) override {
    const auto listener = listeners_.find({host, port});
    waker.wake();
    return std::make_unique<Stream>(*this, Place{host, port}, waker,
                                    listener == listeners_.end() ? Peer() : listener->second());
  }

 private:
  using Place = std::pair<std::string, std::uint16_t>;

  class Stream final : public NetworkStream {
   public:
    Stream(FakeNetwork& network, Place place, Waker& waker, Peer peer)
        : network_(network),
          place_(std::move(place)),
          waker_(waker),
          peer_(std::move(peer)),
          cuts_(network_.cuts_[place_]) {}

    Result<std::size_t> write(std::span<const std::byte> bytes) override {
      RHEON_TRY(still_there());
      come_ += peer_(as_text(bytes));
      waker_.wake();
      return bytes.size();
    }
    Result<std::size_t> read(std::span<std::byte> into) override {
      if (come_.empty()) {
        RHEON_TRY(still_there());
      }
      const std::size_t n = std::min(into.size(), come_.size());
      std::memcpy(into.data(), come_.data(), n);
      come_.erase(0, n);
      return n;
    }

   private:
    [[nodiscard]] Status still_there() const {
      const std::string name = place_.first + ":" + std::to_string(place_.second);
      if (!peer_) {
        return fail(ErrorCode::kIo, "cannot connect to '" + name + "': Connection refused");
      }
      if (network_.cuts_[place_] != cuts_) {
        return fail(ErrorCode::kClosed, name + " has closed the connection");
      }
      return {};
    }

    FakeNetwork& network_;
    Place place_;
    Waker& waker_;
    Peer peer_;
    int cuts_;
    std::string come_;
  };

  std::map<Place, std::function<Peer()>> listeners_;
  std::map<Place, int> cuts_;
};

}  // namespace rheon::env::fake
