#pragma once

// From typed user code to what the engine makes running parts of. Every shard gets its own copy of
// a user's callable.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/factories.h"
#include "operators/process.h"

namespace rheon::detail {

/// What is the same for every type of record.
class ConnectedSource : public engine::SourceFactory {
 public:
  explicit ConnectedSource(std::shared_ptr<const engine::AnySourceConnector> connector);
  ~ConnectedSource() override;

  [[nodiscard]] engine::SourceTraits traits() const override;
  [[nodiscard]] Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& environment,
      const std::vector<engine::SourcePartition>& known) const override;
  [[nodiscard]] bool grows() const override;

 protected:
  [[nodiscard]] const engine::AnySourceConnector& connector() const { return *connector_; }
  [[nodiscard]] static engine::SourceEnvironment environment_of(const engine::ShardContext& shard);

 private:
  std::shared_ptr<const engine::AnySourceConnector> connector_;
};

template <class T, class TimeOf>
class TypedSource final : public ConnectedSource {
 public:
  TypedSource(std::shared_ptr<const engine::SourceConnector<T>> connector,
              engine::WatermarkStrategy strategy, TimeOf time_of)
      : ConnectedSource(std::move(connector)), strategy_(strategy), time_of_(std::move(time_of)) {}

  [[nodiscard]] std::unique_ptr<engine::SourceTaskBase> make(
      const std::string& name, engine::ShardContext& shard) const override {
    const auto& typed = static_cast<const engine::SourceConnector<T>&>(connector());
    return std::make_unique<engine::SourceTask<T, TimeOf>>(
        name, strategy_, time_of_, typed.make_reader(environment_of(shard)), shard);
  }

 private:
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

[[nodiscard]] std::vector<state::StateDeclaration> only(const state::StateDeclaration& state);

/// Makes a keyed operator with one state: Operator(name, shard, states, argument).
template <class Operator, class Argument>
class KeyedFactory final : public engine::OperatorFactory {
 public:
  KeyedFactory(state::StateDeclaration state, Argument argument)
      : state_(std::move(state)), argument_(std::move(argument)) {}

  [[nodiscard]] std::unique_ptr<engine::Processor> make(
      const std::string& name, engine::ShardContext& shard,
      const std::shared_ptr<const state::StateSet>& states) const override {
    return std::make_unique<Operator>(name, shard, states, argument_);
  }
  [[nodiscard]] std::vector<state::StateDeclaration> states() const override {
    return only(state_);
  }

 private:
  state::StateDeclaration state_;
  Argument argument_;
};

[[nodiscard]] std::vector<state::StateDeclaration> in_order_of_names(
    std::vector<state::StateDeclaration> states);

[[nodiscard]] std::vector<std::string> names_of(
    const std::vector<operators::OperatorBase::OutputDeclaration>& outputs);

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
    return in_order_of_names(Operator().declarations());
  }

 private:
  engine::OnThrow on_throw_;
  OnLate on_late_;
};

[[nodiscard]] std::shared_ptr<const engine::SinkFactory> make_sink_factory(
    std::shared_ptr<const engine::AnySinkConnector> connector);

template <class KIn, class T, class K, class KeyOf>
class HashEdge final : public engine::EdgeFactory {
 public:
  explicit HashEdge(KeyOf key_of) : key_of_(std::move(key_of)) {}
  [[nodiscard]] std::unique_ptr<engine::Sender> make(const std::string& edge,
                                                     const std::vector<engine::Channel*>& channels,
                                                     engine::ShardContext& shard) const override {
    return std::make_unique<engine::HashSender<KIn, T, K, KeyOf>>(edge, channels, shard, key_of_);
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
                                                     const std::vector<engine::Channel*>& channels,
                                                     engine::ShardContext&) const override {
    return std::make_unique<engine::CopySender<K, T>>(edge, channels, to_);
  }

 private:
  To to_;
};

}  // namespace rheon::detail
