#pragma once

// A job as a value: named operators and the edges between them. Made once by the job function, then
// immutable: it can be printed, compared and planned. Only the engine runs it.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "graph/runtime.h"

namespace rheon::graph {

enum class NodeKind { kSource, kTransform, kKeyed, kSink };
[[nodiscard]] const char* to_string(NodeKind kind);

struct State {
  std::string name;
  std::string kind;      // "value", "map", "timer", ...
  std::string type;      // schema of its values
  std::string lifetime;  // "unbounded", "ttl 24h", ...
};

struct Node {
  std::string name;  // the user's; unique within the job
  NodeKind kind = NodeKind::kTransform;
  std::string operation;             // "map", "aggregate", "files", ...
  std::string place;                 // of a source, for people: "files texts/*.txt"; may be empty
  std::vector<std::string> outputs;  // names of side outputs; the main output is ""
  std::string output_type;           // schema of the main output; empty for sinks
  std::string key_type;              // schema of the key it is keyed by; empty when it is not
  std::vector<State> states;
  std::string guarantee;        // of sinks and sources: "exactly-once", "at-least-once", ...
  bool by_transaction = false;  // that is what makes a sink exactly-once
  std::vector<std::string> renamed_from;
  std::string mistake;  // what is wrong with it in any graph, as a sentence; for validate()
  std::shared_ptr<const Runtime> runtime;
};

struct Edge {
  std::size_t from = 0;  // index of a node
  std::string output;    // "" or the name of a side output
  std::size_t to = 0;
  std::uint32_t input = 0;
  EdgeKind kind = EdgeKind::kForward;
  std::shared_ptr<const Runtime> runtime;
};

struct Graph {
  std::string job;
  std::uint32_t key_groups = kDefaultKeyGroups;
  std::vector<Node> nodes;  // a node stands behind all that feed it
  std::vector<Edge> edges;
};

/// `<from>-><to>.<input>`; a side output stands behind its operator: `words.late->store.0`.
[[nodiscard]] std::string edge_name(const Graph& graph, const Edge& edge);

/// Names are there, unique and well-formed; every stream ends somewhere; there is a source; no node
/// has a mistake.
[[nodiscard]] Status validate(const Graph& graph);

/// The graph in the language of Graphviz.
[[nodiscard]] std::string to_dot(const Graph& graph);

}  // namespace rheon::graph
