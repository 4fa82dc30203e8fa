#include "env/fake/fake_inode.h"

#include <utility>

namespace rheon::env::fake {

void FakeEntries::apply(const Change& change, Names& to) {
  if (!change.removed.empty()) {
    to.erase(change.removed);
  }
  if (!change.added.empty()) {
    to[change.added] = change.inode;
  }
}

void FakeEntries::make(Change change) {
  apply(change, visible_);
  unsynced_.push_back(std::move(change));
}

void FakeEntries::take_prefix(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    apply(unsynced_[i], durable_);
  }
  unsynced_.clear();
}

void FakeEntries::cut_power(Survival survival, Generator& generator) {
  switch (survival) {
    case Survival::kAll:
      sync();
      break;
    case Survival::kSynced:
      unsynced_.clear();
      break;
    case Survival::kTorn:
    case Survival::kScattered:
      take_prefix(generator() % (unsynced_.size() + 1));
      break;
  }
  visible_ = durable_;
}

}  // namespace rheon::env::fake
