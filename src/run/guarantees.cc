#include "run/guarantees.h"

#include <fmt/format.h>

namespace rheon::run {

namespace {

constexpr std::string_view kExactlyOnce = "exactly-once";
constexpr std::string_view kAtLeastOnce = "at-least-once";
constexpr std::string_view kIdempotent = "idempotent";

[[nodiscard]] bool weak_source(const graph::Node& node) {
  return node.kind == graph::NodeKind::kSource && node.guarantee != kExactlyOnce;
}

}  // namespace

Status check_guarantees(const graph::Graph& graph, GuaranteeWish wish) {
  for (const graph::Node& node : graph.nodes) {
    if (weak_source(node) && wish != GuaranteeWish::kAtLeastOnce) {
      return fail(ErrorCode::kRefused,
                  fmt::format("source '{}' ({}) cannot be read again after a crash: records that "
                              "were read and not yet committed would be missing. Pass --guarantee "
                              "at-least-once to run all the same.",
                              node.name, node.operation));
    }
    if (node.kind == graph::NodeKind::kSink && node.guarantee != kExactlyOnce &&
        wish == GuaranteeWish::kExactlyOnce) {
      return fail(ErrorCode::kRefused,
                  fmt::format("--guarantee exactly-once cannot be kept: sink '{}' ({}) is {}. Use "
                              "another sink, or leave the option out to let each sink give its "
                              "best.",
                              node.name, node.operation, node.guarantee));
    }
  }
  return {};
}

std::vector<std::string> guarantee_lines(const graph::Graph& graph, GuaranteeWish wish) {
  std::vector<std::string> lines;
  for (const graph::Node& node : graph.nodes) {
    if (node.kind == graph::NodeKind::kSink) {
      const bool at_once = node.by_transaction && wish == GuaranteeWish::kAtLeastOnce;
      const std::string_view guarantee = at_once ? kAtLeastOnce : std::string_view(node.guarantee);
      const char* meaning = guarantee == kExactlyOnce ? ""
                            : guarantee == kIdempotent
                                ? ": a crash may write some records again, with the same result"
                                : ": a crash may write some records again";
      lines.push_back(
          fmt::format("sink '{}' ({}): {}{}", node.name, node.operation, guarantee, meaning));
    } else if (weak_source(node)) {
      lines.push_back(fmt::format(
          "source '{}' ({}) cannot be read again: a crash loses what was not yet committed",
          node.name, node.operation));
    }
  }
  return lines;
}

}  // namespace rheon::run
