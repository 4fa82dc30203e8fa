#include "engine/processor.h"

#include <algorithm>
#include <exception>

namespace rheon::engine {

namespace {

constexpr std::size_t kShownBytes = 200;

/// The beginning of a record's bytes as it can stand in a sentence.
[[nodiscard]] std::string shown(std::string_view record) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : record.substr(0, kShownBytes)) {
    if (static_cast<unsigned char>(c) >= ' ' && c != '\x7f') {
      text += c;
    } else {
      text += {'\\', 'x', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[c & 15]};
    }
  }
  return text;
}

}  // namespace

Processor::Processor(const std::string& name, ShardContext& shard) : name_(name), shard_(shard) {}

Processor::~Processor() = default;

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
  std::string place = shard_.reading != nullptr ? shard_.reading->place() : "";
  shard_.quarantined.push_back(
      {name_, std::move(place), std::move(reason), std::move(record), time});
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
  const std::string place = shard_.reading != nullptr
                                ? shard_.reading->place()
                                : "behind an exchange: its place in the input is not known";
  shard_.fail({ErrorCode::kInvalidInput,
               "operator '" + name_ + "' threw \"" + reason + "\" at the record '" + shown(record) +
                   "' (" + place +
                   "). Nothing of this epoch is committed. Mend the operator or the input and run "
                   "again, or give the operator on_throw(quarantine)."});
}

}  // namespace rheon::engine
