#pragma once

// The way to the broker that coordinates a group or a transactional id (FindCoordinator, KIP-699):
// any broker says who it is; when it is somebody else by now, it is looked for again.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "kafka/client/backoff.h"
#include "kafka/client/cluster.h"
#include "kafka/client/link.h"

namespace rheon::kafka {

/// One question at a time. Used by one thread; nothing blocks.
class Coordinator {
 public:
  enum class Of : std::int8_t { kGroup = 0, kTransactionalId = 1 };  // as FindCoordinator has it

  /// `key`: the group or transactional id; empty: any broker will do.
  Coordinator(Cluster& cluster, env::Random& random, Of of, std::string key);

  /// Moves on what is under way; the cluster's step() comes first. `wanted`: there is something to
  /// ask. Gives the error code with which a broker does not say who coordinates, for the caller to
  /// judge. After an error of this, or of next(), comes lost().
  [[nodiscard]] Result<std::int16_t> step(env::Monotonic now, bool wanted);
  /// A question may be sent.
  [[nodiscard]] bool free(env::Monotonic now) const {
    return link_ != nullptr && there_ && !asked_ && link_->ready() && now >= again_at_;
  }
  /// Only when free().
  template <class Call>
  void send(const typename Call::Request& request, env::Monotonic now) {
    link_->send<Call>(request, now);
    asked_ = true;
    unsent_ = true;
  }
  /// The answer; none: it has not come. Valid until the next call.
  [[nodiscard]] Result<std::optional<Response>> next(env::Monotonic now);
  /// A question is on its way, or has been done: its answer has not come.
  [[nodiscard]] bool asked() const { return asked_ && there_; }

  /// The connection is of no more use: looks anew for who coordinates, after a while.
  void lost(const Error& why, env::Monotonic now);
  /// It cannot answer now: nothing is sent for a while.
  void back_off(const Error& why, env::Monotonic now);
  /// Nothing is sent before then.
  void again_at(env::Monotonic at) { again_at_ = at; }
  void succeeded();

  /// When step() must be called though nothing has come. `wanted`: as of step().
  [[nodiscard]] env::Monotonic deadline(bool wanted) const;
  /// Why it takes so long; none: it does not.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }
  /// Of who coordinates, once something was answered.
  [[nodiscard]] const BrokerAbilities& abilities() const { return link_->abilities(); }
  [[nodiscard]] const std::string& address() const { return link_->address(); }

 private:
  [[nodiscard]] Status look_at_silence(env::Monotonic now);
  void open_any(env::Monotonic now);
  void ask_who(env::Monotonic now);
  [[nodiscard]] Result<std::int16_t> take(const Response& response, env::Monotonic now);
  [[nodiscard]] std::string name() const;

  Cluster& cluster_;
  Of of_;
  std::string key_;
  Backoff backoff_;

  std::unique_ptr<Link> link_;  // to who coordinates, or to who knows it
  bool there_ = false;          // link_ leads there
  bool asked_ = false;
  bool unsent_ = false;
  env::Monotonic again_at_{0};
  std::size_t turn_ = 0;
  std::optional<Error> trouble_;
};

}  // namespace rheon::kafka
