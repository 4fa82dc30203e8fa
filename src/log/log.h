#pragma once

// The only durable thing a job has, as the engine sees it. A polled state machine: submit() never
// blocks, poll() says what has happened. Two implementations keep the same frames: log/files (one
// machine) and, later, Kafka. Everything here is called by the worker's coordinator, one thread,
// except Restore, which several threads may use at once for different key groups.
//
// A commit holds, atomically: deltas of keyed state, facts, stream batches. *Facts* are the small
// named things: source positions, watermarks, clocks, the ledger, sink progress, the catalog of
// states. A fact's key is a path of user-given names ("position/lines/<partition>"); its value is
// opaque to the log. A commit carries only the facts that changed.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "log/identity.h"

namespace rheon::log {

using Facts = std::map<std::string, std::string, std::less<>>;

/// The one fact that the log reads itself, u32: into how many key groups state is divided. Without
/// it, the number of the identity.
inline constexpr std::string_view kKeyGroupsFact = "key_groups";

struct FactChange {
  std::string key;
  std::optional<std::string> value;  // none: the fact is removed
};

/// A part of one key group's table: the keys whose stable hash has its upper 32 bits within
/// [first_hash, last_hash].
struct SliceAddress {
  StateId state;
  KeyGroup group;
  std::uint32_t first_hash = 0;
  std::uint32_t last_hash = UINT32_MAX;
  friend auto operator<=>(const SliceAddress&, const SliceAddress&) = default;
};

/// A slice as of the commit that carries it.
struct Slice {
  SliceAddress address;
  std::string blob;  // codec/delta.h, puts only
};

/// One batch for a durable stream. Opaque to the log: codec/stream_batch.h says what it holds.
struct StreamAppend {
  std::string stream;
  std::uint32_t partition = 0;
  std::uint32_t records = 0;
  EventTime max_time;  // the largest event time in it, for retention by time
  std::string batch;
};

struct Commit {
  Epoch epoch;                      // the one after the last committed
  std::vector<std::string> deltas;  // codec/delta.h; one blob per shard
  std::vector<Slice> slices;        // answers to slices_wanted(); also whole key groups of a state
  std::vector<FactChange> facts;
  std::vector<StreamAppend> appends;
  bool complete = false;  // every source has ended and the job has drained
  /// Whether it counts is decided outside, once the log holds it: decided() comes next, or nothing
  /// any more.
  bool prepared = false;
};

/// What open() found.
struct Opened {
  bool fresh = false;  // made by this open()
  Identity identity;
  Epoch epoch;                // the last committed; 0 when none is
  bool complete = false;      // that commit was marked complete
  Facts facts;                // as of that commit
  std::vector<Id> ancestors;  // lineages that this one goes on from
  std::string notice;         // a sentence when a crash's trace was cut off, or empty
};

/// Called while state is read back. The views are valid during the call.
class RestoreVisitor {
 public:
  virtual ~RestoreVisitor() = default;
  /// All slices come before all deltas.
  [[nodiscard]] virtual Status on_slice(const SliceAddress& address, Epoch as_of,
                                        std::string_view blob) = 0;
  /// Deltas come in the order of their epochs; some may be older than the slices: an entry applies
  /// only when its epoch is above the as-of epoch of the slice that its key belongs to. The blob
  /// holds sections of other key groups as well.
  [[nodiscard]] virtual Status on_delta(Epoch epoch, std::string_view blob) = 0;
};

struct Event {
  enum class Kind {
    kPrepared,   // `epoch` is held, and waits for decided()
    kCommitted,  // `epoch` is durable, and counts
    kWaiting,    // no space: the same commit is tried again by itself; sources should pause
    kResumed,    // there is space again
    kFailed,     // this log is of no more use: open a new one, which says whether the epoch counts
  };
  Kind kind{};
  Epoch epoch;
  std::string sentence;             // for kWaiting and kFailed
  ErrorCode code = ErrorCode::kIo;  // for kFailed; kIo: opening the log anew may help
};

/// Where the log stands, for people.
struct Usage {
  std::uint64_t journal_bytes = 0;
  std::uint64_t snapshot_bytes = 0;
  std::uint64_t stream_bytes = 0;
  std::uint64_t last_commit_bytes = 0;
  std::uint64_t last_commit_micros = 0;
};

class Log {
 public:
  virtual ~Log() = default;

  /// Feeds back the state of the key groups that `wanted` accepts, as of the last commit. Blocks;
  /// before the first submit(). Several threads may call it at once.
  [[nodiscard]] virtual Status restore(const std::function<bool(KeyGroup)>& wanted,
                                       RestoreVisitor& visitor) = 0;

  /// Starts to commit. At most one commit is on its way: the next only after kCommitted.
  virtual void submit(Commit commit) = 0;
  /// The prepared epoch counts: kCommitted follows.
  virtual void decided() = 0;
  /// What has happened since the last call; none when nothing has.
  [[nodiscard]] virtual std::optional<Event> poll() = 0;
  /// Slices that the next commit should carry so that the deltas do not outgrow the state; at most
  /// about `budget_bytes` of them.
  [[nodiscard]] virtual std::vector<SliceAddress> slices_wanted(std::uint64_t budget_bytes) = 0;
  [[nodiscard]] virtual Usage usage() const = 0;
};

}  // namespace rheon::log
