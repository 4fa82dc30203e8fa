#pragma once

// The client's side of the SASL exchanges that Kafka knows: PLAIN (RFC 4616), SCRAM-SHA-256 and
// SCRAM-SHA-512 (RFC 5802, RFC 7677), OAUTHBEARER (RFC 7628). Messages in, messages out.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "env/clock.h"
#include "kafka/client/credentials.h"

namespace rheon::kafka {

class SaslExchange {
 public:
  virtual ~SaslExchange() = default;
  /// The name under which brokers know it.
  [[nodiscard]] virtual std::string_view mechanism() const = 0;
  /// What the client says first.
  [[nodiscard]] virtual std::string begin() = 0;
  /// What it says to what the broker has said; none: the exchange is over. kRefused: the broker
  /// does not know the password, or says something that does not belong here.
  [[nodiscard]] virtual Result<std::optional<std::string>> answer(std::string_view said) = 0;
};

[[nodiscard]] std::unique_ptr<SaslExchange> make_sasl_exchange(const Credentials& credentials,
                                                               env::Random& random);
/// A SCRAM exchange with this nonce: printable, without commas.
[[nodiscard]] std::unique_ptr<SaslExchange> make_scram_exchange(const Credentials& credentials,
                                                                std::string nonce);

}  // namespace rheon::kafka
