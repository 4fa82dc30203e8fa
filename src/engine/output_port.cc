#include "engine/output_port.h"

#include <utility>

namespace rheon::engine {

void OutputTargets::add(const Target& target) { targets_.push_back(target); }

void OutputTargets::hand_on(BatchBase& batch) {
  pass(batch);
  batch.clear();
}

void OutputTargets::pass(BatchBase& batch) {
  emitted_ += batch.size();
  const bool was_shared = std::exchange(batch.shared, batch.shared || targets_.size() > 1);
  for (const Target& target : targets_) {
    target.receiver->on_batch(target.input, batch);
  }
  batch.shared = was_shared;
}

}  // namespace rheon::engine
