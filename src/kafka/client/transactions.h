#pragma once

// The conversation of a transactional producer with its coordinator (KIP-98, KIP-360, KIP-890): who
// it is, which partitions belong to its transaction, how that ends. Records go another way: see
// kafka.md, K1 to K6.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kafka/client/cluster.h"
#include "kafka/client/coordinator.h"
#include "kafka/client/link.h"

namespace rheon::kafka {

/// Who a producer is to the brokers. A later epoch fences the earlier ones.
struct ProducerIdentity {
  std::int64_t id = -1;
  std::int16_t epoch = -1;
  friend bool operator==(const ProducerIdentity&, const ProducerIdentity&) = default;
};

/// One transactional id. Used by one thread; nothing blocks. One thing at a time: each verb waits
/// for idle().
class Transactions {
 public:
  enum class Ended { kCommitted, kAborted, kUnknown };

  /// `transactional_id`: empty for a producer without transactions, who only has to identify().
  /// `timeout`: after so long the coordinator aborts a transaction that nobody ends.
  Transactions(Cluster& cluster, env::Random& random, std::string transactional_id,
               std::chrono::milliseconds timeout);

  /// Asks who we are, fences whoever had this transactional id before, and aborts what they have
  /// left open. `current`: raises the epoch of this identity, and refuses when somebody else has
  /// raised it meanwhile; kIo when that may have been this request, said again.
  void identify(std::optional<ProducerIdentity> current = std::nullopt);
  /// Partitions that the transaction is going to write to; not needed where
  /// transactions_have_epochs().
  void add(std::vector<std::pair<std::string, std::int32_t>> partitions);
  void end(bool commit);

  /// Moves on what is under way. The cluster's step() comes first.
  void step(env::Monotonic now);
  /// When step() must be called though nothing has come.
  [[nodiscard]] env::Monotonic deadline() const { return coordinator_.deadline(!idle()); }

  /// What was asked for is done, or has failed for good.
  [[nodiscard]] bool idle() const { return todo_ == Todo::kNothing; }
  /// kRefused: no right, a timeout that the broker does not take, an identity that somebody else
  /// has raised. kIo: the coordinator has aborted the transaction, since it took too long or since
  /// somebody else has identify()ed; identify() tells which. Nothing goes on then.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  /// Why it takes so long; none: it does not.
  [[nodiscard]] const std::optional<Error>& trouble() const { return coordinator_.trouble(); }
  [[nodiscard]] const ProducerIdentity& identity() const { return identity_; }
  /// How the last transaction ended. kUnknown: the answer was lost, or the coordinator has gone on
  /// without us, and the only way on is identify(), which ends it one way or the other; who wants
  /// to know which reads what it was to commit.
  [[nodiscard]] std::optional<Ended> ended() const { return ended_; }
  /// Each transaction has a producer epoch of its own, and partitions join it by being written to.
  [[nodiscard]] bool transactions_have_epochs() const { return transactions_have_epochs_; }

 private:
  enum class Todo { kNothing, kIdentify, kAdd, kEnd };

  [[nodiscard]] Status converse(env::Monotonic now);
  void ask(env::Monotonic now);
  [[nodiscard]] Status take(const Response& response, env::Monotonic now);
  [[nodiscard]] Status take_identity(const Response& response, env::Monotonic now);
  [[nodiscard]] Status take_added(const Response& response, env::Monotonic now);
  [[nodiscard]] Status take_end(const Response& response, env::Monotonic now);
  template <class EndResponse>
  [[nodiscard]] Status judge_end(const std::optional<EndResponse>& told, env::Monotonic now);
  /// Nobody knows whether the coordinator has heard how the transaction ends.
  void may_have_ended();
  /// The coordinator has another producer epoch, or none, for this transaction.
  void gone();
  /// What an error code of the coordinator means; true: there is none.
  [[nodiscard]] Result<bool> judge(std::int16_t error, env::Monotonic now);
  void done();
  void lost(const Error& why, env::Monotonic now);
  void fail_for_good(ErrorCode code, std::string sentence);

  std::string transactional_id_;
  std::chrono::milliseconds timeout_;
  Coordinator coordinator_;

  Todo todo_ = Todo::kNothing;
  std::optional<ProducerIdentity> current_;
  bool maybe_raised_ = false;  // current_, by a request whose answer was lost
  std::vector<std::pair<std::string, std::int32_t>> partitions_;
  bool commit_ = false;

  ProducerIdentity identity_;
  bool transactions_have_epochs_ = false;
  std::optional<Ended> ended_;
  std::optional<Error> failure_;
};

}  // namespace rheon::kafka
