#include "engine/stage_task.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/processor.h"
#include "engine/shard_context.h"
#include "env/env.h"

namespace rheon::engine {

namespace {
constexpr std::chrono::microseconds kNoWait{0};
// The monotonic clock ends 292 years on: a timer may be set far behind that.
constexpr std::chrono::microseconds kLongestWait = std::chrono::hours{24 * 365};
}  // namespace

StepResult StageTask::take_input() {
  Taken taken;
  const StepResult result = take_messages(taken);
  if (taken.records > 0) {
    cost_.add(taken.records, taken.time + taken.caused);
    inbox_.tell_cost(cost_.each());
  }
  return result;
}

StepResult StageTask::take_messages(Taken& sum) {
  if (drain_ != nullptr) {
    if (stage().settled()) {
      pass(*std::exchange(drain_, nullptr), stage().processors.front().get());
    }
    return {Progress::kWorked, env::Monotonic::max()};
  }
  for (std::size_t taken = 0; taken < kBatchesPerStep; ++taken) {
    Message message;
    Inbox::Lane* const lane = within_message() ? unread_.lane : inbox_.next(message);
    if (lane == nullptr) {
      if (taken > 0) {
        return {Progress::kWorked, env::Monotonic::max()};
      }
      const EventTime next = stage().next_clock();
      return {Progress::kIdle,
              next == EventTime::max()
                  ? env::Monotonic::max()
                  : shard().monotonic + std::clamp<std::chrono::microseconds>(
                                            next - shard().now, kNoWait, kLongestWait)};
    }
    if (within_message()) {
      take_records(sum);
    } else if (message.kind == Message::Kind::kBatch) {
      unread_ = {lane, message.batch, message.watermark, 0, message.batch->size()};
      take_records(sum);
    } else if (message.kind == Message::Kind::kWatermark) {
      advance(*lane, message.watermark);
    } else if (take_barrier(*lane, *message.barrier)) {
      return {Progress::kWorked, env::Monotonic::max()};
    }
    // Enough for one step, cut off in the middle of a burst of timers, or a receiver is full.
    if (sum.time >= kWorkAtOnce || shard().error.has_value() || !stage().resume() ||
        !stage().ready()) {
      break;
    }
  }
  return {Progress::kWorked, env::Monotonic::max()};
}

void StageTask::take_records(Taken& sum) {
  Inbox::Lane& lane = *unread_.lane;
  BatchBase& batch = *unread_.batch;
  const std::size_t from = unread_.from;
  env::Clock& clock = shard().env->clock();
  const env::Monotonic began = clock.monotonic();
  const Work caused = stage().caused();
  shard().reading = &batch.origins;
  BatchBase& records = inbox_.laid_out(lane, batch, unread_.from);
  stage().processors.front()->on_batch(lane.input, records);
  shard().reading = nullptr;
  sum.time += clock.monotonic() - began;
  sum.caused += stage().caused() - caused;  // not by the timers that fire behind them
  sum.records += unread_.from - from;
  lane.received += unread_.from - from;
  if (unread_.from == unread_.records) {
    lane.channel->give_back(std::exchange(unread_.batch, nullptr));
    advance(lane, unread_.watermark);
  }
}

void StageTask::advance(Inbox::Lane& lane, const Watermark& watermark) {
  if (lane.watermark != watermark && !shard().error.has_value()) {
    lane.watermark = watermark;
    advance();
  }
}

bool StageTask::take_barrier(Inbox::Lane& lane, const Barrier& barrier) {
  if (!inbox_.align(lane)) {
    return false;
  }
  advance();
  if (barrier.drain && !stage().settled()) {
    drain_ = &barrier;
  } else {
    pass(barrier, stage().processors.front().get());
  }
  return true;
}

void StageTask::pass_barriers() {
  if (within_message()) {
    return;  // a barrier behind it would overtake what is left of it
  }
  Message message;
  while (Inbox::Lane* lane = inbox_.next_barrier(message)) {
    if (take_barrier(*lane, *message.barrier)) {
      return;
    }
  }
}

void StageTask::advance() {
  const Watermark now = inbox_.watermark();
  if (now == watermark_ || now.time < watermark_.time) {
    return;
  }
  watermark_ = now;
  stage().processors.front()->on_watermark(now);
}

}  // namespace rheon::engine
