#pragma once

#include <memory>

#include "graph/graph.h"

namespace rheon::detail {

class StandIns;

/// The graph while a job function describes it. Streams share it.
struct GraphBuilder {
  graph::Graph graph;
  std::shared_ptr<StandIns> stand_ins;  // in tests: the ends of the job are these
};

}  // namespace rheon::detail
