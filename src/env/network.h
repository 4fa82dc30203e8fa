#pragma once

// Connections to other machines, over TCP.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "env/io_pool.h"

namespace rheon::env {

/// A stream of bytes to a peer and back. Nothing blocks: what cannot be done now can be done when
/// the waker has been woken. One thread at a time. The destructor closes it; the network must still
/// be there.
class NetworkStream {
 public:
  virtual ~NetworkStream() = default;
  /// How many of the bytes were taken; 0: none, while it is being connected or the peer is slow:
  /// then, and only then, the waker says when to go on. kNotFound: there is no such host; kIo: any
  /// other error, also that the peer has ended it. The sentences name the peer. What had come
  /// before an error of write() can still be read; after one of read() the stream is of no use any
  /// more.
  [[nodiscard]] virtual Result<std::size_t> write(std::span<const std::byte> bytes) = 0;
  /// How many bytes stand in `into` now, which is not empty; 0: none have come, and as with write()
  /// the waker says when they have. Errors: as of write().
  [[nodiscard]] virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  /// Begins to connect; whether that succeeds the stream's calls say. `waker` is woken when one
  /// that has answered 0 may have more to say, also spuriously; it must live as long as the stream.
  [[nodiscard]] virtual std::unique_ptr<NetworkStream> connect(const std::string& host,
                                                               std::uint16_t port,
                                                               Waker& waker) = 0;
};

}  // namespace rheon::env
