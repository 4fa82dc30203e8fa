#include "testing/seeded_driver.h"

#include <algorithm>
#include <bit>
#include <chrono>

namespace rheon::testing {

Result<bool> SeededDriver::look(engine::Worker& worker) {
  switch (worker.state()) {
    case engine::WorkerState::kRunning:
      return false;
    case engine::WorkerState::kFinished:
      return true;
    case engine::WorkerState::kFailed:
      return tl::unexpected<Error>(worker.failure());
    case engine::WorkerState::kStopped:
      RHEON_TRY(worker.after_stop());
      forget();
      return worker.state() == engine::WorkerState::kFinished;
  }
  return true;
}

void SeededDriver::find_runnable(engine::Worker& worker) {
  const auto& shards = worker.execution().shards();
  if (actors_.size() != shards.size() + 1) {
    actors_.assign(shards.size() + 1, Actor{});
  }
  const env::Monotonic now = env_.clock().monotonic();
  runnable_.clear();
  for (std::size_t i = 0; i < actors_.size(); ++i) {
    const bool rung = i == 0 ? worker.rung() : shards[i - 1]->doorbell().rung();
    if (actors_[i].worked || rung || actors_[i].deadline <= now) {
      runnable_.push_back(i);
    }
  }
  if (env_.io().pending() > 0) {
    runnable_.push_back(actors_.size());
  }
}

void SeededDriver::stall() {
  if (stalls_every_ == 0) {
    return;
  }
  if (turns_ >= stalled_until_ && pick(stalls_every_) == 0) {
    stalled_ = pick(actors_.size() + 1);
    stalled_are_others_ = pick(2) == 0;
    stalled_until_ = turns_ + 1 + pick(most_stalled_);
  }
  const bool has_steps = std::find(runnable_.begin(), runnable_.end(), stalled_) != runnable_.end();
  if (turns_ >= stalled_until_ || !has_steps) {
    return;
  }
  if (stalled_are_others_) {
    runnable_.assign(1, stalled_);
  } else if (runnable_.size() > 1) {
    std::erase(runnable_, stalled_);
  }
}

void SeededDriver::add_to_trace(std::uint64_t what) {
  trace_ = (std::rotl(trace_, 5) ^ what) * 0x9e3779b97f4a7c15;
}

void SeededDriver::step(engine::Worker& worker, std::size_t actor) {
  add_to_trace(actor);
  add_to_trace(static_cast<std::uint64_t>(env_.clock().monotonic().count()));
  if (actor == actors_.size()) {
    static_cast<void>(env_.io().run_one(random_()));
    add_to_trace(env_.files().operations());
    add_to_trace(env_.files().written());
    return;
  }
  const engine::StepResult result =
      actor == 0 ? worker.step() : worker.execution().shards()[actor - 1]->step();
  actors_[actor] = {result.progress == engine::Progress::kWorked, result.deadline};
}

Result<bool> SeededDriver::turn(engine::Worker& worker) {
  RHEON_ASSIGN(const bool finished, look(worker));
  if (finished) {
    return true;
  }
  ++turns_;
  env_.clock().advance(
      std::chrono::nanoseconds{pick(static_cast<std::uint64_t>(most_per_turn_.count()) + 1)});
  find_runnable(worker);
  if (runnable_.empty()) {
    const auto next =
        std::min_element(actors_.begin(), actors_.end(),
                         [](const Actor& a, const Actor& b) { return a.deadline < b.deadline; });
    if (next->deadline == env::Monotonic::max()) {
      return fail(ErrorCode::kInternal, "everybody waits for somebody else, without a deadline.");
    }
    env_.clock().advance(next->deadline - env_.clock().monotonic());
    return false;
  }
  stall();
  step(worker, runnable_[pick(runnable_.size())]);
  return look(worker);
}

Status SeededDriver::run(engine::Worker& worker, std::uint64_t most) {
  for (std::uint64_t left = most; left > 0; --left) {
    RHEON_ASSIGN(const bool finished, turn(worker));
    if (finished) {
      return {};
    }
  }
  return fail(ErrorCode::kInternal,
              "the job has not finished after " + std::to_string(most) + " turns: it hangs.");
}

Status SeededDriver::settle(engine::Worker& worker, std::uint64_t most) {
  for (std::uint64_t left = most; left > 0; --left) {
    RHEON_ASSIGN(const bool finished, look(worker));
    if (finished) {
      return {};
    }
    find_runnable(worker);
    if (runnable_.empty()) {
      return {};
    }
    ++turns_;
    step(worker, runnable_[pick(runnable_.size())]);
  }
  return fail(ErrorCode::kInternal,
              "the job is still busy after " + std::to_string(most) + " turns.");
}

}  // namespace rheon::testing
