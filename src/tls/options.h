#pragma once

#include <string>

namespace rheon {

/// How connections are encrypted, and who may stand at their other ends. The files hold PEM and are
/// read once, when the job starts.
struct Tls {
  /// File with the certificates of those who vouch for the peers; "": those that the system trusts.
  std::string authorities = {};
  /// File with a certificate of our own and those that lead from it to who vouches for it, for
  /// peers that ask for one; "": none.
  std::string certificate = {};
  /// File with the private key of `certificate`, without a passphrase.
  std::string key = {};
};

}  // namespace rheon
