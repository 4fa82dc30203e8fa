#include "engine/shard_context.h"

#include <utility>

#include "env/env.h"

namespace rheon::engine {

void ShardContext::fail(Error reason) {
  if (!error.has_value()) {
    error = std::move(reason);
  }
}

std::string ShardContext::place() const {
  return reading != nullptr ? reading->text() : Origins().text();
}

void ShardContext::quarantine(Quarantined record) {
  if (record.record.size() > kMaxQuarantinedBytes) {
    record.record = record.record.substr(0, kMaxQuarantinedBytes);  // a copy: resize() keeps memory
  }
  QuarantineBuffer& buffer = behind_barrier ? quarantined_after : quarantined;
  buffer.bytes += record.place.size() + record.reason.size() + record.record.size();
  buffer.records.push_back(std::move(record));
}

void ShardContext::end_span(observe::Span span, env::Monotonic began) {
  span.end_nanos = env->clock().wall().micros * 1000;
  span.start_nanos = span.end_nanos - (env->clock().monotonic() - began).count();
  spans.push_back(std::move(span));
}

}  // namespace rheon::engine
