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
  /// ask. `ask()` sends it, `Status take(const Response&)` gets the answer, and `Result<bool>
  /// judge(std::int16_t)` the error code with which a broker does not say who coordinates. After an
  /// error comes lost().
  template <class Ask, class Take, class Judge>
  [[nodiscard]] Status converse(env::Monotonic now, bool wanted, const Ask& ask, const Take& take,
                                const Judge& judge) {
    RHEON_ASSIGN(const std::int16_t refused, step(now, wanted));
    if (refused != 0) {
      const Result<bool> judged = judge(refused);
      return judged.has_value() ? Status() : tl::unexpected(judged.error());
    }
    if (wanted && free(now)) {
      ask();
    }
    RHEON_ASSIGN(const std::optional<Response> answer, next(now));
    return answer.has_value() ? take(*answer) : Status();
  }
  /// What an error code means that any answer of a coordinator may have: true: there is none,
  /// false: it is asked again after a while; an error: it is to be looked for. None: another code.
  [[nodiscard]] Result<std::optional<bool>> judge(std::int16_t error, env::Monotonic now);
  /// Only from within `ask`.
  template <class Call>
  void send(const typename Call::Request& request, env::Monotonic now) {
    link_->send<Call>(request, now);
    asked_ = true;
    unsent_ = true;
  }
  /// A question is on its way, or has been done: its answer has not come.
  [[nodiscard]] bool asked() const { return asked_ && there_; }

  /// The connection is of no more use: looks anew for who coordinates, after a while.
  void lost(const Error& why, env::Monotonic now);
  /// It cannot answer now: nothing is sent for a while.
  void back_off(const Error& why, env::Monotonic now);
  /// Nothing is sent before then.
  void again_at(env::Monotonic at) { again_at_ = at; }
  void succeeded();

  /// When converse() must be called though nothing has come. `wanted`: as of converse().
  [[nodiscard]] env::Monotonic deadline(bool wanted) const;
  /// Why it takes so long; none: it does not.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }
  /// Of who coordinates, once something was answered.
  [[nodiscard]] const BrokerAbilities& abilities() const { return link_->abilities(); }
  [[nodiscard]] const std::string& address() const { return link_->address(); }

 private:
  [[nodiscard]] Result<std::int16_t> step(env::Monotonic now, bool wanted);
  [[nodiscard]] bool free(env::Monotonic now) const {
    return link_ != nullptr && there_ && !asked_ && link_->ready() && now >= again_at_;
  }
  /// The answer; none: it has not come. Valid until the next call.
  [[nodiscard]] Result<std::optional<Response>> next(env::Monotonic now);
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
