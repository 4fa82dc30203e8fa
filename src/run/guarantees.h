#pragma once

// Whether a plan keeps what its user wants kept. Pure.

#include <string>
#include <vector>

#include "base/result.h"
#include "graph/graph.h"
#include "run/command_line.h"

namespace rheon::run {

/// kRefused, naming the source or sink that cannot keep it.
[[nodiscard]] Status check_guarantees(const graph::Graph& graph, GuaranteeWish wish);

/// One sentence for each sink, and for each source that cannot be read again.
[[nodiscard]] std::vector<std::string> guarantee_lines(const graph::Graph& graph,
                                                       GuaranteeWish wish);

}  // namespace rheon::run
