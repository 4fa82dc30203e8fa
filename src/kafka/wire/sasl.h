#pragma once

// Saying who one is. Fields and defaults as in
// Kafka's message definitions (Apache Kafka, clients/src/main/resources/common/message).

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kafka/wire/fields.h"

namespace rheon::kafka::wire {

struct SaslAuthenticateRequest {
  std::string_view auth_bytes;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.auth_bytes);
  }
};

struct SaslAuthenticateResponse {
  std::int16_t error_code = 0;
  std::optional<std::string_view> error_message;
  std::string_view auth_bytes;
  std::int64_t session_lifetime_ms = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.error_code, self.error_message, self.auth_bytes, self.session_lifetime_ms);
  }
};

}  // namespace rheon::kafka::wire
