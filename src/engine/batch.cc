#include "engine/batch.h"

namespace rheon::engine {

BatchBase::~BatchBase() = default;

void BatchBase::mark(std::size_t from, std::size_t to, const observe::TraceContext& context) {
  for (std::size_t i = from; i < to; ++i) {
    traces.push_back({static_cast<std::uint32_t>(i), context});
  }
}

}  // namespace rheon::engine
