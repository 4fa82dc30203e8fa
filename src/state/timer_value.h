#pragma once

// How timers are stored: a Timer as a value (its time), a TimerSet as a map from time to nothing.

#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"
#include "codec/key.h"
#include "state/sub_map.h"

namespace rheon::state {

using TimerValue = EventTime;
using TimerSetValue = SubMap<bool>;

[[nodiscard]] inline std::string timer_set_sub(EventTime time) {
  std::string sub;
  codec::append_key(sub, time);
  return sub;
}
/// None: these stored bytes are not a time.
[[nodiscard]] inline std::optional<EventTime> timer_set_time(std::string_view sub) {
  EventTime time;
  const bool good = codec::take_key(sub, time) && sub.empty();
  return good ? std::optional(time) : std::nullopt;
}

}  // namespace rheon::state
