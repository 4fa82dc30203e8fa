#pragma once

// Certificates for tests, made on the spot.

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace rheon::tls {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

struct Identity {
  Key key;
  Certificate certificate;

  [[nodiscard]] std::string certificate_pem() const {
    return pem([&](BIO* out) { PEM_write_bio_X509(out, certificate.get()); });
  }
  [[nodiscard]] std::string key_pem(const char* passphrase = nullptr) const {
    return pem([&](BIO* out) {
      PEM_write_bio_PrivateKey(out, key.get(), passphrase == nullptr ? nullptr : EVP_aes_128_cbc(),
                               nullptr, 0, nullptr, const_cast<char*>(passphrase));
    });
  }

 private:
  template <class Write>
  static std::string pem(Write&& write) {
    const std::unique_ptr<BIO, Freed<BIO_free>> out(BIO_new(BIO_s_mem()));
    write(out.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }
};

/// Vouches for others.
class Authority {
 public:
  Authority() : self_(make("authority", "", 2 * 3600, nullptr)) {}

  [[nodiscard]] std::string certificate_pem() const { return self_.certificate_pem(); }
  /// `names` as OpenSSL writes them: "DNS:one,IP:127.0.0.1". `seconds`: for so long, from an hour
  /// ago on.
  [[nodiscard]] Identity issue(const std::string& names, long seconds = 2 * 3600) const {
    return make("peer", names, seconds, &self_);
  }

 private:
  static Identity make(const char* common_name, const std::string& names, long seconds,
                       const Identity* issuer) {
    Identity made{Key(EVP_EC_gen("P-256")), Certificate(X509_new())};
    X509* const x = made.certificate.get();
    X509_set_version(x, 2);
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), seconds - 3600);
    X509_set_pubkey(x, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
    const Identity& by = issuer == nullptr ? made : *issuer;
    X509_set_issuer_name(x, X509_get_subject_name(by.certificate.get()));
    extend(x, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    if (!names.empty()) {
      extend(x, NID_subject_alt_name, names.c_str());
    }
    X509_sign(x, by.key.get(), EVP_sha256());
    return made;
  }
  static void extend(X509* x, int nid, const char* value) {
    const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
    X509_add_ext(x, extension.get(), -1);
  }

  Identity self_;
};

}  // namespace rheon::tls
