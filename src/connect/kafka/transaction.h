#pragma once

// A transaction of Kafka as what decides whether an epoch counts: the epoch's records and its
// decision, a record in `<job>.commit`, are committed together (KIP-98). No transaction is open
// while records are processed: readers wait for every open one.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connect/kafka/place.h"
#include "engine/decider.h"
#include "engine/sink.h"
#include "kafka/client/access.h"
#include "kafka/client/cluster.h"
#include "kafka/client/producer.h"
#include "kafka/client/transactions.h"

namespace rheon::connect::kafka {

/// A cluster, and how to come in.
struct ClusterPlace {
  std::vector<client::Address> brokers;
  client::Access access = {};
  Status wrong = {};  // why there is none
};

/// The name of the topic with a job's decisions.
[[nodiscard]] std::string decision_topic(const std::string& job);

class Transaction final : public engine::Decider {
 public:
  /// After so long the brokers end a transaction that its job does not end: longer than commits
  /// take, even with a broker that is started anew meanwhile.
  static constexpr std::chrono::seconds kTimeout{60};

  Transaction(const engine::DeciderEnvironment& environment, ClusterPlace place);

  [[nodiscard]] Result<std::optional<engine::Decision>> recover(
      const log::Identity& identity, const std::vector<log::Id>& ancestors) override;
  [[nodiscard]] std::string place() const override { return describe(topic_); }
  void begin(const engine::Decision& decision, std::vector<engine::Outgoing> records) override;
  void decide() override { wanted_ = true; }
  [[nodiscard]] Result<bool> step(env::Monotonic now) override;
  [[nodiscard]] env::Monotonic deadline() const override;
  [[nodiscard]] std::string trouble() const override;

 private:
  using Partition = std::pair<std::string, std::int32_t>;
  enum class Stage {
    kIdle,
    kIdentifying,  // says to the brokers who writes
    kJoining,      // partitions become part of the transaction
    kWriting,      // until all is written and decide() has come
    kEnding,
    kUnknown,  // whether it ended: asks the brokers to end it one way or the other
  };

  [[nodiscard]] Result<bool> move_on();
  void identify();
  void join();
  void write();
  [[nodiscard]] Result<bool> take_end();
  [[nodiscard]] std::size_t index_of(const Partition& partition);
  void become();

  env::Env& env_;
  ClusterPlace place_;
  TopicPlace topic_;  // of decisions
  std::string transactional_id_;
  client::ProducerIdentity fenced_;  // the identity since recover()

  client::Cluster cluster_;
  std::unique_ptr<client::Transactions> transactions_;  // since recover()
  client::Producer producer_;
  std::map<Partition, std::size_t> indices_;  // in the producer
  std::set<std::string, std::less<>> topics_;

  Stage stage_ = Stage::kIdle;
  bool identified_ = false;
  bool wanted_ = false;  // decide() has come
  Epoch epoch_;
  std::vector<engine::Outgoing> records_;
};

}  // namespace rheon::connect::kafka
