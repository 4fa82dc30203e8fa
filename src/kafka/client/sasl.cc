#include "kafka/client/sasl.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/assert.h"

namespace rheon::kafka {

namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string to_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // with the zero that is written behind
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) {
    return std::nullopt;
  }
  std::string bytes(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(text),
                      static_cast<int>(text.size())) < 0) {
    return std::nullopt;
  }
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

class Plain final : public SaslExchange {
 public:
  explicit Plain(const Credentials& credentials)
      : first_('\0' + credentials.user + '\0' + credentials.password) {}
  std::string_view mechanism() const override { return "PLAIN"; }
  std::string begin() override { return first_; }
  Result<std::optional<std::string>> answer(std::string_view /*said*/) override {
    return std::nullopt;
  }

 private:
  std::string first_;
};

class OAuthBearer final : public SaslExchange {
 public:
  explicit OAuthBearer(const Credentials& credentials)
      : first_(
            "n,,\x01"
            "auth=Bearer " +
            credentials.password + "\x01\x01") {}
  std::string_view mechanism() const override { return "OAUTHBEARER"; }
  std::string begin() override { return first_; }
  Result<std::optional<std::string>> answer(std::string_view said) override {
    if (said.empty()) {
      return std::nullopt;
    }
    return fail(ErrorCode::kRefused, "the broker does not take the token: " + std::string(said));
  }

 private:
  std::string first_;
};

std::string make_nonce(env::Random& random) {
  std::string bytes;
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t part = random.next();
    bytes.append(reinterpret_cast<const char*>(&part), sizeof part);
  }
  return to_base64(bytes);
}

/// RFC 5802, sections 3, 5 and 7. Names of variables are the RFC's.
class Scram final : public SaslExchange {
 public:
  Scram(const Credentials& credentials, std::string nonce)
      : sha512_(credentials.mechanism == SaslMechanism::kScramSha512),
        password_(credentials.password),
        nonce_(std::move(nonce)),
        client_first_bare_("n=" + sasl_name(credentials.user) + ",r=" + nonce_) {}
  ~Scram() override { OPENSSL_cleanse(password_.data(), password_.size()); }

  std::string_view mechanism() const override {
    return sha512_ ? "SCRAM-SHA-512" : "SCRAM-SHA-256";
  }
  std::string begin() override { return "n,," + client_first_bare_; }

  Result<std::optional<std::string>> answer(std::string_view said) override {
    if (server_signature_.empty()) {
      return prove(said);
    }
    if (std::exchange(over_, true)) {
      return unexpected(said);
    }
    if (said.starts_with("e=")) {
      return fail(ErrorCode::kRefused,
                  "the broker refuses the user or the password: " + std::string(said.substr(2)));
    }
    const auto signature =
        said.starts_with("v=") ? from_base64(said.substr(2, said.find(',') - 2)) : std::nullopt;
    if (!signature.has_value() || signature->size() != server_signature_.size() ||
        CRYPTO_memcmp(signature->data(), server_signature_.data(), signature->size()) != 0) {
      return fail(ErrorCode::kRefused,
                  "the broker cannot prove that it knows the user's password: who answers there is "
                  "not who should");
    }
    return std::nullopt;
  }

 private:
  // Kafka takes 4,096 to 16,384. More would only keep the processor busy.
  static constexpr int kLeastIterations = 4096;
  static constexpr int kMostIterations = 1'000'000;

  /// "=" and "," stand for themselves nowhere.
  static std::string sasl_name(std::string_view user) {
    std::string name;
    for (const char c : user) {
      if (c == '=') {
        name += "=3D";
      } else if (c == ',') {
        name += "=2C";
      } else {
        name += c;
      }
    }
    return name;
  }

  [[nodiscard]] const EVP_MD* digest() const { return sha512_ ? EVP_sha512() : EVP_sha256(); }
  [[nodiscard]] std::string hmac(std::string_view key, std::string_view text) const {
    std::string result(static_cast<std::size_t>(EVP_MD_get_size(digest())), '\0');
    const unsigned char* done =
        HMAC(digest(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
             reinterpret_cast<unsigned char*>(result.data()), nullptr);
    RHEON_ASSERT(done != nullptr, "HMAC failed");
    return result;
  }
  [[nodiscard]] std::string hash(std::string_view text) const {
    std::string result(static_cast<std::size_t>(EVP_MD_get_size(digest())), '\0');
    const int done =
        EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(result.data()),
                   nullptr, digest(), nullptr);
    RHEON_ASSERT(done == 1, "a digest failed");
    return result;
  }
  /// Hi() of the RFC.
  [[nodiscard]] std::string salted_password(std::string_view salt, int iterations) const {
    std::string result(static_cast<std::size_t>(EVP_MD_get_size(digest())), '\0');
    const int done = PKCS5_PBKDF2_HMAC(password_.data(), static_cast<int>(password_.size()),
                                       bytes_of(salt), static_cast<int>(salt.size()), iterations,
                                       digest(), static_cast<int>(result.size()),
                                       reinterpret_cast<unsigned char*>(result.data()));
    RHEON_ASSERT(done == 1, "PBKDF2 failed");
    return result;
  }

  /// The value of "<name>=..." at the front of `rest`, which it is taken from.
  static std::optional<std::string_view> take_field(std::string_view& rest, char name) {
    if (rest.size() < 2 || rest[0] != name || rest[1] != '=') {
      return std::nullopt;
    }
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view value = rest.substr(2, end - 2);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return value;
  }

  Result<std::optional<std::string>> prove(std::string_view server_first) {
    std::string_view rest = server_first;
    const auto nonce = take_field(rest, 'r');
    const auto salt_text = take_field(rest, 's');
    const auto count = take_field(rest, 'i');
    int iterations = 0;
    const auto salt = salt_text.has_value() ? from_base64(*salt_text) : std::nullopt;
    if (!nonce.has_value() || !salt.has_value() || !count.has_value() ||
        std::from_chars(count->data(), count->data() + count->size(), iterations).ptr !=
            count->data() + count->size() ||
        !nonce->starts_with(nonce_) || nonce->size() == nonce_.size()) {
      return unexpected(server_first);
    }
    if (iterations < kLeastIterations || iterations > kMostIterations) {
      return fail(ErrorCode::kRefused, "the broker asks for " + std::string(*count) +
                                           " iterations; 4,096 to 1,000,000 are safe and bounded");
    }
    const std::string salted = salted_password(*salt, iterations);
    const std::string client_key = hmac(salted, "Client Key");
    const std::string without_proof = "c=biws,r=" + std::string(*nonce);
    const std::string auth_message =
        client_first_bare_ + "," + std::string(server_first) + "," + without_proof;
    std::string proof = hmac(hash(client_key), auth_message);
    for (std::size_t i = 0; i < proof.size(); ++i) {
      proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
    }
    server_signature_ = hmac(hmac(salted, "Server Key"), auth_message);
    return without_proof + ",p=" + to_base64(proof);
  }

  static tl::unexpected<Error> unexpected(std::string_view said) {
    return fail(ErrorCode::kRefused, "the broker says '" + std::string(said.substr(0, 100)) +
                                         "' where SCRAM has no such thing");
  }

  bool sha512_;
  std::string password_;
  std::string nonce_;
  std::string client_first_bare_;
  std::string server_signature_;  // that the broker must send; empty: the proof was not asked for
  bool over_ = false;
};

}  // namespace

std::unique_ptr<SaslExchange> make_sasl_exchange(const Credentials& credentials,
                                                 env::Random& random) {
  switch (credentials.mechanism) {
    case SaslMechanism::kPlain:
      return std::make_unique<Plain>(credentials);
    case SaslMechanism::kOAuthBearer:
      return std::make_unique<OAuthBearer>(credentials);
    case SaslMechanism::kScramSha256:
    case SaslMechanism::kScramSha512:
      break;
  }
  return make_scram_exchange(credentials, make_nonce(random));
}

std::unique_ptr<SaslExchange> make_scram_exchange(const Credentials& credentials,
                                                  std::string nonce) {
  return std::make_unique<Scram>(credentials, std::move(nonce));
}

}  // namespace rheon::kafka
