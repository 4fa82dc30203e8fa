#pragma once

#include <cstdint>
#include <string>

namespace rheon::kafka {

enum class SaslMechanism : std::uint8_t { kPlain, kScramSha256, kScramSha512, kOAuthBearer };

/// Who a client says that it is.
struct Credentials {
  SaslMechanism mechanism = SaslMechanism::kScramSha512;
  std::string user;      // but for OAUTHBEARER
  std::string password;  // ... whose token this is
};

}  // namespace rheon::kafka
