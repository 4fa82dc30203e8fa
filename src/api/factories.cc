#include "api/factories.h"

#include <algorithm>

#include "operators/sink.h"

namespace rheon::detail {

namespace {

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
    return std::make_unique<operators::Sink>(name, shard,
                                             connector_->make_participant(environment, recovered));
  }
  [[nodiscard]] std::unique_ptr<engine::SinkCommitter> make_committer() const override {
    return connector_->make_committer();
  }
  [[nodiscard]] std::vector<log::files::StreamDeclaration> declared_streams() const override {
    return connector_->declared_streams();
  }

 private:
  std::shared_ptr<const engine::AnySinkConnector> connector_;
};

}  // namespace

ConnectedSource::ConnectedSource(std::shared_ptr<const engine::AnySourceConnector> connector)
    : connector_(std::move(connector)) {}

ConnectedSource::~ConnectedSource() = default;

engine::SourceTraits ConnectedSource::traits() const { return connector_->traits(); }

Result<std::vector<engine::SourcePartition>> ConnectedSource::discover(
    engine::SourceEnvironment& environment,
    const std::vector<engine::SourcePartition>& known) const {
  return connector_->discover(environment, known);
}

bool ConnectedSource::grows() const { return connector_->grows(); }

engine::SourceEnvironment ConnectedSource::environment_of(const engine::ShardContext& shard) {
  engine::SourceEnvironment environment;
  environment.env = shard.env;
  environment.waker = shard.waker;
  environment.stop_at_end = shard.stop_at_end;
  environment.shard = shard.shard.value;
  environment.shards = shard.shards;
  return environment;
}

std::shared_ptr<const engine::SinkFactory> make_sink_factory(
    std::shared_ptr<const engine::AnySinkConnector> connector) {
  return std::make_shared<ConnectedSink>(std::move(connector));
}

std::vector<state::StateDeclaration> only(const state::StateDeclaration& state) { return {state}; }

std::vector<state::StateDeclaration> in_order_of_names(
    std::vector<state::StateDeclaration> states) {
  std::sort(states.begin(), states.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return states;
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
