#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "env/network.h"

struct ssl_ctx_st;
struct ssl_st;

namespace rheon::tls {

/// See Context::encrypt(). OpenSSL reads and writes the stream below as it needs it; no bytes wait
/// anywhere else.
class Stream final : public env::NetworkStream {
 public:
  Stream(ssl_ctx_st* context, std::unique_ptr<env::NetworkStream> below, const std::string& host,
         std::uint16_t port);
  ~Stream() override;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Result<std::size_t> write(std::span<const std::byte> bytes) override;
  Result<std::size_t> read(std::span<std::byte> into) override;

 private:
  struct Below;  // what OpenSSL knows of the stream below

  /// What a call of the stream below means to OpenSSL: bytes, or -1.
  [[nodiscard]] int moved(const Result<std::size_t>& bytes);
  /// What OpenSSL has answered to a call that did nothing.
  [[nodiscard]] Result<std::size_t> none_or_error(int answer);
  /// kRefused where trying again does not help, kIo where it may.
  [[nodiscard]] tl::unexpected<Error> judge(unsigned long error) const;

  std::unique_ptr<env::NetworkStream> below_;
  std::string peer_;
  ssl_st* ssl_;
  std::optional<Error> failed_;  // of the stream below
  bool spoke_ = false;           // the stream below has taken bytes
};

}  // namespace rheon::tls
