#pragma once

#include <optional>

#include "kafka/client/credentials.h"
#include "tls/options.h"

namespace rheon::kafka {

/// How a job talks to brokers: as whom, and who can read along.
///
///     kafka::values(url, {.security = {.tls = Tls{.authorities = "ca.pem"}}})
struct Security {
  /// Encrypts; brokers have to prove who they are. Nothing: bytes go over the network as they are.
  std::optional<Tls> tls = std::nullopt;
  std::optional<Credentials> credentials = std::nullopt;
  /// Without TLS a broker on another machine is refused, unless this says that it is meant.
  bool allow_plaintext = false;
};

}  // namespace rheon::kafka
