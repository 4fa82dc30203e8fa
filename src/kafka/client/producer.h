#pragma once

// Writes batches to the leaders of partitions, as an idempotent producer (KIP-98): in order, none
// twice, several requests on their way at once. Follows leaders when they change, and brokers when
// they come back. Transactions begin and end elsewhere: see transactions.h.

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kafka/client/backoff.h"
#include "kafka/client/cluster.h"
#include "kafka/client/transactions.h"

namespace rheon::kafka {

struct ProducerOptions {
  std::size_t request_bytes = 4 << 20;  // of batches in a request; more when one is larger
  /// Requests on their way to a leader: brokers keep account of so many batches a partition.
  std::size_t in_flight = 5;
  std::chrono::milliseconds timeout{25'000};  // of a leader that waits for its replicas
};

/// Used by one thread; nothing blocks.
class Producer {
 public:
  Producer(Cluster& cluster, env::Random& random, ProducerOptions options = {});

  /// Who writes from here on: sequences begin anew. Nothing goes before. When all that another
  /// identity has sent is accepted. `transactional_id`: batches are
  /// part of a transaction; none: they count at once.
  void become(ProducerIdentity identity, std::optional<std::string> transactional_id = std::nullopt,
              bool transactions_have_epochs = false);

  /// A partition to write to. Its topic is one that the cluster watches.
  std::size_t add(std::string topic, std::int32_t partition);
  /// A batch that RecordBatchWriter has finished, of `records` records. It is sealed when it goes.
  void write(std::size_t partition, std::string batch, std::int32_t records);

  /// Moves on what is under way. The cluster's step() comes first.
  void step(env::Monotonic now);
  /// When step() must be called though nothing has come.
  [[nodiscard]] env::Monotonic deadline() const;

  /// Every batch is where it belongs.
  [[nodiscard]] bool idle() const { return unanswered_bytes_ == 0; }
  [[nodiscard]] std::size_t unanswered_bytes() const { return unanswered_bytes_; }
  /// A batch that no leader takes: too large, no right, fenced. Nothing goes on then.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  /// Why it takes so long; none: it does not.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }

 private:
  struct Batch {
    std::string bytes;
    std::int32_t records = 0;
    std::int32_t sequence = -1;  // of its first record; -1: it has never been sent
    bool accepted = false;       // while one before it was not
  };
  struct Partition {
    explicit Partition(Backoff retries) : backoff(retries) {}
    std::string topic;
    std::int32_t index = 0;
    std::deque<Batch> batches;  // not accepted yet, in order
    std::size_t sent = 0;       // of them
    std::size_t answered = 0;   // of those that were sent
    std::int32_t node = -1;     // to whom: one leader at a time, so that answers come in order
    std::int32_t epoch = -1;    // of the last leader that was heard of
    bool again = false;         // one of these was refused: all go again when all have answers
    std::int32_t next_sequence = 0;
    env::Monotonic send_at{0};  // not before
    Backoff backoff;
  };
  struct Request {
    Ticket ticket = 0;
    std::vector<std::size_t> partitions;  // one batch of each
  };
  struct Leader {
    Leader(env::Random& random, const ClusterOptions& options)
        : backoff(random, options.first_wait, options.longest_wait) {}
    std::unique_ptr<Link> link;
    Backoff backoff;
    env::Monotonic open_at{0};      // not before
    env::Monotonic quiet_until{0};  // sends nothing: there is a quota
    std::deque<Request> requests;
  };

  [[nodiscard]] const PartitionInfo* place_of(const Partition& partition) const;
  [[nodiscard]] bool can_send(const Partition& partition, std::int32_t node,
                              env::Monotonic now) const;
  [[nodiscard]] static bool waits_elsewhere(const Partition& partition, std::int32_t node);
  [[nodiscard]] Status converse(std::int32_t node, Leader& leader, env::Monotonic now);
  void send(std::int32_t node, Leader& leader, env::Monotonic now);
  void seal(Partition& partition, Batch& batch);
  [[nodiscard]] Status take(Leader& leader, const Response& response, env::Monotonic now);
  void take(Partition& partition, const wire::ProduceResponse::Partition& told, env::Monotonic now);
  void accepted(Partition& partition);
  /// Of a batch that may be accepted another time, or somewhere else.
  void refused(Partition& partition, const std::string& why, env::Monotonic now);
  /// Another answer has come, or never will.
  void settle(Partition& partition);
  void lost(Leader& leader, const Error& why, env::Monotonic now);
  void fail_for_good(const Partition& partition, ErrorCode code, const std::string& why);
  [[nodiscard]] env::Monotonic send_again_at(const Partition& partition) const;
  [[nodiscard]] static std::string name_of(const Partition& partition);

  Cluster& cluster_;
  env::Random& random_;
  ProducerOptions options_;
  ProducerIdentity identity_;
  bool known_ = false;  // who writes
  std::optional<std::string> transactional_id_;
  bool transactions_have_epochs_ = false;
  std::vector<Partition> partitions_;
  std::map<std::int32_t, Leader> leaders_;  // by node
  std::size_t first_ = 0;                   // partition of the next request: each one's turn
  std::size_t unanswered_bytes_ = 0;
  std::optional<Error> failure_;
  std::optional<Error> trouble_;
};

}  // namespace rheon::kafka
