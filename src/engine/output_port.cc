#include "engine/output_port.h"

namespace rheon::engine {

void OutputTargets::add(const Target& target) { targets_.push_back(target); }

void OutputTargets::hand_on(BatchBase& batch) {
  emitted_ += batch.size();
  for (const Target& target : targets_) {
    target.receiver->on_batch(target.input, batch);
  }
  batch.clear();
}

}  // namespace rheon::engine
