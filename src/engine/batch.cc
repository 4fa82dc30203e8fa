#include "engine/batch.h"

#include "base/assert.h"

namespace rheon::engine {

BatchBase::BatchBase() = default;
BatchBase::~BatchBase() = default;

BatchBase& BatchBase::laid_out(std::size_t& from, std::unique_ptr<BatchBase>& /*room*/) {
  from = size();
  return *this;
}

void BatchBase::forget() {
  arena.reset();
  traces.clear();
  origins.clear();
}

void BatchBase::mark(std::size_t from, std::size_t to, const observe::TraceContext& context) {
  for (std::size_t i = from; i < to; ++i) {
    if (!traces.empty() && traces.back().index >= i) {
      RHEON_ASSERT(traces.back().index == i, "marks do not come in the order of their records");
      traces.back().context = context;
    } else {
      traces.push_back({static_cast<std::uint32_t>(i), context});
    }
  }
}

}  // namespace rheon::engine
