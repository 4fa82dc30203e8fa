#pragma once

// Everything durable is addressed by names that the user gave. Before a job goes on from its log,
// what is stored must have its place in the graph: renamed operators are followed, orphans refused.

#include <vector>

#include "base/result.h"
#include "graph/graph.h"
#include "log/log.h"

namespace rheon::engine {

/// Moves facts of operators that carry renamed_from() to their new names, in `facts` and as
/// `changes` for the next commit. Refuses positions and sink progress that no operator of the graph
/// owns, with the names. (States are the catalog's: engine/catalog.h.)
[[nodiscard]] Status place_stored_names(const graph::Graph& graph, log::Facts& facts,
                                        std::vector<log::FactChange>& changes);

}  // namespace rheon::engine
