#include "tls/stream.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

#include "base/assert.h"

namespace rheon::tls {

struct Stream::Below {
  static Stream& of(BIO* bio) { return *static_cast<Stream*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    Stream& self = of(bio);
    const auto taken =
        self.below_->write(std::as_bytes(std::span(bytes, static_cast<std::size_t>(size))));
    if (taken.has_value() && *taken > 0) {
      self.spoke_ = true;
    } else if (taken.has_value()) {
      BIO_set_retry_write(bio);
    }
    return self.moved(taken);
  }
  static int read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    Stream& self = of(bio);
    const auto come =
        self.below_->read(std::as_writable_bytes(std::span(into, static_cast<std::size_t>(size))));
    if (come.has_value() && *come == 0) {
      BIO_set_retry_read(bio);
    }
    return self.moved(come);
  }
  static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;  // nothing waits here
  }

  static BIO_METHOD* method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "rheon stream");
      RHEON_ASSERT(made != nullptr, "OpenSSL has no memory");
      BIO_meth_set_write(made, write);
      BIO_meth_set_read(made, read);
      BIO_meth_set_ctrl(made, control);
      return made;
    }();
    return method;
  }
};

namespace {

/// Of an address, which a certificate names in another way than a name.
bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> room{};
  return ::inet_pton(AF_INET, host.c_str(), room.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), room.data()) == 1;
}

/// Reasons with which OpenSSL gives up when the peer does not speak TLS.
bool is_other_protocol(int reason) {
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
         reason == SSL_R_HTTP_REQUEST || reason == SSL_R_RECORD_LENGTH_MISMATCH;
}

/// The two will never agree.
bool is_about_versions(int reason) {
  return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION ||
         reason == SSL_R_NO_SHARED_CIPHER || reason == SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY;
}

/// The peer's last word was that it does not like our certificate, or that there is none.
bool is_about_our_certificate(int reason) {
  switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return true;
    default:
      return false;
  }
}

}  // namespace

Stream::Stream(ssl_ctx_st* context, std::unique_ptr<env::NetworkStream> below,
               const std::string& host, std::uint16_t port)
    : below_(std::move(below)), peer_(host + ":" + std::to_string(port)), ssl_(SSL_new(context)) {
  BIO* const bio = ssl_ == nullptr ? nullptr : BIO_new(Below::method());
  RHEON_ASSERT(bio != nullptr, "OpenSSL has no memory");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool names_peer =
      !host.empty() &&
      (is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str()) == 1
                        : SSL_set1_host(ssl_, host.c_str()) == 1 &&
                              SSL_set_tlsext_host_name(ssl_, host.c_str()) == 1);
  RHEON_ASSERT(names_peer, "nobody can prove to be a host without a name");
  SSL_set_connect_state(ssl_);
}

Stream::~Stream() {
  SSL_set_quiet_shutdown(ssl_, 1);  // Kafka's peers just hang up
  SSL_free(ssl_);
}

Result<std::size_t> Stream::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) {
    return 0;
  }
  ERR_clear_error();
  std::size_t taken = 0;
  const int answer = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &taken);
  if (answer == 1) {
    return taken;
  }
  auto none = none_or_error(answer);
  if (none.has_value() || none.error().code == ErrorCode::kRefused) {
    return none;
  }
  // Who hangs up on us may have said why.
  std::array<std::byte, 1> last_word{};
  ERR_clear_error();
  std::size_t come = 0;
  if (const int said = SSL_peek_ex(ssl_, last_word.data(), last_word.size(), &come); said != 1) {
    auto why = none_or_error(said);
    return !why.has_value() && why.error().code == ErrorCode::kRefused ? why : none;
  }
  return none;
}

Result<std::size_t> Stream::read(std::span<std::byte> into) {
  if (into.empty()) {
    return 0;
  }
  ERR_clear_error();
  std::size_t come = 0;
  const int answer = SSL_read_ex(ssl_, into.data(), into.size(), &come);
  return answer == 1 ? Result<std::size_t>(come) : none_or_error(answer);
}

int Stream::moved(const Result<std::size_t>& bytes) {
  if (!bytes.has_value()) {
    failed_ = bytes.error();
    return -1;
  }
  return *bytes > 0 ? static_cast<int>(*bytes) : -1;
}

Result<std::size_t> Stream::none_or_error(int answer) {
  const int error = SSL_get_error(ssl_, answer);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    return 0;
  }
  if (error == SSL_ERROR_ZERO_RETURN) {
    return fail(ErrorCode::kIo, peer_ + " has closed the connection");
  }
  if (error == SSL_ERROR_SSL) {
    return judge(ERR_peek_last_error());
  }
  if (!failed_.has_value()) {
    return fail(ErrorCode::kIo, "talking TLS to " + peer_ + " failed");
  }
  const bool agreed = SSL_is_init_finished(ssl_) == 1;
  return fail(failed_->code,
              failed_->message + (agreed || !spoke_
                                      ? ""
                                      : ", before it had agreed on TLS: is TLS what is spoken at "
                                        "this port?"));
}

tl::unexpected<Error> Stream::judge(unsigned long error) const {
  const auto because = [](const std::string& why) { return fail(ErrorCode::kRefused, why); };
  const long proof = SSL_get_verify_result(ssl_);
  if (proof == X509_V_ERR_HOSTNAME_MISMATCH || proof == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return because("whoever answers at " + peer_ +
                   " shows a certificate for other names. Connect to it by a name that its "
                   "certificate has");
  }
  if (proof != X509_V_OK) {
    return because("the certificate of " + peer_ + " is not trusted (" +
                   X509_verify_cert_error_string(proof) +
                   "). When it is the right one, name a file with the certificate of who vouches "
                   "for it in tls.authorities");
  }
  const int reason = ERR_GET_REASON(error);
  if (is_other_protocol(reason)) {
    return fail(ErrorCode::kIo, peer_ + " does not answer with TLS. Is it a port for TLS?");
  }
  const char* text = ERR_reason_error_string(error);
  const std::string words = text == nullptr ? "no reason" : text;
  if (is_about_our_certificate(reason)) {
    return because(
        peer_ + " does not let us in with " +
        (SSL_get_certificate(ssl_) == nullptr ? "no certificate of our own" : "our certificate") +
        " (" + words + "): see tls.certificate and tls.key");
  }
  const std::string sentence = "there is no way to talk TLS with " + peer_ + ": " + words;
  return is_about_versions(reason) ? because(sentence) : fail(ErrorCode::kIo, sentence);
}

}  // namespace rheon::tls
