#pragma once

// Reads partitions from their leaders, ahead of who takes the records: one request a leader is on
// its way while the answer before it is being read. Follows leaders when they change, and brokers
// when they come back. A new leader is asked first whether it has all that was read (KIP-320).

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kafka/client/cluster.h"
#include "kafka/wire/fetch.h"
#include "kafka/wire/record_batch.h"

namespace rheon::kafka {

struct FetchOptions {
  bool read_committed = true;
  std::chrono::milliseconds max_wait{500};  // of a broker that has nothing new
  std::int32_t max_bytes = 16 << 20;        // of an answer; more when one batch is larger
  std::int32_t partition_bytes = 1 << 20;   // of a partition in it
};

/// Where to read on.
struct FetchPosition {
  std::int64_t offset = 0;
  std::int32_t epoch = -1;  // of the leader that has written the record before; -1: not known
};

/// What has come of one partition.
struct Fetched {
  std::size_t partition = 0;  // its index, as add() has said
  std::int64_t from = 0;      // the position that was asked for
  std::string_view records;   // batches; valid until the next call of next()
  std::vector<wire::FetchResponse::AbortedTransaction> aborted;
  std::int64_t end = 0;            // behind the last record that can be read now
  std::int32_t leader_epoch = -1;  // of whoever has sent it: no record is from a later one
};

/// Used by one thread; nothing blocks.
class Fetcher {
 public:
  Fetcher(Cluster& cluster, env::Random& random, FetchOptions options = {});

  /// A partition to read. Its topic is one that the cluster watches; `id`: the one that was meant,
  /// zero: the one that is there.
  std::size_t add(std::string topic, std::int32_t partition, FetchPosition from,
                  wire::Uuid id = {});
  /// Nobody reads this partition any more. What has come of it may still be given.
  void leave(std::size_t partition) { partitions_[partition].stopped = true; }

  /// Moves on what is under way. The cluster's step() comes first.
  void step(env::Monotonic now);
  /// When step() must be called though nothing has come.
  [[nodiscard]] env::Monotonic deadline() const;

  /// The next piece that has come; none: none has. An error stops reading that partition for good:
  /// its offset is gone, or records before it, its topic is another one, there are no rights to
  /// read it.
  [[nodiscard]] Result<std::optional<Fetched>> next(env::Monotonic now);

  /// Everything that could be read when it was last asked for has been given.
  [[nodiscard]] bool at_end(std::size_t partition) const {
    return partitions_[partition].at_end && partitions_[partition].pieces == 0;
  }
  /// Why a partition does not get on; none: it does.
  [[nodiscard]] const std::optional<Error>& trouble(std::size_t partition) const {
    return partitions_[partition].trouble;
  }

 private:
  struct Partition {
    explicit Partition(Backoff retries) : backoff(retries) {}
    std::string topic;
    std::int32_t index = 0;
    wire::Uuid topic_id;       // since it was first seen
    FetchPosition next;        // to ask for
    std::int32_t leader = -1;  // whom it is read from
    std::int32_t leader_epoch = -1;
    std::int32_t checked_epoch = -1;  // of the last leader that has all that was read
    bool at_end = false;
    std::int32_t asked_at = -1;     // the leader that the last request went to
    std::int32_t asked_epoch = -1;  // what it was then
    bool asked = false;             // and its answer has not come
    std::size_t pieces = 0;         // that have come from there and were not given
    bool stopped = false;
    env::Monotonic ask_at{0};  // not before
    Backoff backoff;
    std::optional<Error> trouble;
    [[nodiscard]] bool unchecked() const { return leader_epoch > checked_epoch; }
  };
  /// Whether a leader of this epoch has what was read of a partition.
  struct Check {
    std::size_t partition;
    std::int32_t epoch;
    bool told = false;
  };
  /// An answer whose pieces are being given.
  struct Answer {
    FrameBuffer memory;
    wire::FetchResponse response;  // shows the memory
    std::vector<Fetched> pieces;
    std::size_t given = 0;  // of them
  };
  struct Leader {
    Leader(env::Random& random, const ClusterOptions& options)
        : backoff(random, options.first_wait, options.longest_wait) {}
    std::unique_ptr<Link> link;
    Backoff backoff;
    env::Monotonic open_at{0};      // not before
    env::Monotonic quiet_until{0};  // asks for no records: there is a quota
    std::size_t first = 0;          // partition of the next request: each one's turn
    // The request on its way: for records of these partitions, or for checks of these.
    std::vector<std::size_t> asked;
    env::Monotonic asked_since{0};
    std::vector<Check> checking;
    std::deque<Answer> answers;  // not given as a whole
    [[nodiscard]] bool busy() const { return !asked.empty() || !checking.empty(); }
  };
  static constexpr std::size_t kAnswersAhead = 2;

  void find_leaders(env::Monotonic now);
  /// The cluster does not know its topic.
  void wait_for_topic(Partition& partition, env::Monotonic now);
  [[nodiscard]] bool leads(std::int32_t node) const;
  [[nodiscard]] static bool elsewhere(const Partition& partition, std::int32_t node);
  [[nodiscard]] Status converse(std::int32_t node, Leader& leader, env::Monotonic now);
  /// Who has not answered for long says nothing about ends.
  void mind_silence(const Leader& leader, env::Monotonic now);
  void ask(std::int32_t node, Leader& leader, env::Monotonic now);
  void ask_checks(std::int32_t node, Leader& leader, env::Monotonic now);
  [[nodiscard]] Status take(Leader& leader, const Response& response, env::Monotonic now);
  [[nodiscard]] Status take_checks(Leader& leader, const Response& response, env::Monotonic now);
  void take(const Check& check, const wire::OffsetForLeaderEpochResponse::EpochEndOffset& told,
            env::Monotonic now);
  /// A partition's part of an answer; none: there is nothing to give.
  [[nodiscard]] std::optional<Fetched> take(std::size_t partition,
                                            const wire::FetchResponse::Partition& told,
                                            env::Monotonic now);
  void lost(std::int32_t node, Leader& leader, const Error& why, env::Monotonic now);
  /// Nobody can read it any more.
  void stop(Partition& partition, ErrorCode code, const std::string& why);
  /// It may be read somewhere else, or later.
  void retry(Partition& partition, std::string why, env::Monotonic now);
  [[nodiscard]] static std::string name_of(const Partition& partition);

  Cluster& cluster_;
  env::Random& random_;
  FetchOptions options_;
  std::vector<Partition> partitions_;
  std::map<std::int32_t, Leader> leaders_;  // by node
  std::uint64_t seen_ = 0;                  // of the cluster's answers
  std::int32_t turn_ = 0;                   // the leader whose answers are given
  std::deque<Error> failures_;              // that next() has not told
};

}  // namespace rheon::kafka
