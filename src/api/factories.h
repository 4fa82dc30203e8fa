#pragma once

// From typed user code to what the engine makes running parts of. Every shard gets its own copy of
// a user's callable.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/factories.h"
#include "engine/source_task.h"
#include "operators/process.h"

namespace rheon::engine {
class AnySinkConnector;
class AnySourceConnector;
}  // namespace rheon::engine

namespace rheon::detail {

/// Makes the task that reads a source: typed inside.
class SourceTaskMaker {
 public:
  virtual ~SourceTaskMaker();
  /// A new one, the caller's.
  [[nodiscard]] virtual engine::SourceTaskBase* make_new(
      const std::string& name, engine::WatermarkStrategy strategy,
      std::shared_ptr<engine::AnySourceReader> reader, engine::ShardContext& shard) const = 0;
};
/// Takes ownership.
[[nodiscard]] std::shared_ptr<const SourceTaskMaker> owned(const SourceTaskMaker* made);

template <class T, class TimeOf>
class TypedSourceTaskMaker final : public SourceTaskMaker {
 public:
  TypedSourceTaskMaker(TimeOf time_of, engine::OnThrow on_throw)
      : time_of_(std::move(time_of)), on_throw_(on_throw) {}

  [[nodiscard]] engine::SourceTaskBase* make_new(const std::string& name,
                                                 engine::WatermarkStrategy strategy,
                                                 std::shared_ptr<engine::AnySourceReader> reader,
                                                 engine::ShardContext& shard) const override {
    return new engine::SourceTask<T, TimeOf>(name, strategy, time_of_, std::move(reader), shard,
                                             on_throw_);
  }

 private:
  TimeOf time_of_;
  engine::OnThrow on_throw_;
};

template <class T, class TimeOf>
[[nodiscard]] std::shared_ptr<const SourceTaskMaker> source_task_maker(TimeOf time_of,
                                                                       engine::OnThrow on_throw) {
  return owned(new TypedSourceTaskMaker<T, TimeOf>(std::move(time_of), on_throw));
}

/// What a source stream describes.
struct SourceDescription {
  std::shared_ptr<const engine::AnySourceConnector> connector;
  engine::WatermarkStrategy strategy;
  std::shared_ptr<const SourceTaskMaker> make_task;
};
[[nodiscard]] std::shared_ptr<const graph::Runtime> source_factory(SourceDescription description);

/// Makes a stateless operator: Operator(name, shard, on_throw, fn).
template <class Operator, class Fn>
class FunctionFactory final : public engine::OperatorFactory {
 public:
  FunctionFactory(engine::OnThrow on_throw, Fn fn) : on_throw_(on_throw), fn_(std::move(fn)) {}

  [[nodiscard]] engine::Processor* make_new(
      const std::string& name, engine::ShardContext& shard,
      const std::shared_ptr<const state::StateSet>&) const override {
    return new Operator(name, shard, on_throw_, fn_);
  }

 private:
  engine::OnThrow on_throw_;
  Fn fn_;
};

/// Of an operator with one state.
class RollingFactory : public engine::OperatorFactory {
 public:
  struct State {
    std::string key_schema;
    std::string value_schema;
    state::Lifetime lifetime;
    const state::ValueOps* ops = nullptr;
  };
  explicit RollingFactory(State state);
  ~RollingFactory() override;
  [[nodiscard]] std::vector<state::StateDeclaration> states() const override;

 private:
  std::vector<state::StateDeclaration> states_;
};

/// Makes it: Operator(name, shard, states, argument, on_throw).
template <class Operator, class Argument>
class TypedRollingFactory final : public RollingFactory {
 public:
  TypedRollingFactory(State state, Argument argument, engine::OnThrow on_throw)
      : RollingFactory(std::move(state)), argument_(std::move(argument)), on_throw_(on_throw) {}

  [[nodiscard]] engine::Processor* make_new(
      const std::string& name, engine::ShardContext& shard,
      const std::shared_ptr<const state::StateSet>& states) const override {
    return new Operator(name, shard, states, argument_, on_throw_);
  }

 private:
  Argument argument_;
  engine::OnThrow on_throw_;
};

[[nodiscard]] std::vector<state::StateDeclaration> in_order_of_names(
    const std::vector<state::StateDeclaration>& states);

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

  [[nodiscard]] engine::Processor* make_new(
      const std::string& name, engine::ShardContext& shard,
      const std::shared_ptr<const state::StateSet>& states) const override {
    return new operators::Process<Operator>(name, shard, states, on_throw_, on_late_);
  }
  [[nodiscard]] std::vector<state::StateDeclaration> states() const override {
    return in_order_of_names(Operator().declarations());
  }

 private:
  engine::OnThrow on_throw_;
  OnLate on_late_;
};

[[nodiscard]] std::shared_ptr<const graph::Runtime> make_sink_factory(
    std::shared_ptr<const engine::AnySinkConnector> connector);

template <class KIn, class T, class K, class KeyOf>
class HashEdge final : public engine::EdgeFactory {
 public:
  HashEdge(KeyOf key_of, engine::OnThrow on_throw)
      : key_of_(std::move(key_of)), on_throw_(on_throw) {}
  [[nodiscard]] engine::Sender* make_new(const std::string& edge,
                                         const std::vector<engine::Channel*>& channels,
                                         engine::ShardContext& shard) const override {
    return new engine::HashSender<KIn, T, K, KeyOf>(edge, channels, shard, key_of_, on_throw_);
  }

 private:
  KeyOf key_of_;
  engine::OnThrow on_throw_;
};

/// Forward, round-robin and broadcast: records go as they are.
[[nodiscard]] std::shared_ptr<const graph::Runtime> copy_edge(const engine::RecordType& type,
                                                              engine::CopySender::To to);

}  // namespace rheon::detail
