#include "engine/origins.h"

#include <fmt/format.h>

namespace rheon::engine {

void Origins::merge(const Origins& other) {
  others_ = others_ || other.others_;
  timers_ = timers_ || other.timers_;
  for (std::size_t i = 0; i < other.size_; ++i) {
    const Known& more = other.known_[i];
    auto* const end = known_.begin() + size_;
    auto* const at =
        std::find_if(known_.begin(), end, [&](const Known& k) { return k.place == more.place; });
    if (at != end) {
      at->offset = std::min(at->offset, more.offset);
    } else if (size_ < kMost) {
      known_[size_++] = more;
    } else {
      others_ = true;
    }
  }
}

std::string Origins::text() const {
  std::string text;
  for (std::size_t i = 0; i < size_; ++i) {
    const auto& [place, offset] = known_[i];
    text +=
        fmt::format("{}source '{}', {}", i == 0 ? "" : " or ", place->source,
                    offset.has_value() ? fmt::format("at or behind {}:{}", place->label, *offset)
                                       : place->label);
  }
  text += others_ ? " or others" : "";
  if (timers_ || text.empty()) {
    text += text.empty() ? "" : " or ";
    text += "a timer, which has no place in the input";
  }
  return text;
}

}  // namespace rheon::engine
