#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "env/network.h"

namespace rheon::env::fake {

/// Peers that a test has written. They answer at once, on the caller's thread. Nothing is carried
/// whole: see most_bytes.
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
    for (const auto& [stream, waker] : open_) {
      waker->wake();
    }
  }
  /// So much at most goes into one write, or comes out of one read; each second call moves nothing.
  std::size_t most_bytes = SIZE_MAX;

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
          cuts_(network_.cuts_[place_]) {
      network_.open_[this] = &waker_;
    }
    ~Stream() override { network_.open_.erase(this); }

    Result<std::size_t> write(std::span<const std::byte> bytes) override {
      RHEON_TRY(still_there());
      const std::size_t n = takes(bytes.size(), wrote_);
      come_ += n == 0 ? "" : peer_(as_text(bytes.first(n)));
      wake_if(n < bytes.size() || !come_.empty());
      return n;
    }
    Result<std::size_t> read(std::span<std::byte> into) override {
      if (come_.empty()) {
        RHEON_TRY(still_there());
      }
      const std::size_t n = takes(std::min(into.size(), come_.size()), read_);
      std::copy_n(as_bytes(come_).begin(), n, into.begin());
      come_.erase(0, n);
      wake_if(!come_.empty());
      return n;
    }

   private:
    /// Whoever waits is woken when a call could move something, and not else.
    void wake_if(bool more) {
      if (more) {
        waker_.wake();
      }
    }
    /// Of so many bytes.
    [[nodiscard]] std::size_t takes(std::size_t bytes, bool& moved) const {
      moved = !moved || network_.most_bytes == SIZE_MAX;
      return moved ? std::min(bytes, network_.most_bytes) : 0;
    }
    [[nodiscard]] Status still_there() const {
      const std::string name = place_.first + ":" + std::to_string(place_.second);
      if (!peer_) {
        return fail(ErrorCode::kIo, "cannot connect to '" + name + "': Connection refused");
      }
      if (network_.cuts_[place_] != cuts_) {
        return fail(ErrorCode::kIo, name + " has closed the connection");
      }
      return {};
    }

    FakeNetwork& network_;
    Place place_;
    Waker& waker_;
    Peer peer_;
    int cuts_;
    bool wrote_ = false;  // with the last call
    bool read_ = false;
    std::string come_;
  };

  std::map<Place, std::function<Peer()>> listeners_;
  std::map<Place, int> cuts_;
  std::map<const Stream*, Waker*> open_;
};

}  // namespace rheon::env::fake
