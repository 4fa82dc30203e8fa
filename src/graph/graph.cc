#include "graph/graph.h"

#include <algorithm>
#include <set>

namespace rheon::graph {

const char* to_string(NodeKind kind) {
  switch (kind) {
    case NodeKind::kSource:
      return "source";
    case NodeKind::kTransform:
      return "transform";
    case NodeKind::kKeyed:
      return "keyed";
    case NodeKind::kSink:
      return "sink";
  }
  return "unknown";
}

const char* to_string(EdgeKind kind) {
  switch (kind) {
    case EdgeKind::kForward:
      return "forward";
    case EdgeKind::kHash:
      return "hash";
    case EdgeKind::kRoundRobin:
      return "round-robin";
    case EdgeKind::kBroadcast:
      return "broadcast";
  }
  return "unknown";
}

std::string edge_name(const Graph& graph, const Edge& edge) {
  std::string name = graph.nodes[edge.from].name;
  if (!edge.output.empty()) {
    name += "." + edge.output;
  }
  return name + "->" + graph.nodes[edge.to].name + "." + std::to_string(edge.input);
}

namespace {

constexpr std::size_t kMaxNameBytes = 100;

[[nodiscard]] bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == ' ';
}

[[nodiscard]] Status check_name(const std::string& name, const std::string& what) {
  if (name.empty()) {
    return fail(ErrorCode::kInvalidInput,
                what + " has no name. Every operator and state needs one.");
  }
  if (name.size() > kMaxNameBytes) {
    return fail(ErrorCode::kInvalidInput, what + " '" + name + "' has a name of more than " +
                                              std::to_string(kMaxNameBytes) + " characters.");
  }
  if (!std::all_of(name.begin(), name.end(), is_name_character)) {
    return fail(ErrorCode::kInvalidInput,
                what + " '" + name + "': names are made of letters, digits, '-', '_' and spaces.");
  }
  return {};
}

}  // namespace

Status validate(const Graph& graph) {
  std::set<std::string> names;
  std::vector<bool> has_consumer(graph.nodes.size());
  for (const Edge& edge : graph.edges) {
    has_consumer[edge.from] = true;
  }
  bool has_source = false;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    RHEON_TRY(check_name(node.name, std::string("a ") + to_string(node.kind)));
    if (!names.insert(node.name).second) {
      return fail(ErrorCode::kInvalidInput,
                  "two operators are named '" + node.name + "'. Give one of them another name.");
    }
    if (!node.mistake.empty()) {
      return fail(ErrorCode::kInvalidInput, "operator '" + node.name + "': " + node.mistake);
    }
    std::set<std::string> states;
    for (const State& state : node.states) {
      RHEON_TRY(check_name(state.name, "a state of '" + node.name + "'"));
      if (!states.insert(state.name).second) {
        return fail(ErrorCode::kInvalidInput, "operator '" + node.name +
                                                  "' has two states named '" + state.name +
                                                  "'. Give one of them another name.");
      }
    }
    std::set<std::string> outputs;
    for (const std::string& output : node.outputs) {
      RHEON_TRY(check_name(output, "an output of '" + node.name + "'"));
      if (!outputs.insert(output).second) {
        return fail(ErrorCode::kInvalidInput, "operator '" + node.name +
                                                  "' has two outputs named '" + output +
                                                  "'. Give one of them another name.");
      }
    }
    if (node.kind != NodeKind::kSink && !has_consumer[i]) {
      return fail(ErrorCode::kInvalidInput,
                  "nobody reads what '" + node.name +
                      "' emits. Send it to a sink; discard::all() is one that only counts.");
    }
    has_source = has_source || node.kind == NodeKind::kSource;
  }
  if (!has_source) {
    return fail(ErrorCode::kInvalidInput, "the job has no source. Start with job.from(...).");
  }
  if (graph.key_groups == 0 || (graph.key_groups & (graph.key_groups - 1)) != 0) {
    return fail(ErrorCode::kInvalidInput, "the number of key groups must be a power of two.");
  }
  return {};
}

std::string to_dot(const Graph& graph) {
  std::string out = "digraph \"" + graph.job + "\" {\n  rankdir=LR;\n  node [shape=box];\n";
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    out += "  n" + std::to_string(i) + " [label=\"" + node.name + "\\n" + node.operation;
    for (const State& state : node.states) {
      out += "\\n" + state.kind + " " + state.name + ": " + state.lifetime;
    }
    out += "\"";
    out += node.kind == NodeKind::kKeyed ? ", style=bold];\n" : "];\n";
  }
  for (const Edge& edge : graph.edges) {
    out += "  n" + std::to_string(edge.from) + " -> n" + std::to_string(edge.to) + " [label=\"";
    out += edge.kind == EdgeKind::kForward ? edge.output : to_string(edge.kind);
    out += edge.kind == EdgeKind::kForward ? "\"];\n" : "\", style=bold];\n";
  }
  return out + "}\n";
}

}  // namespace rheon::graph
