#include "run/describe.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace rheon::run {

namespace {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json parameter_json(const Parameter& parameter, const Parameters& parameters,
                                  const Parameters::Values& values) {
  Json json{{"name", parameter.name}, {"type", parameter.type}, {"help", parameter.help}};
  if (parameter.fallback.has_value()) {
    json["default"] = *parameter.fallback;
  }
  const auto& unset = parameters.unset();
  if (const auto at = values.find(parameter.name); at != values.end()) {
    json["value"] = at->second;
  } else if (std::find(unset.begin(), unset.end(), parameter.name) != unset.end()) {
    json["unset"] = true;
  }
  return json;
}

[[nodiscard]] Json node_json(const graph::Node& node) {
  Json json{{"name", node.name}, {"kind", to_string(node.kind)}, {"operation", node.operation}};
  if (!node.key_type.empty()) {
    json["key"] = node.key_type;
  }
  if (!node.output_type.empty()) {
    json["emits"] = node.output_type;
  }
  if (!node.outputs.empty()) {
    json["side_outputs"] = node.outputs;
  }
  if (!node.guarantee.empty()) {
    json["guarantee"] = node.guarantee;
  }
  for (const graph::State& state : node.states) {
    json["states"].push_back({{"name", state.name},
                              {"kind", state.kind},
                              {"type", state.type},
                              {"lifetime", state.lifetime}});
  }
  return json;
}

}  // namespace

std::string describe(const graph::Graph& graph, const Parameters& parameters,
                     const Parameters::Values& values) {
  Json json{{"job", graph.job}, {"key_groups", graph.key_groups}};
  json["parameters"] = Json::array();
  for (const Parameter& parameter : parameters.declared()) {
    json["parameters"].push_back(parameter_json(parameter, parameters, values));
  }
  json["operators"] = Json::array();
  for (const graph::Node& node : graph.nodes) {
    json["operators"].push_back(node_json(node));
  }
  json["edges"] = Json::array();
  for (const graph::Edge& edge : graph.edges) {
    json["edges"].push_back({{"name", graph::edge_name(graph, edge)},
                             {"from", graph.nodes[edge.from].name},
                             {"to", graph.nodes[edge.to].name},
                             {"kind", to_string(edge.kind)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rheon::run
