#pragma once

// The other end of a connection with TLS: sends back in capital letters what has come.

#include <openssl/ssl.h>

#include <cctype>
#include <memory>
#include <string>
#include <string_view>

#include "env/fake/fake_network.h"
#include "tls/tests/authority.h"

namespace rheon::tls {

class Server {
 public:
  explicit Server(const Identity& identity) : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
  }

  /// Wants to see a certificate for which this one vouches.
  void ask_for_certificate(const std::string& authority_pem) {
    const std::unique_ptr<BIO, Freed<BIO_free>> in(
        BIO_new_mem_buf(authority_pem.data(), static_cast<int>(authority_pem.size())));
    const Certificate authority(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority.get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  void speak_at_most(int version) { SSL_CTX_set_max_proto_version(context_.get(), version); }

  void listen(env::fake::FakeNetwork& network, const std::string& host, std::uint16_t port) {
    network.listen(host, port, [this] { return peer(); });
  }
  [[nodiscard]] int agreed() const { return *agreed_; }

 private:
  [[nodiscard]] env::fake::FakeNetwork::Peer peer() const {
    const std::shared_ptr<SSL> ssl(SSL_new(context_.get()), SSL_free);
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl.get());
    return [ssl, agreed = agreed_](std::string_view bytes) {
      BIO_write(SSL_get_rbio(ssl.get()), bytes.data(), static_cast<int>(bytes.size()));
      const bool before = SSL_is_init_finished(ssl.get()) == 1;
      std::string room(64 << 10, '\0');
      for (int n = 0; (n = SSL_read(ssl.get(), room.data(), static_cast<int>(room.size()))) > 0;) {
        for (char& c : room) {
          c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        }
        SSL_write(ssl.get(), room.data(), n);
      }
      *agreed += !before && SSL_is_init_finished(ssl.get()) == 1 ? 1 : 0;
      std::string out;
      for (int n = 0; (n = BIO_read(SSL_get_wbio(ssl.get()), room.data(),
                                    static_cast<int>(room.size()))) > 0;) {
        out.append(room.data(), static_cast<std::size_t>(n));
      }
      return out;
    };
  }

  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context_;
  std::shared_ptr<int> agreed_ = std::make_shared<int>(0);
};

}  // namespace rheon::tls
