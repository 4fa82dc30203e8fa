#include "api/stream_traits.h"

#include "api/parameters.h"
#include "graph/graph.h"

namespace rheon::detail {

graph::State describe_state(const state::StateDeclaration& declaration) {
  graph::State state;
  state.name = declaration.name;
  state.kind = state::to_string(declaration.kind);
  state.type = declaration.sub_schema.empty()
                   ? declaration.value_schema
                   : declaration.sub_schema + " -> " + declaration.value_schema;
  const state::Lifetime& lifetime = declaration.lifetime;
  state.lifetime = !lifetime.ttl.has_value()
                       ? "unbounded"
                       : (lifetime.processing_time ? "processing-time ttl " : "ttl ") +
                             format_duration(*lifetime.ttl);
  return state;
}

}  // namespace rheon::detail
