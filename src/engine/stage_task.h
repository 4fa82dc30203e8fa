#pragma once

// The task of a stage that reads from exchanges.

#include "engine/epoch_part.h"
#include "engine/inbox.h"
#include "engine/record_cost.h"
#include "engine/task.h"

namespace rheon::engine {

class StageTask final : public Task {
 public:
  explicit StageTask(ShardContext& shard) : Task(shard) {}

  [[nodiscard]] Inbox& inbox() { return inbox_; }
  [[nodiscard]] bool slow() const override { return cost_.known() && cost_.each() >= kQuick; }

 private:
  static constexpr std::size_t kMessagesPerStep = 8;

  StepResult take_input() override;
  /// What a step has read: the records, the time they took, and the work they cause elsewhere.
  struct Taken {
    std::size_t records = 0;
    Work time{0};
    Work caused{0};
  };
  [[nodiscard]] StepResult take_messages(Taken& sum);
  void take_batch(Inbox::Lane& lane, const Message& message);
  void pass_barriers() override;
  /// A barrier on a lane; true when it has passed the stage.
  [[nodiscard]] bool take_barrier(Inbox::Lane& lane, const Barrier& barrier);
  void report(EpochPart& part) override { inbox_.report(part.ledger); }
  /// The lane has come so far.
  void advance(Inbox::Lane& lane, const Watermark& watermark);
  void advance();

  Inbox inbox_;
  RecordCost cost_;
  Watermark watermark_;
  const Barrier* drain_ = nullptr;  // waits until no timer is left to fire
};

}  // namespace rheon::engine
