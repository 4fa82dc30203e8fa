#include "engine/task.h"

#include <algorithm>

#include "engine/epoch_part.h"
#include "engine/processor.h"
#include "engine/sender.h"

namespace rheon::engine {

void Stage::flush() {
  for (const auto& sender : senders) {
    sender->flush();
  }
}

void Stage::ring() {
  for (const auto& sender : senders) {
    sender->ring();
  }
}

Work Stage::caused() const {
  Work caused{0};
  for (const auto& sender : senders) {
    caused += sender->caused();
  }
  return caused;
}

bool Stage::ready() {
  bool ready = true;
  for (const auto& sender : senders) {
    ready = sender->drain() && ready;
  }
  for (const auto& processor : processors) {
    ready = !processor->blocked() && ready;  // each is asked: one may have failed for good
  }
  return ready;
}

bool Stage::resume() {
  for (const auto& processor : processors) {
    if (!processor->resume()) {
      return false;
    }
  }
  return true;
}

bool Stage::settled() const {
  return std::all_of(processors.begin(), processors.end(),
                     [](const auto& processor) { return processor->settled(); });
}

bool Stage::on_clock() {
  for (const auto& processor : processors) {
    if (!processor->on_clock()) {
      return false;
    }
  }
  return true;
}

EventTime Stage::next_clock() const {
  EventTime next = EventTime::max();
  for (const auto& processor : processors) {
    next = std::min(next, processor->next_clock());
  }
  return next;
}

void Stage::report(EpochPart& part) {
  for (const auto& processor : processors) {
    processor->counters().report(processor->name(), part.ledger);
  }
  for (const auto& sender : senders) {
    if (const std::uint64_t sent = sender->take_sent(); sent > 0) {
      part.ledger.push_back({"edge/" + sender->edge() + "/sent", sent});
    }
    if (const std::uint64_t kept = sender->take_quarantined(); kept > 0) {
      part.ledger.push_back({"edge/" + sender->edge() + "/quarantined", kept});
    }
  }
}

std::uint64_t Stage::uncommitted_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& processor : processors) {
    sum += processor->uncommitted_bytes();
  }
  return sum;
}

env::Monotonic Stage::deadline() const {
  env::Monotonic at = env::Monotonic::max();
  for (const auto& processor : processors) {
    at = std::min(at, processor->deadline());
  }
  return at;
}

bool Stage::capture(EpochPart& part) {
  bool all = true;
  for (const auto& processor : processors) {
    all = processor->capture(part) && all;
  }
  return all;
}

namespace {
// The next step comes at once when steps are quick: a receiver that sleeps may get more to read
// before it is woken, which costs more than most messages.
constexpr unsigned kStepsToSleep = 4;
}  // namespace

Task::Task(ShardContext& shard) : shard_(shard) {}

Task::~Task() = default;

void Task::open() {
  for (const auto& processor : stage_.processors) {
    processor->open();
  }
  open_input();
}

void Task::close() {
  for (const auto& processor : stage_.processors) {
    processor->close();
  }
}

void Task::committed(Epoch epoch) {
  for (const auto& processor : stage_.processors) {
    processor->committed(epoch);
  }
}

void Task::pass(const Barrier& barrier, Receiver* head) {
  if (head != nullptr) {
    head->on_barrier(barrier);
  }
  stage_.flush();
  passed_ = barrier.epoch;
  capturing_ = true;
  reported_ = false;
  done_ = barrier.last;
}

bool Task::capture(EpochPart& part) {
  if (!capturing_) {
    return true;
  }
  if (!reported_) {
    stage_.report(part);
    report(part);
    reported_ = true;
  }
  capturing_ = !stage_.capture(part);
  return !capturing_;
}

StepResult Task::step() {
  const bool quick = shard_.monotonic - stepped_at_ < kQuick;  // the shard's last round
  stepped_at_ = shard_.monotonic;
  if (!quick) {
    stage_.ring();  // what was left unrung waits for no other slow step
  }
  const StepResult result = work();
  if (!quick || result.progress != Progress::kWorked || ++let_sleep_ == kStepsToSleep) {
    stage_.ring();
    let_sleep_ = 0;
  }
  return result;
}

StepResult Task::work() {
  if (!stage_.ready()) {
    held_up();
    return {Progress::kBlocked, env::Monotonic::max()};
  }
  if (done_) {
    return {Progress::kDone, env::Monotonic::max()};
  }
  // A step's report must hold exactly what stands before the barrier.
  if (capturing_ && !reported_) {
    return {Progress::kBlocked, env::Monotonic::max()};
  }
  if (!stage_.resume() || (!within_message() && !stage_.on_clock())) {
    pass_barriers();
    stage_.flush();
    return {Progress::kWorked, env::Monotonic::max()};
  }
  const StepResult result = take_input();
  stage_.flush();
  return result;
}

}  // namespace rheon::engine
