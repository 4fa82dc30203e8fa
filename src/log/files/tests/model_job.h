#pragma once

// A job that commits random changes and remembers what must be true: the reference for tests that
// crash, break and corrupt the log under it.

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "log/files/stream_reader.h"
#include "log/files/tests/log_fixture.h"

namespace rheon::log::files::testing {

/// Everything that one epoch makes true.
struct Truth {
  Epoch epoch;
  Model state;
  Facts facts;
  std::vector<std::vector<std::string>> stream;  // per partition
};

class ModelJob {
 public:
  static constexpr std::uint32_t kPartitions = 3;

  /// `decided_outside`: each other commit is prepared first; it counts from the moment on at which
  /// the log has said that it holds it.
  explicit ModelJob(std::uint64_t seed, bool decided_outside = false)
      : random_(seed), decided_outside_(decided_outside) {
    truth_.stream.resize(kPartitions);
  }

  static OpenOptions options() {
    OpenOptions options = small_options();
    options.streams = {{"out", kPartitions, "text", {}}};
    return options;
  }

  /// options(), with who decides.
  OpenOptions own_options() {
    OpenOptions own = options();
    if (decided_outside_) {
      own.decide = [this](const Undecided& undecided) -> Result<bool> {
        ++asked_;
        return undecided.epoch == truth_.epoch;
      };
    }
    return own;
  }

  /// Opens the log and compares everything in it with the truth: as of the last epoch that was
  /// reported committed, or of the one that was on its way.
  void open_and_compare(env::fake::FakeEnv& env) { open_and_compare(env, own_options()); }
  void open_and_compare(env::fake::FakeEnv& env, const OpenOptions& options) {
    auto result = open(env, options);
    ASSERT_TRUE(result.has_value()) << result.error().message;
    compare(env, std::move(result));
  }

  /// The same; false when it could not be opened because of an error.
  bool try_open_and_compare(env::fake::FakeEnv& env) {
    auto result = open(env, own_options());
    if (!result.has_value()) {
      EXPECT_NE(result.error().code, ErrorCode::kRefused) << result.error().message;
      return false;
    }
    compare(env, std::move(result));
    return true;
  }

  void compare(env::fake::FakeEnv& env, Result<OpenResult> result) {
    log_ = std::move(result->log);
    const Epoch epoch = result->opened.epoch;
    if (on_its_way_.has_value() && epoch == on_its_way_->epoch && !prepared_) {
      truth_ = *on_its_way_;
    }
    on_its_way_.reset();
    ASSERT_EQ(epoch, truth_.epoch);
    ASSERT_EQ(result->opened.facts, truth_.facts);
    ASSERT_EQ(restored(*log_), truth_.state);
    compare_stream(env);
  }

  /// Commits random changes; false when the log has failed.
  bool commit(env::fake::FakeEnv& env) {
    log_->submit(next_commit());
    for (int attempt = 0; attempt < 1000; ++attempt) {
      const std::vector<Event> events = settle(env, *log_);
      for (const Event& event : events) {
        last_events_.push_back(event);
        if (event.kind == Event::Kind::kPrepared) {
          count();
          log_->decided();
        } else if (event.kind == Event::Kind::kCommitted && !prepared_) {
          count();
        }
      }
      if (has(events, Event::Kind::kFailed)) {
        return false;
      }
      if (has(events, Event::Kind::kPrepared)) {
        continue;
      }
      if (!on_its_way_.has_value()) {
        return true;
      }
      env.clock().advance(std::chrono::seconds(1));
      on_waiting(env);
    }
    ADD_FAILURE() << "the log waits for ever";
    return false;
  }

  /// The process ends. What it holds must not be used any more.
  void forget_log() { log_.reset(); }

  [[nodiscard]] const Truth& truth() const { return truth_; }
  [[nodiscard]] Log& log() { return *log_; }
  [[nodiscard]] const std::vector<Event>& events() const { return last_events_; }
  /// How often an open() has asked whether an epoch counts.
  [[nodiscard]] int asked() const { return asked_; }
  /// Called when the log waits for space.
  std::function<void(env::fake::FakeEnv&)> on_waiting = [](env::fake::FakeEnv&) {};

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  void count() {
    truth_ = *on_its_way_;
    on_its_way_.reset();
  }

  Commit next_commit() {
    Commit commit;
    on_its_way_ = truth_;
    Truth& next = *on_its_way_;
    next.epoch = commit.epoch = Epoch{truth_.epoch.value + 1};
    prepared_ = commit.prepared = decided_outside_ && below(2) == 0;
    codec::DeltaWriter delta;
    for (std::uint64_t left = below(12); left > 0; --left) {
      const Key key{static_cast<std::uint32_t>(below(4)), "key" + std::to_string(below(20))};
      delta.begin_section(StateId{1}, KeyGroup{key.first});
      if (below(5) == 0) {
        delta.remove(key.second);
        next.state.erase(key);
      } else {
        const std::string value(below(60), static_cast<char>('a' + below(26)));
        delta.put(key.second, value);
        next.state[key] = value;
      }
    }
    commit.deltas = {delta.take()};
    for (const SliceAddress& address : log_->slices_wanted(600)) {
      commit.slices.push_back({address, slice_of(next.state, address)});
    }
    for (std::uint64_t left = below(3); left > 0; --left) {
      const std::string fact = "fact" + std::to_string(below(6));
      if (below(4) == 0) {
        commit.facts.push_back({fact, std::nullopt});
        next.facts.erase(fact);
      } else {
        next.facts[fact] = std::to_string(random_());
        commit.facts.push_back({fact, next.facts[fact]});
      }
    }
    for (std::uint64_t left = below(4); left > 0; --left) {
      const auto partition = static_cast<std::uint32_t>(below(kPartitions));
      const std::string batch = std::to_string(commit.epoch.value) + std::string(below(90), '.');
      commit.appends.push_back({"out", partition, 1, EventTime{1}, batch});
      next.stream[partition].push_back(batch);
    }
    return commit;
  }

  void compare_stream(env::fake::FakeEnv& env) {
    auto reader = open_stream(env.files(), options().directory, "out");
    ASSERT_TRUE(reader.has_value()) << reader.error().message;
    for (std::uint32_t partition = 0; partition < kPartitions; ++partition) {
      StreamPosition position{(*reader)->info().incarnation, 0};
      std::vector<std::string> found;
      while (true) {
        auto batches = (*reader)->read(partition, position, 200);
        ASSERT_TRUE(batches.has_value()) << batches.error().message;
        if (batches->empty()) {
          break;
        }
        for (const StreamBatchView& batch : *batches) {
          ASSERT_EQ(batch.sequence, position.next_batch++);
          found.push_back(batch.batch);
        }
      }
      ASSERT_EQ(found, truth_.stream[partition]);
    }
  }

  std::mt19937_64 random_;
  bool decided_outside_;
  bool prepared_ = false;  // what is on its way
  int asked_ = 0;
  std::unique_ptr<Log> log_;
  Truth truth_;
  std::optional<Truth> on_its_way_;
  std::vector<Event> last_events_;
};

}  // namespace rheon::log::files::testing
