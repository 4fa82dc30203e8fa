#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "kafka/client/security.h"
#include "tls/context.h"

namespace rheon::kafka {

/// Security, with the files that it names.
struct Access {
  std::shared_ptr<const tls::Context> tls;  // null: bytes go as they are
  std::optional<Credentials> credentials;
  bool allow_plaintext = false;

  /// kInvalidInput: one of the files is not what it should be.
  [[nodiscard]] static Result<Access> make(const Security& security) {
    Access access;
    access.credentials = security.credentials;
    access.allow_plaintext = security.allow_plaintext;
    if (security.tls.has_value()) {
      RHEON_ASSIGN(access.tls, tls::Context::make(*security.tls));
    }
    return access;
  }
  [[nodiscard]] bool anybody_can_read() const { return tls == nullptr; }
};

}  // namespace rheon::kafka
