#pragma once

// TLS (1.2 and 1.3, by OpenSSL) over the seam's streams of bytes.

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "env/network.h"
#include "tls/options.h"

struct ssl_ctx_st;

namespace rheon::tls {

/// What all connections of one client have in common. Any thread, several at once.
class Context {
 public:
  /// Reads the files. kInvalidInput: one of them is not what it should be, in a sentence.
  [[nodiscard]] static Result<std::shared_ptr<const Context>> make(const Tls& options);

  /// Encrypts what goes through `stream`, which has just been begun. The peer has to prove that it
  /// is `host`, a name or an address. What is written after a write that took none begins with the
  /// same bytes. Besides the stream's own errors its calls have kRefused: the peer cannot prove who
  /// it is, does not take our certificate, or speaks no version of TLS that we do.
  [[nodiscard]] std::unique_ptr<env::NetworkStream> encrypt(
      std::unique_ptr<env::NetworkStream> stream, const std::string& host,
      std::uint16_t port) const;

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  explicit Context(std::unique_ptr<ssl_ctx_st, Free> context) : context_(std::move(context)) {}

  std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace rheon::tls
