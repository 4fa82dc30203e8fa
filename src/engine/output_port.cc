#include "engine/output_port.h"

#include <utility>

namespace rheon::engine {

void AnyOutputPort::add(const Target& target) { targets_.push_back(target); }

void AnyOutputPort::flush() {
  if (filling_->size() > 0) {
    pass(*filling_);
  }
  filling_->clear();  // also of the bytes of what was taken back
}

void AnyOutputPort::pass(BatchBase& batch) {
  emitted_ += batch.size();
  const bool was_shared = std::exchange(batch.shared, batch.shared || targets_.size() > 1);
  for (const Target& target : targets_) {
    target.receiver->on_batch(target.input, batch);
  }
  batch.shared = was_shared;
}

}  // namespace rheon::engine
