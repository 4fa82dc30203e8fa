#include "engine/stage_task.h"

#include <chrono>

namespace rheon::engine {

StepResult StageTask::take_input() {
  Processor* head = stage().processors.front().get();
  for (std::size_t taken = 0; taken < kMessagesPerStep; ++taken) {
    Message message;
    Inbox::Lane* lane = inbox_.next(message);
    if (lane == nullptr) {
      if (taken > 0) {
        return {Progress::kWorked, env::Monotonic::max()};
      }
      const EventTime next = stage().next_clock();
      return {Progress::kIdle,
              next == EventTime::max()
                  ? env::Monotonic::max()
                  : shard().monotonic + std::max(std::chrono::microseconds{0}, next - shard().now)};
    }
    switch (message.kind) {
      case Message::Kind::kBatch:
        lane->received += message.batch->size();
        head->on_batch(lane->input, *message.batch);
        lane->channel->give_back(message.batch);
        lane->watermark = message.watermark;
        break;
      case Message::Kind::kWatermark:
        lane->watermark = message.watermark;
        advance();
        break;
      case Message::Kind::kBarrier:
        if (inbox_.align(*lane)) {
          advance();
          pass(*message.barrier, head);
          return {Progress::kWorked, env::Monotonic::max()};
        }
        break;
    }
    // Cut off in the middle of a burst of timers, or a receiver is full: no more input.
    if (shard().error.has_value() || !stage().resume() || !stage().ready()) {
      break;
    }
  }
  return {Progress::kWorked, env::Monotonic::max()};
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
