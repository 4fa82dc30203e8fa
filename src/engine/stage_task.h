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

 private:
  static constexpr std::size_t kMessagesPerStep = 8;

  StepResult take_input() override;
  /// Adds up the records that it has read, and the time that they have taken.
  [[nodiscard]] StepResult take_messages(std::size_t& records, Work& work);
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
