#pragma once

// What a cluster consists of, as its brokers say: who they are, which topics there are, who leads
// their partitions. Asks at the start, when it is told that something has changed, and now and
// then; any broker will do.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/clock.h"
#include "env/network.h"
#include "kafka/client/backoff.h"
#include "kafka/client/credentials.h"
#include "kafka/client/link.h"
#include "tls/context.h"

namespace rheon::kafka {

struct Address {
  std::string host;
  std::uint16_t port = 9092;
};

struct ClusterOptions {
  std::vector<Address> bootstrap;  // at least one
  std::optional<Credentials> credentials;
  std::shared_ptr<const tls::Context> tls;  // null: bytes go as they are
  std::string client = "rheon";
  std::string version = "0";  // of this program
  /// Brokers on other machines are refused: what goes there could be read on the way.
  bool loopback_only = false;
  env::Monotonic open_timeout = std::chrono::seconds{10};  // of a connection
  env::Monotonic max_age = std::chrono::minutes{5};
  env::Monotonic first_wait = std::chrono::milliseconds{100};
  env::Monotonic longest_wait = std::chrono::seconds{1};
};

struct PartitionInfo {
  std::int32_t leader = -1;  // a node; -1: none now
  std::int32_t leader_epoch = -1;
};

struct TopicInfo {
  wire::Uuid id;
  std::int16_t error = 0;  // of the protocol: 3: there is no such topic, 29: no rights ...
  bool internal = false;
  std::vector<PartitionInfo> partitions;  // by index
};

/// Whether bytes to this host stay on this machine.
[[nodiscard]] bool is_loopback(std::string_view host);

/// Used by one thread; nothing blocks.
class Cluster {
 public:
  Cluster(env::Network& network, env::Waker& waker, env::Random& random, ClusterOptions options);

  /// Which topics to ask for; none: all of them.
  void watch(std::optional<std::set<std::string, std::less<>>> topics);
  /// What is known is said to be wrong: asks again, soon.
  void refresh() { wanted_ = true; }
  /// The same, then.
  void refresh_at(env::Monotonic at) { again_at_ = std::min(again_at_, at); }
  /// As refresh(), and who has said it is not asked again next.
  void ask_another() {
    link_.reset();
    asked_ = false;
    wanted_ = true;
  }

  /// Moves on what is under way.
  void step(env::Monotonic now);
  /// When step() must be called though nothing has come.
  [[nodiscard]] env::Monotonic deadline() const;

  /// Grows with each answer; 0: none has come yet.
  [[nodiscard]] std::uint64_t age() const { return answers_; }
  [[nodiscard]] const std::map<std::string, TopicInfo, std::less<>>& topics() const {
    return topics_;
  }
  [[nodiscard]] const TopicInfo* topic(std::string_view name) const;
  [[nodiscard]] const std::map<std::int32_t, Address>& brokers() const { return brokers_; }
  /// Why no answer comes, since the last one that came.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }

  [[nodiscard]] const ClusterOptions& options() const { return options_; }
  /// A connection of the caller's own; null: no such node is known.
  [[nodiscard]] std::unique_ptr<Link> open(std::int32_t node, env::Monotonic now) const;

 private:
  [[nodiscard]] std::unique_ptr<Link> open(const Address& address, env::Monotonic now) const;
  /// The next one to ask: those that are known in turn, then those that were given.
  [[nodiscard]] Address next_address();
  [[nodiscard]] Status converse(env::Monotonic now);
  void ask(env::Monotonic now);
  [[nodiscard]] Status take(const Response& response, env::Monotonic now);

  env::Network& network_;
  env::Waker& waker_;
  env::Random& random_;
  ClusterOptions options_;
  std::optional<std::set<std::string, std::less<>>> watched_ = std::set<std::string, std::less<>>();

  std::unique_ptr<Link> link_;  // to whoever answers
  bool asked_ = false;          // and the answer has not come
  bool wanted_ = true;
  env::Monotonic ask_at_{0};                        // not before
  env::Monotonic again_at_{env::Monotonic::max()};  // wanted then
  Backoff backoff_;
  std::size_t turn_ = 0;

  std::uint64_t answers_ = 0;
  env::Monotonic answered_at_{0};
  std::map<std::int32_t, Address> brokers_;
  std::map<std::string, TopicInfo, std::less<>> topics_;
  std::optional<Error> trouble_;
};

}  // namespace rheon::kafka
