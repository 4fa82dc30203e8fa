#pragma once

// The first words with a broker: what it speaks (ApiVersions), and who we are (SASL). Without a
// socket: requests go into a Connection, answers come from it.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kafka/client/connection.h"
#include "kafka/client/sasl.h"

namespace rheon::kafka {

/// Which versions of which requests a broker speaks, and what its cluster has agreed on.
class BrokerAbilities {
 public:
  [[nodiscard]] static BrokerAbilities of(const wire::ApiVersionsResponse& response);

  [[nodiscard]] bool speaks(std::int16_t key, std::int16_t version) const;
  template <class Call>
  [[nodiscard]] bool speaks(std::int16_t version = Call::kVersion) const {
    return speaks(Call::kKey, version);
  }
  /// The second protocol of transactions (KIP-890): each one has its own producer epoch.
  [[nodiscard]] bool transactions_have_epochs() const { return transaction_version_ >= 2; }

 private:
  struct Range {
    std::int16_t key;
    std::int16_t least;
    std::int16_t most;
  };
  std::vector<Range> ranges_;  // by key
  std::int16_t transaction_version_ = 0;
};

class Greeting {
 public:
  /// `sasl`: null when nobody asks who we are. `version`: of this program, which the broker keeps
  /// for its statistics.
  Greeting(Connection& connection, std::unique_ptr<SaslExchange> sasl, std::string address,
           std::string version);

  /// Says the first word.
  void begin(env::Monotonic deadline);
  /// An answer has come. True: all is said. kRefused: the broker is too old, or does not let us
  /// in. kCorrupt: it is no broker.
  [[nodiscard]] Result<bool> take(const Response& response);

  [[nodiscard]] const BrokerAbilities& abilities() const { return abilities_; }
  /// For how long the broker believes who we are; zero: for ever.
  [[nodiscard]] std::chrono::milliseconds session() const { return session_; }

 private:
  enum class Step { kVersions, kMechanism, kProof, kDone };

  Status take_versions(std::string_view frame);
  Status take_mechanism(std::string_view frame);
  Result<bool> take_proof(std::string_view frame);
  void prove(std::string_view bytes);
  [[nodiscard]] tl::unexpected<Error> no_broker() const;
  [[nodiscard]] tl::unexpected<Error> refused(std::string_view why) const;

  Connection& connection_;
  std::unique_ptr<SaslExchange> sasl_;
  std::string address_;
  std::string version_;
  BrokerAbilities abilities_;
  Step step_ = Step::kVersions;
  env::Monotonic deadline_{0};
  std::chrono::milliseconds session_{0};
};

}  // namespace rheon::kafka
