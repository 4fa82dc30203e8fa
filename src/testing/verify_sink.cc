#include "testing/verify_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>

#include "env/fake/fake_env.h"

namespace rheon::testing {

namespace {

using env::fake::Survival;

constexpr int kMostTurns = 10'000;
constexpr std::chrono::milliseconds kBetweenTurns{20};

const std::string kAfterAStart = "after a start";

/// How far an epoch has come.
enum class Stage { kWritten, kPreparing, kPrepared, kCommitted, kPublished };
constexpr std::array<std::pair<Stage, const char*>, 5> kStages{
    {{Stage::kWritten, "before it is prepared"},
     {Stage::kPreparing, "while it is being prepared"},
     {Stage::kPrepared, "when all is prepared"},
     {Stage::kCommitted, "when it is in the log"},
     {Stage::kPublished, "when it is published"}}};

enum class End { kAbort, kKill, kPowerCut };
constexpr std::array<std::pair<End, const char*>, 3> kEnds{
    {{End::kAbort, "an abort"}, {End::kKill, "a kill"}, {End::kPowerCut, "a power cut"}}};

struct Way {
  std::string name;
  std::uint32_t shards = 1;
  std::size_t records_per_epoch = 1;
  std::optional<std::pair<Stage, End>> trouble = {};  // in every epoch
};

[[nodiscard]] std::string shown(const std::vector<std::string>& texts) {
  std::string all = fmt::format("'{}'", fmt::join(texts, "', '"));
  std::replace_if(
      all.begin(), all.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
  return all;
}

/// A job that does nothing but write: its log is `facts_`, one change after the other.
class WritingJob {
 public:
  WritingJob(const WritingTask& task, const Way& way) : task_(task), way_(way) {}

  void run() {
    start();
    for (std::size_t from = 0; from < task_.texts.size();) {
      const std::size_t to = std::min(from + way_.records_per_epoch, task_.texts.size());
      if (!way_.trouble.has_value() || !write_until_trouble(from, to)) {
        write_epoch(from, to, Stage::kPublished);
      }
      check("after a commit");
      from = to;
    }
    for (const auto& writer : writers_) {
      writer->retire();
    }
    write_epoch(task_.texts.size(), task_.texts.size(), Stage::kPublished);
    writers_.clear();
    check("at the end");
  }

 private:
  [[noreturn]] void broken(const std::string& sentence) const {
    throw std::runtime_error(
        fmt::format("{} ({}, epoch {})", sentence, way_.name, epoch_.value + 1));
  }
  void require(const Status& status, const char* what) const {
    if (!status.has_value()) {
      broken(fmt::format("{} fails: {}", what, status.error().message));
    }
  }

  [[nodiscard]] engine::SinkEnvironment environment(std::uint32_t shard) {
    engine::SinkEnvironment result;
    result.env = &env_;
    result.waker = &parker_;
    result.identity = log::Identity{"job", {1, 2}, {3, 4}, kDefaultKeyGroups};
    result.shard = shard;
    result.shards = way_.shards;
    result.sink = "sink";
    return result;
  }

  /// A process as of the last commit, or the same one after an abort.
  void start() {
    connector_ = task_.make();
    if (!connector_->traits().decider.empty()) {
      broken("what counts of this sink is decided by " + connector_->traits().decider +
             ", which this test does not have");
    }
    committer_ = connector_->make_committer();
    engine::SinkRecovery done;
    if (committer_ != nullptr) {
      require(committer_->recover(environment(0), facts_, done), "recover()");
    }
    check(kAfterAStart);
    log::Facts known = facts_;
    apply(done.changes, known);
    pending_ = std::move(done.changes);
    for (std::uint32_t shard = 0; shard < way_.shards; ++shard) {
      writers_.push_back(connector_->make_participant(environment(shard), known));
    }
  }

  /// Whether the epoch was committed all the same.
  [[nodiscard]] bool write_until_trouble(std::size_t from, std::size_t to) {
    const auto [stage, end] = *way_.trouble;
    write_epoch(from, to, stage);
    if (end == End::kAbort) {
      env_.io().run_all();
    }
    if (end == End::kPowerCut) {
      env_.cut_power(/*seed=*/from + 1, (from / 2) % 2 == 0 ? Survival::kSynced : Survival::kTorn);
    }
    if (end != End::kAbort) {  // first: what the old process still has open is dead
      output_ += env_.process().output();
      env_.restart();
    }
    writers_.clear();
    prepared_.clear();
    committer_.reset();
    start();
    return stage >= Stage::kCommitted;
  }

  void write_epoch(std::size_t from, std::size_t to, Stage until) {
    for (std::size_t i = from; i < to; ++i) {
      engine::SinkParticipant& writer = *writers_[i % writers_.size()];
      wait_for([&] {
        const Result<bool> blocked = writer.blocked();
        require(blocked.has_value() ? Status{} : tl::unexpected(blocked.error()), "blocked()");
        return !*blocked;
      });
      writer.write_batch(*task_.batch_of(i));
    }
    if (until == Stage::kWritten) {
      return;
    }
    const Epoch next{epoch_.value + 1};
    for (const auto& writer : writers_) {
      writer->prepare(next);
    }
    if (until == Stage::kPreparing) {
      return;
    }
    engine::SinkFactChanges changes = pending_;
    wait_for([&] { return all_prepared(changes); });
    if (until == Stage::kPrepared) {
      return;
    }
    apply(changes, facts_);
    pending_.clear();
    epoch_ = next;
    committed_ = to;
    if (until == Stage::kCommitted) {
      return;
    }
    for (const auto& writer : writers_) {
      writer->committed(epoch_);
    }
    if (committer_ != nullptr) {
      require(committer_->published(epoch_, facts_), "published()");
      require(committer_->published(epoch_, facts_), "published() for the second time");
    }
    prepared_.clear();
    env_.io().run_all();
  }

  [[nodiscard]] bool all_prepared(engine::SinkFactChanges& changes) {
    prepared_.resize(writers_.size());
    for (std::size_t i = 0; i < writers_.size(); ++i) {
      if (prepared_[i]) {
        continue;
      }
      std::vector<log::StreamAppend> appends;
      const Result<bool> done = writers_[i]->prepared(changes, appends);
      require(done.has_value() ? Status{} : tl::unexpected(done.error()), "prepared()");
      if (!appends.empty()) {
        broken("the sink appends to streams of the job's own log, which this test does not have");
      }
      prepared_[i] = *done;
    }
    return std::find(prepared_.begin(), prepared_.end(), false) == prepared_.end();
  }

  template <class Done>
  void wait_for(Done&& done) {
    for (int turns = 0; turns < kMostTurns; ++turns) {
      if (done()) {
        return;
      }
      env_.io().run_all();
      env_.clock().advance(kBetweenTurns);
    }
    broken("the sink is never done");
  }

  static void apply(const engine::SinkFactChanges& changes, log::Facts& facts) {
    for (const log::FactChange& change : changes) {
      if (change.value.has_value()) {
        facts[change.key] = *change.value;
      } else {
        facts.erase(change.key);
      }
    }
  }

  void check(const std::string& when) {
    std::vector<std::string> found = task_.read({env_.files(), output_ + env_.process().output()});
    std::vector<std::string> committed(
        task_.texts.begin(), task_.texts.begin() + static_cast<std::ptrdiff_t>(committed_));
    const engine::Guarantee guarantee = connector_->traits().guarantee;
    const bool in_between = when == kAfterAStart;
    if (guarantee == engine::Guarantee::kAtLeastOnce ||
        (guarantee == engine::Guarantee::kIdempotent && in_between)) {
      check_all_there(found, committed, when);
      if (guarantee == engine::Guarantee::kIdempotent) {
        check_none_twice(found, when);
      }
      return;
    }
    if (way_.shards > 1) {
      std::sort(found.begin(), found.end());
      std::sort(committed.begin(), committed.end());
    }
    if (found != committed) {
      broken(fmt::format("{} there stands {} and not {}", when, shown(found), shown(committed)));
    }
  }

  void check_none_twice(const std::vector<std::string>& found, const std::string& when) const {
    for (const std::string& text : found) {
      if (std::count(found.begin(), found.end(), text) >
          std::count(task_.texts.begin(), task_.texts.end(), text)) {
        broken(fmt::format("{} {} stands there more than once", when, shown({text})));
      }
    }
  }

  void check_all_there(const std::vector<std::string>& found,
                       const std::vector<std::string>& committed, const std::string& when) const {
    for (const std::string& text : committed) {
      if (std::count(found.begin(), found.end(), text) <
          std::count(committed.begin(), committed.end(), text)) {
        broken(fmt::format("{} {} is missing", when, shown({text})));
      }
    }
    for (const std::string& text : found) {
      if (std::find(task_.texts.begin(), task_.texts.end(), text) == task_.texts.end()) {
        broken(fmt::format("{} {} stands there, which nobody wrote", when, shown({text})));
      }
    }
  }

  const WritingTask& task_;
  const Way& way_;
  env::fake::FakeEnv env_;
  env::fake::FakeParker parker_;
  std::string output_;  // of the processes before
  std::shared_ptr<const engine::AnySinkConnector> connector_;
  std::unique_ptr<engine::SinkCommitter> committer_;
  std::vector<std::unique_ptr<engine::SinkParticipant>> writers_;
  std::vector<bool> prepared_;       // of the writers, in the epoch that is being prepared
  engine::SinkFactChanges pending_;  // of recover(): ride in the next commit
  log::Facts facts_;
  Epoch epoch_;                // the last that was committed
  std::size_t committed_ = 0;  // records
};

[[nodiscard]] std::vector<Way> all_ways(std::size_t records) {
  std::vector<Way> ways;
  for (const std::uint32_t shards : {1U, 3U}) {
    const std::string on = shards == 1 ? "" : fmt::format(" on {} shards", shards);
    ways.push_back({"all in one epoch" + on, shards, records});
    ways.push_back({"an epoch for each record" + on, shards, 1});
    for (const auto& [stage, where] : kStages) {
      for (const auto& [end, what] : kEnds) {
        ways.push_back({fmt::format("{} in every epoch {}{}", what, where, on), shards, 2,
                        std::pair(stage, end)});
      }
    }
  }
  return ways;
}

}  // namespace

void verify_ways_of_writing(const WritingTask& task) {
  for (const Way& way : all_ways(task.texts.size())) {
    WritingJob(task, way).run();
  }
}

}  // namespace rheon::testing
