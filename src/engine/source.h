#pragma once

// What a source connector implements: three small roles.
//
//   SourceConnector  an immutable description, made by the job function; knows how to find the
//                    source's partitions and how to make readers.
//   SourceReader     one per shard and run of the engine; owns some partitions; polled on the
//                    shard's thread, never blocks (files and sockets through env.io()).
//   SourceOutput     where a reader puts what it has read.
//
// Each has a base, Any..., that is the same for every type of record: what the engine holds.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "engine/source_output.h"
#include "env/env.h"

namespace rheon::engine {

/// A partition as it is stored: `id` never changes and is unique within its source; `position` is
/// the connector's own encoding of where to read on.
struct SourcePartition {
  std::string id;
  std::string label;     // for people: a path, a topic's partition
  std::string position;  // empty: from the start
  bool more = false;     // discover(): there is input behind the position, as far as it can tell
};

enum class Poll {
  kWorked,   // something was read: poll again
  kWaiting,  // an answer of a disk or a peer is on its way: not idle
  kIdle,     // every partition was read to its end, and nothing more is there now
  kEnded,    // every partition has ended for good (bounded input)
};

/// A reader, as the engine sees it: the same for every type of record.
class AnySourceReader {
 public:
  virtual ~AnySourceReader() = default;
  /// Adds a partition; before the first poll or between two.
  virtual void assign(const SourcePartition& partition) = 0;
  /// Reads a bounded amount. An error stops the job with its sentence. Never blocks. `output` takes
  /// records of the source's type.
  [[nodiscard]] virtual Result<Poll> poll_any(AnySourceOutput& output) = 0;
  /// Position of a partition (index in order of assign()) right behind the last record emitted.
  [[nodiscard]] virtual std::string position(std::size_t partition) const = 0;
  /// position() as a number that says something to a person: the byte of a file, the index of a
  /// record or batch. None: there is no such number.
  [[nodiscard]] virtual std::optional<std::uint64_t> offset(std::size_t /*partition*/) const {
    return std::nullopt;
  }
  /// True when this partition was read to its end by a successful read and nothing was left.
  [[nodiscard]] virtual bool at_end(std::size_t partition) const = 0;
  /// After a poll: what keeps it from reading, in words that go on behind a colon; empty: nothing.
  /// It tries again by itself.
  [[nodiscard]] virtual std::string trouble() const { return {}; }
  /// After a poll that waits: when to poll again though nobody has woken the shard. That is done
  /// once a second anyway, and after 20 ms at the soonest.
  [[nodiscard]] virtual env::Monotonic deadline() const { return env::Monotonic::max(); }
};

template <class T>
class SourceReader : public AnySourceReader {
 public:
  /// As poll_any() says.
  [[nodiscard]] virtual Result<Poll> poll(SourceOutput<T>& output) = 0;

  [[nodiscard]] Result<Poll> poll_any(AnySourceOutput& output) final {
    return poll(static_cast<SourceOutput<T>&>(output));
  }
};

struct SourceTraits {
  std::string kind;        // "files", "generator", ...
  bool replayable = true;  // can go back to a committed position
  bool bounded = true;     // ends by itself
  std::string place{};  // for people: "stream 'words' in words.data"; empty: the kind says it all
};

/// What readers and discovery may use. `waker` wakes the reader's shard; give it to Completions.
struct SourceEnvironment {
  env::Env* env = nullptr;
  env::Waker* waker = nullptr;
  std::string job;            // its name
  bool stop_at_end = false;   // bound an unbounded source at its end as of now
  bool running = false;       // discover(): readers are at work, and may be ahead of what is known
  std::string found_nothing;  // discover() says here, if it can, why it has found nothing
  std::uint32_t shard = 0;
  std::uint32_t shards = 1;
};

/// A connector, as the engine sees it: the same for every type of record.
class AnySourceConnector {
 public:
  virtual ~AnySourceConnector() = default;
  [[nodiscard]] virtual SourceTraits traits() const = 0;
  /// All partitions that exist now. `known` are those of the last commit with their positions: a
  /// partition that is still there is returned with that position; one that is gone or that is no
  /// longer what it was is an error with a sentence, or is left out when that is its normal end.
  /// Blocks: called before the shards run, and again on an I/O thread when more may appear.
  [[nodiscard]] virtual Result<std::vector<SourcePartition>> discover(
      SourceEnvironment& environment, const std::vector<SourcePartition>& known) const = 0;
  /// Partitions may appear while the job runs: discover() is called every 250 ms, of one such
  /// source after the other.
  [[nodiscard]] virtual bool grows() const { return false; }
  /// A reader of records of the source's type.
  [[nodiscard]] virtual std::unique_ptr<AnySourceReader> make_any_reader(
      const SourceEnvironment& environment) const = 0;
};

template <class T>
class SourceConnector : public AnySourceConnector {
 public:
  [[nodiscard]] virtual std::unique_ptr<SourceReader<T>> make_reader(
      const SourceEnvironment& environment) const = 0;

  [[nodiscard]] std::unique_ptr<AnySourceReader> make_any_reader(
      const SourceEnvironment& environment) const final {
    return make_reader(environment);
  }
};

}  // namespace rheon::engine
