#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/stand_ins.h"
#include "graph/graph.h"

namespace rheon::detail {

/// The graph while a job function describes it. Streams share it.
struct GraphBuilder {
  explicit GraphBuilder(std::string job) { graph.job = std::move(job); }

  std::size_t add(graph::Node node) {
    graph.nodes.push_back(std::move(node));
    return graph.nodes.size() - 1;
  }

  graph::Graph graph;
  std::shared_ptr<StandIns> stand_ins;  // in tests: the ends of the job are these
};

/// An output of a node: where a stream comes from.
struct Origin {
  std::size_t node = 0;
  std::string output;  // "" or the name of a side output
};

}  // namespace rheon::detail
