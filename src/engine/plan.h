#pragma once

// From a graph to stages: pure. A stage is a maximal chain (a tree, when outputs fork) of operators
// that runs without an exchange between them.

#include <cstddef>
#include <vector>

#include "graph/graph.h"

namespace rheon::engine {

struct Plan {
  graph::Graph graph;
  std::vector<std::vector<std::size_t>> stages;    // nodes in the order in which records pass them
  std::vector<bool> fused;                         // by edge: hands over within a stage
  std::vector<std::vector<std::size_t>> incoming;  // by node: its edges
  std::vector<std::vector<std::size_t>> outgoing;
};

[[nodiscard]] Plan make_plan(graph::Graph graph);

}  // namespace rheon::engine
