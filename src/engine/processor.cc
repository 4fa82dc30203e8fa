#include "engine/processor.h"

#include <algorithm>
#include <exception>

namespace rheon::engine {

void Processor::add_neighbour(Receiver* receiver) {
  if (std::find(neighbours_.begin(), neighbours_.end(), receiver) == neighbours_.end()) {
    neighbours_.push_back(receiver);
  }
}

void Processor::forward(const Watermark& watermark) {
  for (Receiver* neighbour : neighbours_) {
    neighbour->on_watermark(watermark);
  }
}

void Processor::forward(const Barrier& barrier) {
  for (Receiver* neighbour : neighbours_) {
    neighbour->on_barrier(barrier);
  }
}

observe::TraceContext Processor::span(const observe::TraceContext& parent) {
  const observe::TraceContext child{parent.trace_high, parent.trace_low,
                                    shard_.env->random().next() | 1};
  const std::int64_t now = shard_.env->clock().wall().micros * 1000;
  shard_.spans.push_back({child, parent.span, name_, now, now});
  return child;
}

void Processor::quarantine(std::string record, std::string reason, EventTime time) {
  record.resize(std::min(record.size(), kMaxQuarantinedBytes));
  shard_.quarantined.push_back({name_, {}, std::move(reason), std::move(record), time});
  ++counters_.quarantined;
}

void Processor::user_code_threw(OnThrow policy, std::string record, EventTime time) {
  std::string reason = "an exception that is not a std::exception";
  try {
    throw;
  } catch (const std::exception& exception) {
    reason = exception.what();
  } catch (...) {  // the sentence above says it
  }
  if (policy == OnThrow::kQuarantine) {
    quarantine(std::move(record), std::move(reason), time);
    return;
  }
  constexpr std::size_t kShownBytes = 200;
  record.resize(std::min(record.size(), kShownBytes));
  shard_.fail({ErrorCode::kInvalidInput,
               "operator '" + name_ + "' threw \"" + reason + "\" at the record '" + record +
                   "'. Nothing of this epoch is committed. Mend the operator or the input and run "
                   "again, or give the operator on_throw(quarantine)."});
}

}  // namespace rheon::engine
