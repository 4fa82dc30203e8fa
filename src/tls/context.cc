#include "tls/context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "tls/stream.h"

namespace rheon::tls {

namespace {

/// A record holds 16 KiB; several of them in one read of the stream.
constexpr std::size_t kReadBytes = 64 << 10;

/// Nobody is there to type one.
int no_passphrase(char* /*into*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

tl::unexpected<Error> bad_file(const std::string& what, const std::string& file) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return fail(ErrorCode::kInvalidInput, "'" + file + "' cannot be used as " + what + ": " +
                                            (reason == nullptr ? "it is not PEM" : reason));
}

}  // namespace

void Context::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<std::shared_ptr<const Context>> Context::make(const Tls& options) {
  std::unique_ptr<ssl_ctx_st, Free> context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) {
    return fail(ErrorCode::kInternal, "OpenSSL gives no context");
  }
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_default_passwd_cb(raw, no_passphrase);
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_default_read_buffer_len(raw, kReadBytes);
  ERR_clear_error();
  if (options.authorities.empty()) {
    if (SSL_CTX_set_default_verify_paths(raw) != 1) {
      return bad_file("a list of whom the system trusts", X509_get_default_cert_file());
    }
  } else if (SSL_CTX_load_verify_file(raw, options.authorities.c_str()) != 1) {
    return bad_file("a list of authorities (tls.authorities)", options.authorities);
  }
  if (options.certificate.empty() != options.key.empty()) {
    return fail(ErrorCode::kInvalidInput,
                "a certificate of our own has two files, tls.certificate and tls.key: one of them "
                "is missing");
  }
  if (!options.certificate.empty()) {
    if (SSL_CTX_use_certificate_chain_file(raw, options.certificate.c_str()) != 1) {
      return bad_file("a certificate (tls.certificate)", options.certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(raw, options.key.c_str(), SSL_FILETYPE_PEM) != 1) {
      return bad_file("a private key without a passphrase (tls.key)", options.key);
    }
  }
  return std::shared_ptr<const Context>(new Context(std::move(context)));
}

std::unique_ptr<env::NetworkStream> Context::encrypt(std::unique_ptr<env::NetworkStream> stream,
                                                     const std::string& host,
                                                     std::uint16_t port) const {
  return std::make_unique<Stream>(context_.get(), std::move(stream), host, port);
}

}  // namespace rheon::tls
