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
  ~StageTask() override { delete unread_.batch; }

  [[nodiscard]] Inbox& inbox() { return inbox_; }
  [[nodiscard]] bool slow() const override {
    return cost_.known() && cost_.each() >= kQuick && (within_message() || inbox_.has_input());
  }

 private:
  static constexpr std::size_t kBatchesPerStep = 8;

  StepResult take_input() override;
  /// What a step has read: the records, the time they took, and the work they cause elsewhere.
  struct Taken {
    std::size_t records = 0;
    Work time{0};
    Work caused{0};
  };
  [[nodiscard]] StepResult take_messages(Taken& sum);
  /// As many records of the message that is being read as a batch has; then the time behind it.
  void take_records(Taken& sum);
  [[nodiscard]] bool within_message() const override { return unread_.batch != nullptr; }
  void pass_barriers() override;
  /// A barrier on a lane; true when it has passed the stage.
  [[nodiscard]] bool take_barrier(Inbox::Lane& lane, const Barrier& barrier);
  void report(EpochPart& part) override { inbox_.report(part.ledger); }
  /// The lane has come so far.
  void advance(Inbox::Lane& lane, const Watermark& watermark);
  void advance();

  /// A message of records of which not all have been read. What is behind it in its lane waits.
  struct Unread {
    Inbox::Lane* lane = nullptr;
    BatchBase* batch = nullptr;  // null: there is none
    Watermark watermark;
    std::size_t from = 0;
    std::size_t records = 0;  // that came: an operator may take some out of the batch
  };

  Inbox inbox_;
  Unread unread_;
  RecordCost cost_;
  Watermark watermark_;
  const Barrier* drain_ = nullptr;  // waits until no timer is left to fire
};

}  // namespace rheon::engine
