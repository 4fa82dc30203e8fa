#include "api/stream_handle.h"

#include <utility>

#include "api/factories.h"
#include "api/graph_builder.h"
#include "api/stand_ins.h"
#include "api/stream_traits.h"
#include "engine/sink.h"
#include "engine/source.h"

namespace rheon::detail {

namespace {

const char* to_string(engine::Guarantee guarantee) {
  switch (guarantee) {
    case engine::Guarantee::kExactlyOnce:
      return "exactly-once";
    case engine::Guarantee::kIdempotent:
      return "idempotent";
    case engine::Guarantee::kAtLeastOnce:
      return "at-least-once";
  }
  return "";
}

}  // namespace

RuntimePtr owned(const graph::Runtime* made) { return RuntimePtr(made); }

StreamHandle::StreamHandle(std::shared_ptr<GraphBuilder> builder, std::vector<Origin> origins)
    : builder_(std::move(builder)), origins_(std::move(origins)) {}
StreamHandle::StreamHandle(const StreamHandle& other) = default;
StreamHandle::StreamHandle(StreamHandle&& other) noexcept = default;
StreamHandle& StreamHandle::operator=(const StreamHandle& other) = default;
StreamHandle& StreamHandle::operator=(StreamHandle&& other) noexcept = default;
StreamHandle::~StreamHandle() = default;

std::vector<Origin> StreamHandle::add_source(std::string_view name, SourceDescription& source,
                                             const std::type_info& type,
                                             std::string output_type) const {
  if (builder_->stand_ins != nullptr) {
    source.connector = make_pushed_connector(builder_->stand_ins->make_source(name, type));
  }
  const engine::SourceTraits traits = source.connector->traits();
  graph::Node node;
  node.name = name;
  node.kind = graph::NodeKind::kSource;
  node.operation = traits.kind;
  node.place = traits.place.empty() ? traits.kind : traits.place;
  node.output_type = std::move(output_type);
  node.guarantee = traits.replayable ? "exactly-once" : "at-most-once";
  node.runtime = source_factory(source);
  return attach(std::move(node));
}

std::vector<Origin> StreamHandle::add_transform(Names names, RuntimePtr runtime) const {
  graph::Node node;
  node.name = names.name;
  node.kind = graph::NodeKind::kTransform;
  node.operation = names.operation;
  node.output_type = std::move(names.output_type);
  node.key_type = std::move(names.key_type);
  node.runtime = std::move(runtime);
  return attach(std::move(node));
}

std::vector<Origin> StreamHandle::add_keyed(Names names, std::vector<std::string> outputs,
                                            const engine::OperatorFactory* made) const {
  RuntimePtr runtime = owned(made);
  graph::Node node;
  node.name = names.name;
  node.kind = graph::NodeKind::kKeyed;
  node.operation = names.operation;
  node.output_type = std::move(names.output_type);
  node.key_type = std::move(names.key_type);
  node.outputs = std::move(outputs);
  for (const state::StateDeclaration& declaration : made->states()) {
    node.states.push_back(describe_state(declaration));
  }
  node.runtime = std::move(runtime);
  return attach(std::move(node));
}

void StreamHandle::add_sink(std::string_view name, std::string_view renamed_from,
                            std::shared_ptr<const engine::AnySinkConnector> connector,
                            const engine::RecordType& type) const {
  if (builder_->stand_ins != nullptr) {
    connector = make_keeping_connector(builder_->stand_ins->make_sink(name, type));
  }
  const engine::SinkTraits traits = connector->traits();
  graph::Node node;
  node.name = name;
  node.kind = graph::NodeKind::kSink;
  node.operation = traits.kind;
  node.guarantee = to_string(traits.guarantee);
  node.by_transaction = !traits.decider.empty();
  if (!renamed_from.empty()) {
    node.renamed_from.emplace_back(renamed_from);
  }
  node.runtime = make_sink_factory(std::move(connector));
  static_cast<void>(attach(std::move(node)));
}

void StreamHandle::note_mistake(const Origin& node, std::string mistake) const {
  builder_->graph.nodes[node.node].mistake = std::move(mistake);
}

const graph::Runtime& StreamHandle::runtime_of(const Origin& node) const {
  return *builder_->graph.nodes[node.node].runtime;
}

void StreamHandle::change_runtime(const Origin& node, RuntimePtr runtime) const {
  builder_->graph.nodes[node.node].runtime = std::move(runtime);
}

void StreamHandle::name_outputs(const Origin& node, const std::vector<std::string>& outputs) const {
  builder_->graph.nodes[node.node].outputs = outputs;
}

void StreamHandle::add_input(const Origin& node, std::uint32_t input) const {
  for (const Origin& origin : origins_) {
    if (!origin.mistake.empty()) {
      note_mistake(origin, origin.mistake);
    }
    builder_->graph.edges.push_back(
        {origin.node, origin.output, node.node, input, origin.kind, origin.edge});
  }
}

void StreamHandle::change_source(const SourceDescription& source) const {
  builder_->graph.nodes[origins_.front().node].runtime = source_factory(source);
}

void StreamHandle::rename(std::string_view old) const {
  if (origins_.size() > 1) {
    note_mistake(origins_.front(),
                 "renamed_from(\"" + std::string(old) +
                     "\") stands behind a merge: it does not say which of the merged operators had "
                     "that name. Say it of that operator, before the merge.");
  }
  builder_->graph.nodes[origins_.front().node].renamed_from.emplace_back(old);
}

std::vector<Origin> StreamHandle::origins_with(const StreamHandle& other) const {
  std::vector<Origin> both = origins_;
  both.insert(both.end(), other.origins_.begin(), other.origins_.end());
  return both;
}

std::vector<Origin> StreamHandle::origins_by(graph::EdgeKind kind, const RuntimePtr& edge) const {
  std::vector<Origin> origins = origins_;
  for (Origin& origin : origins) {
    if (origin.kind != graph::EdgeKind::kForward) {
      origin.mistake =
          std::string("its records go through two exchanges one behind the other (") +
          to_string(origin.kind) + ", then " + to_string(kind) +
          "), and only the last would count. Take one away, or put an operator between them: "
          ".map(\"name\", ...).";
    }
    origin.kind = kind;
    origin.edge = edge;
  }
  return origins;
}

std::vector<Origin> StreamHandle::attach(graph::Node node) const {
  const Origin added{builder_->graph.nodes.size(), ""};
  builder_->graph.nodes.push_back(std::move(node));
  add_input(added, 0);
  return {added};
}

}  // namespace rheon::detail
