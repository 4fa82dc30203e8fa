#pragma once

#include <string>

#include "api/parameters.h"
#include "graph/graph.h"

namespace rheon::run {

/// The graph and the job's parameters as JSON, with those marked that have no value.
[[nodiscard]] std::string describe(const graph::Graph& graph, const Parameters& parameters,
                                   const Parameters::Values& values);

}  // namespace rheon::run
