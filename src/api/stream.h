#pragma once

// Streams, as a job function sees them: cheap handles onto the graph being described. Every
// operator's name comes first: its state, its counters and its traces are stored under it.
//
//   Stream<T>           records of type T
//   SourceStream<T>     one that comes right from a source: event times are set here
//   KeyedStream<K, T>   records with a key; keeps its key through map, filter, flat_map, split,
//                       aggregate

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/branches.h"
#include "api/factories.h"
#include "api/graph_builder.h"
#include "api/stream_traits.h"
#include "operators/aggregate.h"
#include "operators/filter.h"
#include "operators/flat_map.h"
#include "operators/map.h"
#include "operators/peek.h"
#include "operators/reduce.h"

namespace rheon {

using engine::OnThrow;

/// What happens to a record whose user code throws; default: the job stops at it.
inline constexpr OnThrow stop = OnThrow::kStop;
inline constexpr OnThrow quarantine = OnThrow::kQuarantine;

using state::Lifetime;
using state::processing_time_ttl;
using state::ttl;
using state::unbounded;

/// How far records of a partition may lie behind the latest one.
[[nodiscard]] inline std::chrono::microseconds out_of_order(std::chrono::microseconds bound) {
  return bound;
}
/// Event times of a partition never go back.
[[nodiscard]] inline std::chrono::microseconds monotone() { return std::chrono::microseconds{0}; }

template <class K, class T>
class KeyedStream;
template <class Operator>
class ProcessedStream;

namespace detail {

/// What Stream and KeyedStream have in common. K: engine::NoKey for a stream without keys.
template <class K, class T>
class StreamBase {
 public:
  StreamBase(std::shared_ptr<GraphBuilder> builder, std::vector<Origin> origins,
             graph::EdgeKind kind, std::shared_ptr<const graph::Runtime> edge)
      : builder_(std::move(builder)),
        origins_(std::move(origins)),
        kind_(kind),
        edge_(std::move(edge)) {}

  /// Sends the records to a sink. Its progress is stored under `name`; `renamed_from`: the name it
  /// had in an earlier version of the job.
  template <class SinkDescription>
  void to(std::string name, const SinkDescription& sink, std::string renamed_from = {}) const {
    std::shared_ptr<const engine::SinkConnector<K, T>> connector = sink.template bind<K, T>();
    if (builder_->stand_ins != nullptr) {
      connector = std::make_shared<KeepingConnector<K, T>>(
          builder_->stand_ins->template make_sink<K, T>(name));
    }
    const engine::SinkTraits traits = connector->traits();
    graph::Node node;
    node.name = std::move(name);
    node.kind = graph::NodeKind::kSink;
    node.operation = traits.kind;
    node.guarantee = to_string(traits.guarantee);
    if (!renamed_from.empty()) {
      node.renamed_from.push_back(std::move(renamed_from));
    }
    node.runtime = std::make_shared<TypedSinkFactory<K, T>>(std::move(connector));
    attach(std::move(node));
  }

 protected:
  /// See renamed_from() of the streams.
  void rename(std::string old) const {
    builder_->graph.nodes[origins_.front().node].renamed_from.push_back(std::move(old));
  }

  static const char* to_string(engine::Guarantee guarantee) {
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

  /// Adds a node that reads this stream; its index.
  std::size_t attach(graph::Node node) const { return attach(std::move(node), 0, nullptr); }
  std::size_t attach(graph::Node node, std::uint32_t input, const std::size_t* existing) const {
    const std::size_t index = existing != nullptr ? *existing : builder_->add(std::move(node));
    for (const Origin& origin : origins_) {
      builder_->graph.edges.push_back({origin.node, origin.output, index, input, kind_, edge_});
    }
    return index;
  }

  /// A stateless operator behind this stream.
  template <class Operator, class Out, class Fn>
  std::vector<Origin> add_function(std::string name, const char* operation, Fn fn,
                                   OnThrow on_throw) const {
    graph::Node node;
    node.name = std::move(name);
    node.kind = graph::NodeKind::kTransform;
    node.operation = operation;
    node.output_type = schema_of<Out>();
    node.key_type = schema_of<K>();
    node.runtime = std::make_shared<FunctionFactory<Operator, Fn>>(on_throw, std::move(fn));
    return {{attach(std::move(node)), ""}};
  }

  static std::shared_ptr<const graph::Runtime> forward_edge() {
    return std::make_shared<CopyEdge<K, T>>(CopyEdge<K, T>::To::kNext);
  }

  std::shared_ptr<GraphBuilder> builder_;
  std::vector<Origin> origins_;
  graph::EdgeKind kind_;
  std::shared_ptr<const graph::Runtime> edge_;

  template <class K2, class T2>
  friend class StreamBase;
  template <class K2, class T2>
  friend class rheon::KeyedStream;
  template <class Operator>
  friend class rheon::ProcessedStream;
};

/// map, filter, flat_map, peek and split: the same for both kinds of streams. `Rebind<K, Out>` is
/// the kind of stream they return.
template <class K, class T, template <class, class> class Rebind>
class Transforms : public StreamBase<K, T> {
 public:
  using StreamBase<K, T>::StreamBase;

  /// One output for each record: fn(const T&) -> Out.
  template <class Fn>
  [[nodiscard]] auto map(std::string name, Fn fn, OnThrow on_throw = stop) const {
    check_callable<Fn, T, void>();
    using Out = codec::Stored<std::invoke_result_t<const Fn&, const T&>>;
    check_record<Out>();
    using Operator = operators::Map<K, T, Out, Fn>;
    return rebind<Out>(this->template add_function<Operator, Out>(std::move(name), "map",
                                                                  std::move(fn), on_throw));
  }

  /// Keeps the records for which fn(const T&) is true.
  template <class Fn>
  [[nodiscard]] auto filter(std::string name, Fn fn, OnThrow on_throw = stop) const {
    check_callable<Fn, T, bool>();
    using Operator = operators::Filter<K, T, Fn>;
    return rebind<T>(this->template add_function<Operator, T>(std::move(name), "filter",
                                                              std::move(fn), on_throw));
  }

  /// Any number of outputs: fn(const T&) -> range of Out, or fn(const T&, Emit<Out>&).
  template <class Fn>
  [[nodiscard]] auto flat_map(std::string name, Fn fn, OnThrow on_throw = stop) const {
    using Out = FlatMapOutput<Fn, T>;
    check_record<Out>();
    using Operator = operators::FlatMap<K, T, Out, Fn>;
    return rebind<Out>(this->template add_function<Operator, Out>(std::move(name), "flat_map",
                                                                  std::move(fn), on_throw));
  }

  /// Shows every record to fn(const T&), for its side effects.
  template <class Fn>
  [[nodiscard]] auto peek(std::string name, Fn fn, OnThrow on_throw = stop) const {
    check_callable<Fn, T, void>();
    using Operator = operators::Peek<K, T, Fn>;
    return rebind<T>(
        this->template add_function<Operator, T>(std::move(name), "peek", std::move(fn), on_throw));
  }

  /// Named branches: each record goes to the first one whose predicate is true for it, and to
  /// rest() when none is.
  ///
  ///     const auto lines = log.split("level", branch("errors", is_error),
  ///                                  branch("warnings", is_warning));
  ///     lines["errors"].to("alarms", ...);
  ///     lines.rest().to("others", ...);
  template <class... Fn>
  [[nodiscard]] Branches<Rebind<K, T>> split(std::string name, OnThrow on_throw,
                                             operators::Branch<Fn>... branches) const {
    static_assert(sizeof...(Fn) > 0, "split() needs at least one branch(name, predicate)");
    (check_callable<Fn, T, bool>(), ...);
    const std::vector<std::string> outputs{branches.name...};
    using Operator = operators::Split<K, T, Fn...>;
    const std::size_t index = this->template add_function<Operator, T>(
                                      name, "split", std::tuple(std::move(branches)...), on_throw)
                                  .front()
                                  .node;
    this->builder_->graph.nodes[index].outputs = outputs;
    Branches<Rebind<K, T>> result(std::move(name), rebind<T>({{index, ""}}));
    for (const std::string& output : outputs) {
      result.add(output, rebind<T>({{index, output}}));
    }
    return result;
  }
  template <class... Fn>
  [[nodiscard]] Branches<Rebind<K, T>> split(std::string name,
                                             operators::Branch<Fn>... branches) const {
    return split(std::move(name), stop, std::move(branches)...);
  }

  /// The operator right before had this name in an earlier version of the job: what is stored under
  /// it is taken over.
  [[nodiscard]] Rebind<K, T> renamed_from(std::string old) const {
    this->rename(std::move(old));
    return static_cast<const Rebind<K, T>&>(*this);
  }

  /// Both streams as one. A stream that was re-partitioned is merged before, not after.
  [[nodiscard]] Rebind<K, T> merge(const Rebind<K, T>& other) const {
    std::vector<Origin> both = this->origins_;
    const auto& more = static_cast<const Transforms&>(other).origins_;
    both.insert(both.end(), more.begin(), more.end());
    return Rebind<K, T>(this->builder_, std::move(both), this->kind_, this->edge_);
  }

 protected:
  template <class Out>
  Rebind<K, Out> rebind(std::vector<Origin> origins) const {
    return Rebind<K, Out>(this->builder_, std::move(origins), graph::EdgeKind::kForward,
                          std::make_shared<CopyEdge<K, Out>>(CopyEdge<K, Out>::To::kNext));
  }

  template <class K2, class T2, template <class, class> class R2>
  friend class Transforms;
};

}  // namespace detail

template <class T>
class Stream;

namespace detail {
template <class K, class T>
using UnkeyedStream = Stream<T>;
}  // namespace detail

template <class T>
class Stream : public detail::Transforms<engine::NoKey, T, detail::UnkeyedStream> {
 public:
  using Base = detail::Transforms<engine::NoKey, T, detail::UnkeyedStream>;
  using Base::Base;

  /// Partitions the records by fn(const T&) -> key (or by a field: &Click::user). What stands
  /// behind sees all records of a key in order, on one shard.
  template <class KeyOf>
  [[nodiscard]] auto key_by(KeyOf key_of) const {
    detail::check_callable<KeyOf, T, void>();
    using K = codec::Stored<std::invoke_result_t<const KeyOf&, const T&>>;
    detail::check_key<K>();
    auto call = [key_of = std::move(key_of)](const T& value) -> decltype(auto) {
      return std::invoke(key_of, value);
    };
    using Edge = detail::HashEdge<engine::NoKey, T, K, decltype(call)>;
    return KeyedStream<K, T>(this->builder_, this->origins_, graph::EdgeKind::kHash,
                             std::make_shared<Edge>(std::move(call)));
  }
  /// Spreads the records evenly over all shards; their order is lost.
  [[nodiscard]] Stream<T> rebalance() const {
    return exchange(graph::EdgeKind::kRoundRobin, Copy::To::kNext);
  }
  /// Every shard gets every record.
  [[nodiscard]] Stream<T> broadcast() const {
    return exchange(graph::EdgeKind::kBroadcast, Copy::To::kAll);
  }

 private:
  using Copy = detail::CopyEdge<engine::NoKey, T>;
  Stream<T> exchange(graph::EdgeKind kind, typename Copy::To to) const {
    return Stream<T>(this->builder_, this->origins_, kind, std::make_shared<Copy>(to));
  }
};

template <class T>
class SourceStream : public Stream<T> {
 public:
  SourceStream(std::shared_ptr<detail::GraphBuilder> builder, std::string name,
               std::shared_ptr<const engine::SourceConnector<T>> connector)
      : Stream<T>(builder, {}, graph::EdgeKind::kForward, Stream<T>::forward_edge()),
        connector_(std::move(connector)) {
    const engine::SourceTraits traits = connector_->traits();
    graph::Node node;
    node.name = std::move(name);
    node.kind = graph::NodeKind::kSource;
    node.operation = traits.kind;
    node.output_type = detail::schema_of<T>();
    node.guarantee = traits.replayable ? "exactly-once" : "at-most-once";
    node.runtime = make_runtime(engine::NoTime{});
    this->origins_.push_back({builder->add(std::move(node)), ""});
  }

  /// Where event time comes from, fn(const T&) -> EventTime (or a field), and how far records may
  /// be out of order: out_of_order(5s) or monotone(). Per source partition.
  template <class TimeOf>
  [[nodiscard]] SourceStream<T> event_time(TimeOf time_of, std::chrono::microseconds bound) const {
    static_assert(std::is_invocable_r_v<EventTime, const TimeOf&, const T&>,
                  "event_time() takes a function from the record, or a field of it, to EventTime");
    SourceStream<T> result = *this;
    result.strategy_.out_of_order = bound;
    result.strategy_.from_records = true;
    auto call = [time_of = std::move(time_of)](const T& value) -> EventTime {
      return std::invoke(time_of, value);
    };
    result.remake_ = [call](const SourceStream& self) { return self.make_runtime(call); };
    result.update();
    return result;
  }
  /// As Stream::renamed_from; the result is still the source's own stream.
  [[nodiscard]] SourceStream<T> renamed_from(std::string old) const {
    this->rename(std::move(old));
    return *this;
  }
  /// A partition that has been at its end for so long no longer holds the watermark back.
  [[nodiscard]] SourceStream<T> idle_after(std::chrono::microseconds limit) const {
    SourceStream<T> result = *this;
    result.strategy_.idle_after = limit;
    result.update();
    return result;
  }
  /// Records with an event time further in the future go to quarantine.
  [[nodiscard]] SourceStream<T> max_future(std::chrono::microseconds limit) const {
    SourceStream<T> result = *this;
    result.strategy_.max_future = limit;
    result.update();
    return result;
  }

 private:
  template <class TimeOf>
  std::shared_ptr<const graph::Runtime> make_runtime(TimeOf time_of) const {
    return std::make_shared<detail::TypedSourceFactory<T, TimeOf>>(connector_, strategy_,
                                                                   std::move(time_of));
  }
  void update() {
    this->builder_->graph.nodes[this->origins_.front().node].runtime =
        remake_ ? remake_(*this) : make_runtime(engine::NoTime{});
  }

  std::shared_ptr<const engine::SourceConnector<T>> connector_;
  engine::WatermarkStrategy strategy_;
  std::function<std::shared_ptr<const graph::Runtime>(const SourceStream&)> remake_;
};

/// What an operator class emits, with its side outputs.
template <class Operator>
class ProcessedStream : public KeyedStream<typename Operator::Key, typename Operator::Output> {
 public:
  using K = typename Operator::Key;
  using Main = KeyedStream<K, typename Operator::Output>;

  ProcessedStream(std::shared_ptr<detail::GraphBuilder> builder,
                  std::vector<detail::Origin> origins, graph::EdgeKind kind,
                  std::shared_ptr<const graph::Runtime> edge, std::vector<std::string> outputs)
      : Main(std::move(builder), std::move(origins), kind, std::move(edge)),
        outputs_(std::move(outputs)) {}

  /// Records that the operator has found late (ctx.is_late()) and then neither emits nor keeps are
  /// dropped and counted; without this they go to quarantine.
  [[nodiscard]] ProcessedStream<Operator> drop_late() const {
    using Factory = detail::ProcessFactory<Operator>;
    auto& runtime = this->builder_->graph.nodes[this->origins_.front().node].runtime;
    runtime = std::make_shared<Factory>(static_cast<const Factory&>(*runtime).dropping_late());
    return *this;
  }

  /// As Stream::renamed_from; the result still has its side outputs.
  [[nodiscard]] ProcessedStream<Operator> renamed_from(std::string old) const {
    this->rename(std::move(old));
    return *this;
  }

  /// A side output by its member: sessions.side(&Sessionize::late).
  template <class S>
  [[nodiscard]] KeyedStream<K, S> side(SideOutput<S> Operator::* member) const {
    const Operator described;
    return KeyedStream<K, S>(this->builder_,
                             {{this->origins_.front().node, outputs_[(described.*member).index()]}},
                             graph::EdgeKind::kForward, KeyedStream<K, S>::forward_edge());
  }

 private:
  std::vector<std::string> outputs_;
};

template <class K, class T>
class KeyedStream : public detail::Transforms<K, T, KeyedStream> {
 public:
  using Base = detail::Transforms<K, T, KeyedStream>;
  using Base::Base;

  /// A rolling aggregate: every record updates its key's accumulator and emits the result.
  template <class A>
  [[nodiscard]] auto aggregate(std::string name, A aggregator, Lifetime lifetime) const {
    static_assert(Aggregator<A, T>,
                  "aggregate() takes an aggregator that can add this stream's records: see "
                  "rheon::Aggregator, count() and sum()");
    using Operator = operators::Aggregate<K, T, A>;
    using Accumulator = typename Operator::Accumulator;
    return add_keyed<Operator, Accumulator, typename Operator::Result>(
        std::move(name), "aggregate", std::move(aggregator), lifetime);
  }

  /// fn(const T& so_far, const T& record) -> T; the first record of a key is its first result.
  template <class Fn>
  [[nodiscard]] auto reduce(std::string name, Fn fn, Lifetime lifetime) const {
    static_assert(std::is_invocable_r_v<T, const Fn&, const T&, const T&>,
                  "reduce() takes a function of two records that returns one");
    static_assert(!codec::is_view<T>(),
                  "a view cannot be kept in state: map the records to an owning type first");
    return aggregate(std::move(name), operators::Reduce<T, Fn>{std::move(fn)}, lifetime);
  }

  /// A user's operator class: see operators/operator.h. `more`: streams for its second and further
  /// inputs, keyed by the same type.
  template <class Operator, class... More>
  [[nodiscard]] ProcessedStream<Operator> process(std::string name, OnThrow on_throw,
                                                  const KeyedStream<K, More>&... more) const {
    static_assert(std::is_same_v<typename Operator::Key, K>,
                  "the operator's key type is not the one that this stream is keyed by");
    static_assert(std::is_same_v<typename operators::InputList<typename Operator::Input>::type,
                                 std::tuple<T, More...>>,
                  "the operator's inputs are not the records of these streams, in this order");
    detail::check_record<typename Operator::Output>();
    const detail::ProcessFactory<Operator> factory(on_throw);
    graph::Node node;
    node.name = std::move(name);
    node.kind = graph::NodeKind::kKeyed;
    node.operation = "process";
    node.output_type = detail::schema_of<typename Operator::Output>();
    node.key_type = detail::schema_of<K>();
    node.outputs = factory.outputs();
    for (const state::StateDeclaration& declaration : factory.states()) {
      node.states.push_back(detail::describe_state(declaration));
    }
    node.runtime = std::make_shared<detail::ProcessFactory<Operator>>(factory);
    const std::size_t index = this->attach(std::move(node));
    std::uint32_t input = 0;
    (more.attach({}, ++input, &index), ...);
    return ProcessedStream<Operator>(this->builder_, {{index, ""}}, graph::EdgeKind::kForward,
                                     KeyedStream<K, typename Operator::Output>::forward_edge(),
                                     factory.outputs());
  }
  template <class Operator, class... More>
  [[nodiscard]] ProcessedStream<Operator> process(std::string name,
                                                  const KeyedStream<K, More>&... more) const {
    return process<Operator>(std::move(name), stop, more...);
  }

 private:
  template <class Operator, class Accumulator, class Out, class Argument>
  KeyedStream<K, Out> add_keyed(std::string name, const char* operation, Argument argument,
                                Lifetime lifetime) const {
    detail::check_record<Out>();
    state::StateDeclaration declaration;
    declaration.name = operation == std::string_view("aggregate") ? "value" : operation;
    declaration.kind = state::StateKind::kValue;
    declaration.key_schema = codec::key_schema<K>();
    declaration.value_schema = codec::ValueCodec<Accumulator>::schema();
    declaration.lifetime = lifetime;
    declaration.ops = &state::plain_ops<Accumulator>();
    graph::Node node;
    node.name = std::move(name);
    node.kind = graph::NodeKind::kKeyed;
    node.operation = operation;
    node.output_type = detail::schema_of<Out>();
    node.key_type = detail::schema_of<K>();
    node.states.push_back(detail::describe_state(declaration));
    node.runtime = std::make_shared<detail::KeyedFactory<Operator, Argument>>(
        std::vector{declaration}, std::move(argument));
    return this->template rebind<Out>({{this->attach(std::move(node)), ""}});
  }
};

}  // namespace rheon
