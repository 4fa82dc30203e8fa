#pragma once

// What a sink connector implements.
//
//   SinkConnector  an immutable description, made by the job function.
//   SinkWriter     one per shard and run of the engine; written to and prepared on the shard's
//                  thread, never blocks (files and sockets through env.io()).
//   SinkCommitter  one per sink and worker: brings the outside to the last committed state before
//                  any writer runs, and publishes what a commit has made true.
//
// A sink is a participant of the commit: everything written before a barrier is prepared (durable,
// invisible or undoable) before the log decides, and finished after it, as often as needed.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "engine/batch.h"
#include "engine/decider.h"
#include "env/env.h"
#include "log/files/stream_declaration.h"
#include "log/log.h"

namespace rheon::engine {

enum class Guarantee { kExactlyOnce, kIdempotent, kAtLeastOnce };

struct SinkTraits {
  std::string kind;  // "files", "standard output", ...
  Guarantee guarantee = Guarantee::kExactlyOnce;
  /// Whose transaction its records are a part of, in words that are the same for all sinks of one
  /// decider: "Kafka at localhost:9092"; empty: the log alone decides.
  std::string decider = {};
};

struct SinkEnvironment {
  env::Env* env = nullptr;
  env::Waker* waker = nullptr;     // wakes the writer's shard; give it to Completions
  log::Identity identity;          // of the job: for markers in places outside
  std::vector<log::Id> ancestors;  // for recover(): lineages whose output this one goes on with
  std::uint32_t shard = 0;
  std::uint32_t shards = 1;
  std::string sink;              // its name, as the user gave it
  bool decided_outside = false;  // its records go the way of take_outgoing()
};

struct DeciderEnvironment {
  env::Env* env = nullptr;
  env::Waker* waker = nullptr;  // the coordinator's
};

/// Facts of one sink; keys are the sink's own ("<file>"), without any prefix.
using SinkFacts = log::Facts;
using SinkFactChanges = std::vector<log::FactChange>;

/// A writer, as the engine sees it: the same for every type of record.
class SinkParticipant {
 public:
  virtual ~SinkParticipant() = default;
  /// Takes all records of the batch, which is one of the sink's type.
  virtual void write_batch(const BatchBase& batch) = 0;
  /// Everything written so far belongs to `epoch`; what is written from now on to the next. Starts
  /// to make it durable. At most one epoch is being prepared.
  virtual void prepare(Epoch epoch) = 0;
  /// True when prepare() has finished: then `facts` and `appends` hold what the commit must carry.
  /// False: ask again (the waker is woken). An error aborts the epoch.
  [[nodiscard]] virtual Result<bool> prepared(SinkFactChanges& facts,
                                              std::vector<log::StreamAppend>& appends) = 0;
  /// Behind prepare(): it has left something unsaid that no record will bring, and wants another
  /// epoch for it, in a second or so.
  [[nodiscard]] virtual bool has_more_to_say() const { return false; }
  /// Once prepared() has said true: the epoch's records for who decides outside.
  virtual void take_outgoing(std::vector<Outgoing>& /*outgoing*/) {}
  /// The epoch is durable. Called on the shard's thread.
  virtual void committed(Epoch /*epoch*/) {}
  /// When prepared() or blocked() must be asked again though the waker was not woken: by who waits
  /// for an answer, or tries again after a while.
  [[nodiscard]] virtual env::Monotonic deadline() const { return env::Monotonic::max(); }
  /// What has been written since the last prepare() and is held in memory until the commit.
  [[nodiscard]] virtual std::uint64_t uncommitted_bytes() const { return 0; }
  /// True while the sink cannot take more: its task pauses, nothing is lost. An error when it never
  /// will: aborts the epoch at once, whether the barrier has come or waits behind the pause.
  [[nodiscard]] virtual Result<bool> blocked() { return false; }
  /// It cannot go on because there is no space where it writes. It tries again by itself.
  [[nodiscard]] virtual bool no_space() const { return false; }
  /// The watermark behind which the next records are written; `idle`: it waits for none. Called
  /// when it has changed.
  virtual void watermark(EventTime /*watermark*/, bool /*idle*/) {}
  /// This writer is not used any more after the epoch being prepared (rescale, end of the job): it
  /// closes what it has open, and says so in its facts. Called before that last prepare().
  virtual void retire() {}
};

template <class K, class T>
class SinkWriter : public SinkParticipant {
 public:
  /// Takes all records of the batch; copies what it keeps.
  virtual void write(const Batch<K, T>& batch) = 0;

  void write_batch(const BatchBase& batch) final { write(static_cast<const Batch<K, T>&>(batch)); }
};

/// What recover() has done, beside to the outside.
struct SinkRecovery {
  SinkFactChanges changes;           // ride in the next commit
  std::vector<std::string> notices;  // sentences for the person who starts the job
};

class SinkCommitter {
 public:
  virtual ~SinkCommitter() = default;
  /// Before any writer runs: brings the outside to what `facts` say. Blocks.
  [[nodiscard]] virtual Status recover(const SinkEnvironment& environment, const SinkFacts& facts,
                                       SinkRecovery& done) = 0;
  /// After a commit, with all facts of the sink as committed. On an I/O thread; repeatable. Tried
  /// again while there is no space (kNoSpace); any other error fails the running epoch, and
  /// recover() comes next.
  [[nodiscard]] virtual Status published(Epoch /*epoch*/, const SinkFacts& /*facts*/) { return {}; }
  /// False when published() does nothing, so that nobody copies facts for it.
  [[nodiscard]] virtual bool wants_published() const { return false; }
};

/// A connector, as the engine sees it: the same for every type of record.
class AnySinkConnector {
 public:
  virtual ~AnySinkConnector() = default;
  [[nodiscard]] virtual SinkTraits traits() const = 0;
  /// `recovered`: the sink's facts of the last commit.
  [[nodiscard]] virtual std::unique_ptr<SinkParticipant> make_participant(
      const SinkEnvironment& environment, const SinkFacts& recovered) const = 0;
  /// May be null.
  [[nodiscard]] virtual std::unique_ptr<SinkCommitter> make_committer() const = 0;
  /// Streams of the job's own log that its writers append to: declared to the log at open.
  [[nodiscard]] virtual std::vector<log::files::StreamDeclaration> declared_streams() const;
  /// Of sinks whose traits name one: null otherwise.
  [[nodiscard]] virtual std::unique_ptr<Decider> make_decider(
      const DeciderEnvironment& environment) const;
};

template <class K, class T>
class SinkConnector : public AnySinkConnector {
 public:
  /// `recovered`: the sink's facts of the last commit.
  [[nodiscard]] virtual std::unique_ptr<SinkWriter<K, T>> make_writer(
      const SinkEnvironment& environment, const SinkFacts& recovered) const = 0;

  [[nodiscard]] std::unique_ptr<SinkParticipant> make_participant(
      const SinkEnvironment& environment, const SinkFacts& recovered) const final {
    return make_writer(environment, recovered);
  }
};

}  // namespace rheon::engine
