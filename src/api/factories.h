#pragma once

// From typed user code to what the engine makes running parts of. Every shard gets its own copy of
// a user's callable.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/factories.h"
#include "operators/process.h"
#include "operators/sink.h"

namespace rheon::detail {

template <class T, class TimeOf>
class TypedSourceFactory final : public engine::SourceFactory {
 public:
  TypedSourceFactory(std::shared_ptr<const engine::SourceConnector<T>> connector,
                     engine::WatermarkStrategy strategy, TimeOf time_of)
      : connector_(std::move(connector)), strategy_(strategy), time_of_(std::move(time_of)) {}

  [[nodiscard]] engine::SourceTraits traits() const override { return connector_->traits(); }
  [[nodiscard]] Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& environment,
      const std::vector<engine::SourcePartition>& known) const override {
    return connector_->discover(environment, known);
  }
  [[nodiscard]] bool grows() const override { return connector_->grows(); }
  [[nodiscard]] std::unique_ptr<engine::SourceTaskBase> make(
      const std::string& name, engine::ShardContext& shard) const override {
    engine::SourceEnvironment environment;
    environment.env = shard.env;
    environment.waker = shard.waker;
    environment.stop_at_end = shard.stop_at_end;
    environment.shard = shard.shard.value;
    environment.shards = shard.shards;
    return std::make_unique<engine::SourceTask<T, TimeOf>>(
        name, strategy_, time_of_, connector_->make_reader(environment), shard);
  }

 private:
  std::shared_ptr<const engine::SourceConnector<T>> connector_;
  engine::WatermarkStrategy strategy_;
  TimeOf time_of_;
};

/// Makes a stateless operator: Operator(name, shard, on_throw, fn).
template <class Operator, class Fn>
class FunctionFactory final : public engine::OperatorFactory {
 public:
  FunctionFactory(engine::OnThrow on_throw, Fn fn) : on_throw_(on_throw), fn_(std::move(fn)) {}

  [[nodiscard]] std::unique_ptr<engine::Processor> make(
      const std::string& name, engine::ShardContext& shard,
      const std::shared_ptr<const state::StateSet>&) const override {
    return std::make_unique<Operator>(name, shard, on_throw_, fn_);
  }

 private:
  engine::OnThrow on_throw_;
  Fn fn_;
};

/// Makes a keyed operator with given states: Operator(name, shard, states, argument).
template <class Operator, class Argument>
class KeyedFactory final : public engine::OperatorFactory {
 public:
  KeyedFactory(std::vector<state::StateDeclaration> states, Argument argument)
      : states_(std::move(states)), argument_(std::move(argument)) {}

  [[nodiscard]] std::unique_ptr<engine::Processor> make(
      const std::string& name, engine::ShardContext& shard,
      const std::shared_ptr<const state::StateSet>& states) const override {
    return std::make_unique<Operator>(name, shard, states, argument_);
  }
  [[nodiscard]] std::vector<state::StateDeclaration> states() const override { return states_; }

 private:
  std::vector<state::StateDeclaration> states_;
  Argument argument_;
};

/// Makes instances of a user's operator class.
template <class Operator>
class ProcessFactory final : public engine::OperatorFactory {
 public:
  explicit ProcessFactory(engine::OnThrow on_throw, OnLate on_late = OnLate::kQuarantine)
      : on_throw_(on_throw), on_late_(on_late) {}

  [[nodiscard]] ProcessFactory dropping_late() const {
    return ProcessFactory(on_throw_, OnLate::kDrop);
  }

  [[nodiscard]] std::unique_ptr<engine::Processor> make(
      const std::string& name, engine::ShardContext& shard,
      const std::shared_ptr<const state::StateSet>& states) const override {
    auto set = states != nullptr ? states : std::make_shared<const state::StateSet>();
    return std::make_unique<operators::Process<Operator>>(
        name, shard, std::move(set), std::make_unique<Operator>(), on_throw_, on_late_);
  }
  [[nodiscard]] std::vector<state::StateDeclaration> states() const override {
    std::vector<state::StateDeclaration> declarations = Operator().declarations();
    std::sort(declarations.begin(), declarations.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return declarations;
  }
  [[nodiscard]] std::vector<std::string> outputs() const {
    std::vector<std::string> names;
    const Operator described;
    for (const auto& output : described.outputs()) {
      names.push_back(output.name);
    }
    return names;
  }

 private:
  engine::OnThrow on_throw_;
  OnLate on_late_;
};

template <class K, class T>
class TypedSinkFactory final : public engine::SinkFactory {
 public:
  explicit TypedSinkFactory(std::shared_ptr<const engine::SinkConnector<K, T>> connector)
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
    return std::make_unique<operators::Sink<K, T>>(name, shard,
                                                   connector_->make_writer(environment, recovered));
  }
  [[nodiscard]] std::unique_ptr<engine::SinkCommitter> make_committer() const override {
    return connector_->make_committer();
  }
  [[nodiscard]] std::vector<log::files::StreamDeclaration> declared_streams() const override {
    return connector_->declared_streams();
  }

 private:
  std::shared_ptr<const engine::SinkConnector<K, T>> connector_;
};

template <class KIn, class T, class K, class KeyOf>
class HashEdge final : public engine::EdgeFactory {
 public:
  explicit HashEdge(KeyOf key_of) : key_of_(std::move(key_of)) {}
  [[nodiscard]] std::unique_ptr<engine::Sender> make(const std::string& edge,
                                                     std::vector<engine::Channel*> channels,
                                                     std::uint32_t key_groups) const override {
    return std::make_unique<engine::HashSender<KIn, T, K, KeyOf>>(edge, std::move(channels),
                                                                  key_groups, key_of_);
  }

 private:
  KeyOf key_of_;
};

/// Forward, round-robin and broadcast: records go as they are.
template <class K, class T>
class CopyEdge final : public engine::EdgeFactory {
 public:
  using To = typename engine::CopySender<K, T>::To;
  explicit CopyEdge(To to) : to_(to) {}
  [[nodiscard]] std::unique_ptr<engine::Sender> make(const std::string& edge,
                                                     std::vector<engine::Channel*> channels,
                                                     std::uint32_t) const override {
    return std::make_unique<engine::CopySender<K, T>>(edge, std::move(channels), to_);
  }

 private:
  To to_;
};

}  // namespace rheon::detail
