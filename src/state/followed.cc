#include "state/followed.h"

#include <algorithm>
#include <utility>

namespace rheon::state {

void Followed::keep(std::string_view key, std::uint64_t hash,
                    const observe::TraceContext& context) {
  auto at = std::find_if(keys_.begin(), keys_.end(),
                         [&](const Key& k) { return k.hash == hash && k.bytes == key; });
  if (at == keys_.end()) {
    if (keys_.size() == kMostKeys) {
      forget(0);
    }
    keys_.push_back({hash, std::string(key), {}});
    at = std::prev(keys_.end());
    filter_ |= bit_of(hash);
  }
  if (at->contexts.size() == kMostOfAKey) {
    at->contexts.erase(at->contexts.begin());
  }
  at->contexts.push_back(context);
}

std::vector<observe::TraceContext> Followed::take(std::string_view key, std::uint64_t hash) {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].hash == hash && keys_[i].bytes == key) {
      std::vector<observe::TraceContext> contexts = std::move(keys_[i].contexts);
      forget(i);
      return contexts;
    }
  }
  return {};
}

void Followed::forget(std::size_t index) {
  keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(index));
  filter_ = 0;
  for (const Key& key : keys_) {
    filter_ |= bit_of(key.hash);
  }
}

}  // namespace rheon::state
