#pragma once

// What of a graph (graph/graph.h) those need who describe it: its parts that run, and how records
// pass an edge.

namespace rheon::graph {

/// What the engine makes running parts from. Opaque here: describing and running are different
/// types.
class Runtime {
 public:
  virtual ~Runtime() = default;
};

enum class EdgeKind {
  kForward,     // stays on its shard
  kHash,        // by key group
  kRoundRobin,  // evenly over all shards
  kBroadcast,   // to every shard
};
[[nodiscard]] const char* to_string(EdgeKind kind);

}  // namespace rheon::graph
