#pragma once

// What decides whether an epoch counts, where that is not the log: a transaction outside, of which
// the records of some sinks are a part. A job has one at most. Its epochs are prepared in the log
// first; the transaction carries a decision along with the records; the log hears of it afterwards.
// Whether a crash came before or after it tells the last decision that stands outside.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "env/clock.h"
#include "log/identity.h"

namespace rheon::engine {

/// A batch of records that the transaction writes.
struct Outgoing {
  std::string place;  // where to, in the decider's words: a topic
  std::uint32_t partition = 0;
  std::uint32_t records = 0;
  std::string batch;
};

/// Stands outside beside the records of an epoch, and in the log with the epoch: in both or none.
struct Decision {
  log::Id uid;
  log::Id lineage;
  Epoch epoch;
  std::uint64_t token = 0;  // random: a copy of the log that has gone another way has another one
  std::uint64_t after = 0;  // token of the decision that stands outside before it; 0: there is none
  friend bool operator==(const Decision&, const Decision&) = default;
};

[[nodiscard]] std::string encode(const Decision& decision);
[[nodiscard]] std::optional<Decision> decode_decision(std::string_view bytes);

/// Whether an epoch counts that the log holds as prepared with this decision: `outside` is that
/// decision, or still the one before it. kRefused, with what can be done: it is neither.
[[nodiscard]] Result<bool> counts(const Decision& prepared, const std::optional<Decision>& outside,
                                  std::string_view place);

/// Whether what stands outside and what the log holds are one history. `log`: of its last epoch
/// that was decided outside; none: no epoch was. `place`: where the decisions stand, for people.
/// kRefused, with what can be done.
[[nodiscard]] Status check_one_history(const log::Identity& identity,
                                       const std::optional<Decision>& outside,
                                       const std::optional<Decision>& log, std::string_view place);

class Decider {
 public:
  virtual ~Decider() = default;

  /// Before anything else; blocks. Ends what an earlier process of the job has left open, and finds
  /// the last decision that stands outside; none: there is none.
  [[nodiscard]] virtual Result<std::optional<Decision>> recover(
      const log::Identity& identity, const std::vector<log::Id>& ancestors) = 0;
  /// Where decisions stand, for people: "topic 'job.commit' of Kafka at localhost:9092".
  [[nodiscard]] virtual std::string place() const = 0;

  // On the coordinator's thread, and nothing blocks.

  /// Starts to write the records of an epoch, and its decision.
  virtual void begin(const Decision& decision, std::vector<Outgoing> records) = 0;
  /// The log holds the epoch: it is to be decided once all is written.
  virtual void decide() = 0;
  /// Moves on what is under way. True: the epoch counts. An error: this decider is of no more use,
  /// and recover() of a new one knows whether it does.
  [[nodiscard]] virtual Result<bool> step(env::Monotonic now) = 0;
  /// When step() must be called though nothing has come.
  [[nodiscard]] virtual env::Monotonic deadline() const = 0;
  /// Why it takes so long, as a sentence; empty: it does not.
  [[nodiscard]] virtual std::string trouble() const = 0;
};

}  // namespace rheon::engine
