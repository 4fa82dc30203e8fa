#pragma once

// A member of a group (classic protocol, KIP-345 static members): joins, is given its share by the
// leader, keeps saying that it is alive, and hears when the group is put together anew. What a
// share is, and who gets which, is the caller's: see kafka.md, K3 and K16.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kafka/client/cluster.h"
#include "kafka/client/coordinator.h"
#include "kafka/client/link.h"
#include "kafka/client/membership.h"

namespace rheon::kafka {

struct GroupMemberOptions {
  std::string group;
  std::string instance;  // a static member's name; empty: it is a new one with each process
  std::string protocol_type = "rheon";
  std::string protocol = "sticky";
  /// A member that has not been heard for so long is out.
  std::chrono::milliseconds session_timeout{45'000};
  /// How long the others are waited for. Less than LinkOptions::request_timeout: the answer to
  /// JoinGroup takes as long.
  std::chrono::milliseconds rebalance_timeout{20'000};
  std::chrono::milliseconds heartbeat_interval{3'000};
};

/// What the leader knows of a member, itself included.
struct Fellow {
  std::string member_id;
  std::string instance;  // empty: it is no static member
  std::string metadata;  // what it has said in join()
};

/// Used by one thread; nothing blocks.
class GroupMember {
 public:
  enum class State {
    kOut,      // since the beginning, after leave(), or for good: see failure()
    kJoining,  // waits for the others, and for its share
    kMember,   // has a share
    kEvicted,  // the group has gone on without it: what it has done since its last commit is void
    kLeaving,
  };
  /// On the leader: the share of each member, by its id.
  using Assign =
      std::function<std::vector<std::pair<std::string, std::string>>(const std::vector<Fellow>&)>;

  GroupMember(Cluster& cluster, env::Random& random, GroupMemberOptions options, Assign assign);

  /// Not while it leaves; while it joins, to begin anew with other metadata. What was assigned is
  /// given back by this: whoever has work under way commits it before. `metadata`: for the leader.
  void join(std::string metadata);
  /// So that the others need not wait for the session timeout. Only a kMember.
  void leave();

  /// Moves on what is under way. The cluster's step() comes first.
  void step(env::Monotonic now);
  /// When step() must be called though nothing has come.
  [[nodiscard]] env::Monotonic deadline() const;

  [[nodiscard]] State state() const { return state_; }
  /// A kMember: the group is being put together anew and waits for join(), rebalance_timeout long.
  [[nodiscard]] bool is_called() const { return called_; }
  /// Of a kMember.
  [[nodiscard]] const std::string& share() const { return share_; }
  [[nodiscard]] const Membership& membership() const { return membership_; }
  [[nodiscard]] bool leads() const { return leads_; }
  /// kRefused: no right, another process is this member, a group of another kind. It is kOut then.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  /// Why it takes so long; none: it does not.
  [[nodiscard]] const std::optional<Error>& trouble() const { return coordinator_.trouble(); }

 private:
  enum class Asked { kJoin, kSync, kHeartbeat, kLeave };

  [[nodiscard]] Status converse(env::Monotonic now);
  /// There is something to ask now, or will be.
  [[nodiscard]] bool wanted() const { return state_ != State::kOut && state_ != State::kEvicted; }
  [[nodiscard]] env::Monotonic ask_at() const;
  void ask(env::Monotonic now);
  void ask_to_join(env::Monotonic now);
  void ask_for_share(env::Monotonic now);
  [[nodiscard]] Status take(const Response& response, env::Monotonic now);
  [[nodiscard]] Status take_joined(const Response& response, env::Monotonic now);
  [[nodiscard]] Status take_share(const Response& response, env::Monotonic now);
  [[nodiscard]] Status take_heartbeat(const Response& response, env::Monotonic now);
  [[nodiscard]] Status take_left(const Response& response, env::Monotonic now);
  /// It belongs to a join() that another one has come after.
  [[nodiscard]] bool is_late() const;
  /// What an error code means that any request may meet; true: there is none.
  [[nodiscard]] Result<bool> judge(std::int16_t error, env::Monotonic now);
  void evict_if_unheard(env::Monotonic now);
  void evict();
  void be_out();
  void fail_for_good(ErrorCode code, std::string sentence);

  GroupMemberOptions options_;
  Assign assign_;
  Coordinator coordinator_;

  State state_ = State::kOut;
  bool joined_ = false;  // of a kJoining: only the share is missing
  bool called_ = false;
  bool leads_ = false;
  std::string metadata_;
  Membership membership_;
  std::vector<std::pair<std::string, std::string>> shares_;  // that the leader hands out
  std::string share_;
  std::uint64_t joins_ = 0;     // how often join() was called
  Asked asked_ = Asked::kJoin;  // the question under way
  std::uint64_t asked_in_ = 0;  // joins_ as of then
  env::Monotonic asked_at_{0};
  env::Monotonic heard_at_{0};  // the coordinator knew us then, or later
  std::optional<Error> failure_;
};

}  // namespace rheon::kafka
