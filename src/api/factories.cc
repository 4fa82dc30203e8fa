#include "api/factories.h"

#include <algorithm>

#include "engine/connector_factories.h"
#include "engine/shard_context.h"
#include "operators/sink.h"
#include "state/key_group_state.h"

namespace rheon::detail {

namespace {

class ConnectedSource final : public engine::SourceFactory {
 public:
  explicit ConnectedSource(SourceDescription description) : source_(std::move(description)) {}

  [[nodiscard]] engine::SourceTraits traits() const override { return source_.connector->traits(); }
  [[nodiscard]] Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& environment,
      const std::vector<engine::SourcePartition>& known) const override {
    return source_.connector->discover(environment, known);
  }
  [[nodiscard]] bool grows() const override { return source_.connector->grows(); }
  [[nodiscard]] std::unique_ptr<engine::SourceTaskBase> make(
      const std::string& name, engine::ShardContext& shard) const override {
    engine::SourceEnvironment environment;
    environment.env = shard.env;
    environment.waker = shard.waker;
    environment.stop_at_end = shard.stop_at_end;
    environment.shard = shard.shard.value;
    environment.shards = shard.shards;
    return std::unique_ptr<engine::SourceTaskBase>(source_.make_task->make_new(
        name, source_.strategy, source_.connector->make_any_reader(environment), shard));
  }

 private:
  SourceDescription source_;
};

class ConnectedSink final : public engine::SinkFactory {
 public:
  explicit ConnectedSink(std::shared_ptr<const engine::AnySinkConnector> connector)
      : connector_(std::move(connector)) {}

  [[nodiscard]] engine::SinkTraits traits() const override { return connector_->traits(); }
  [[nodiscard]] std::unique_ptr<engine::Processor> make(
      const std::string& name, engine::ShardContext& shard,
      const engine::SinkFacts& recovered) const override {
    engine::SinkEnvironment environment;
    environment.env = shard.env;
    environment.waker = shard.waker;
    environment.identity = shard.identity;
    environment.shard = shard.shard.value;
    environment.shards = shard.shards;
    environment.sink = name;
    environment.decided_outside = shard.decided_outside;
    return std::make_unique<operators::Sink>(name, shard,
                                             connector_->make_participant(environment, recovered));
  }
  [[nodiscard]] std::unique_ptr<engine::SinkCommitter> make_committer() const override {
    return connector_->make_committer();
  }
  [[nodiscard]] std::vector<log::files::StreamDeclaration> declared_streams() const override {
    return connector_->declared_streams();
  }
  [[nodiscard]] std::unique_ptr<engine::Decider> make_decider(
      const engine::DeciderEnvironment& environment) const override {
    return connector_->make_decider(environment);
  }

 private:
  std::shared_ptr<const engine::AnySinkConnector> connector_;
};

class CopyEdge final : public engine::EdgeFactory {
 public:
  CopyEdge(const engine::RecordType& type, engine::CopySender::To to) : type_(type), to_(to) {}
  [[nodiscard]] engine::Sender* make_new(const std::string& edge,
                                         const std::vector<engine::Channel*>& channels,
                                         engine::ShardContext& shard) const override {
    return new engine::CopySender(edge, channels, shard, type_, to_);
  }

 private:
  const engine::RecordType& type_;
  engine::CopySender::To to_;
};

}  // namespace

SourceTaskMaker::~SourceTaskMaker() = default;

std::shared_ptr<const SourceTaskMaker> owned(const SourceTaskMaker* made) {
  return std::shared_ptr<const SourceTaskMaker>(made);
}

std::shared_ptr<const graph::Runtime> source_factory(SourceDescription description) {
  return std::make_shared<ConnectedSource>(std::move(description));
}

std::shared_ptr<const graph::Runtime> make_sink_factory(
    std::shared_ptr<const engine::AnySinkConnector> connector) {
  return std::make_shared<ConnectedSink>(std::move(connector));
}

std::shared_ptr<const graph::Runtime> copy_edge(const engine::RecordType& type,
                                                engine::CopySender::To to) {
  return std::make_shared<CopyEdge>(type, to);
}

RollingFactory::RollingFactory(State state) {
  state::StateDeclaration declaration;
  declaration.name = "value";
  declaration.kind = state::StateKind::kValue;
  declaration.key_schema = std::move(state.key_schema);
  declaration.value_schema = std::move(state.value_schema);
  declaration.lifetime = state.lifetime;
  declaration.ops = state.ops;
  states_.push_back(std::move(declaration));
}

RollingFactory::~RollingFactory() = default;

std::vector<state::StateDeclaration> RollingFactory::states() const { return states_; }

std::vector<state::StateDeclaration> in_order_of_names(
    const std::vector<state::StateDeclaration>& states) {
  std::vector<state::StateDeclaration> sorted = states;
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return sorted;
}

std::vector<std::string> names_of(
    const std::vector<operators::OperatorBase::OutputDeclaration>& outputs) {
  std::vector<std::string> names;
  names.reserve(outputs.size());
  for (const auto& output : outputs) {
    names.push_back(output.name);
  }
  return names;
}

}  // namespace rheon::detail
