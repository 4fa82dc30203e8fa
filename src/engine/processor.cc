#include "engine/processor.h"

#include <algorithm>

#include "engine/user_code.h"
#include "env/env.h"
#include "state/key_group_state.h"

namespace rheon::engine {

Processor::Processor(const std::string& name, ShardContext& shard) : name_(name), shard_(shard) {}

Processor::~Processor() = default;

KeyGroups Processor::take() { return {}; }

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

env::Monotonic Processor::instant() const { return shard_.env->clock().monotonic(); }

observe::TraceContext Processor::span(const observe::TraceContext& parent, env::Monotonic began) {
  const observe::TraceContext child{parent.trace_high, parent.trace_low,
                                    shard_.env->random().next() | 1};
  shard_.end_span({child, parent.span, name_}, began);
  return child;
}

observe::TraceContext Processor::span(std::vector<observe::TraceContext> parents,
                                      env::Monotonic began) {
  const observe::TraceContext child = span(parents.back(), began);
  parents.pop_back();
  shard_.spans.back().links = std::move(parents);
  return child;
}

void Processor::quarantine(std::string record, std::string reason, EventTime time) {
  quarantine(std::move(record), std::move(reason), time, &OperatorCounters::quarantined);
}

void Processor::quarantine(std::string record, std::string reason, EventTime time,
                           std::uint64_t OperatorCounters::* counted) {
  shard_.quarantine({name_, shard_.place(), std::move(reason), std::move(record), time});
  ++(counters_.*counted);
}

void Processor::user_code_threw(OnThrow policy, std::string record, EventTime time,
                                std::uint64_t OperatorCounters::* counted) {
  if (policy == OnThrow::kQuarantine) {
    quarantine(std::move(record), thrown(), time, counted);
    return;
  }
  stop_at_record(shard_, "operator '" + name_ + "'", record);
}

}  // namespace rheon::engine
