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
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/branches.h"
#include "api/factories.h"
#include "api/stream_handle.h"
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
class StreamBase : public StreamHandle {
 public:
  using StreamHandle::StreamHandle;

  /// Sends the records to a sink. Its progress is stored under `name`; `renamed_from`: the name it
  /// had in an earlier version of the job.
  template <class SinkDescription>
  void to(std::string_view name, const SinkDescription& sink,
          std::string_view renamed_from = {}) const {
    add_sink(name, renamed_from, sink.template bind<K, T>(), engine::record_type<K, T>);
  }

 protected:
  /// A stateless operator behind this stream.
  template <class Operator, class Out, class Fn>
  std::vector<Origin> add_function(std::string_view name, const char* operation, Fn fn,
                                   OnThrow on_throw) const {
    return add_transform({name, operation, schema_of<Out>(), schema_of<K>()},
                         owned(new FunctionFactory<Operator, Fn>(on_throw, std::move(fn))));
  }

  /// As the origins of a stream of this type: its records stay on their shard.
  static std::vector<Origin> forward(std::vector<Origin> origins) {
    for (Origin& origin : origins) {
      origin.edge = copy_edge(engine::record_type<K, T>, engine::CopySender::To::kNext);
    }
    return origins;
  }

  template <class K2, class T2>
  friend class StreamBase;
  template <class K2, class T2>
  friend class rheon::KeyedStream;
  template <class Operator>
  friend class rheon::ProcessedStream;
};

/// map, filter, flat_map, peek, split, merge and key_by: the same for both kinds of streams.
/// `Rebind<K, Out>` is the kind of stream that all but key_by return.
template <class K, class T, template <class, class> class Rebind>
class Transforms : public StreamBase<K, T> {
 public:
  using StreamBase<K, T>::StreamBase;

  /// One output for each record: fn(const T&) -> Out.
  template <class Fn>
  [[nodiscard]] auto map(std::string_view name, Fn fn, OnThrow on_throw = stop) const {
    check_callable<Fn, T, void>();
    using Out = codec::Stored<std::invoke_result_t<const Fn&, const T&>>;
    check_record<Out>();
    using Operator = operators::Map<K, T, Out, Fn>;
    return rebind<Out>(
        this->template add_function<Operator, Out>(name, "map", std::move(fn), on_throw));
  }

  /// Keeps the records for which fn(const T&) is true.
  template <class Fn>
  [[nodiscard]] auto filter(std::string_view name, Fn fn, OnThrow on_throw = stop) const {
    check_callable<Fn, T, bool>();
    using Operator = operators::Filter<K, T, Fn>;
    return rebind<T>(
        this->template add_function<Operator, T>(name, "filter", std::move(fn), on_throw));
  }

  /// Any number of outputs: fn(const T&) -> range of Out, or fn(const T&, Emit<Out>&).
  template <class Fn>
  [[nodiscard]] auto flat_map(std::string_view name, Fn fn, OnThrow on_throw = stop) const {
    using Out = FlatMapOutput<Fn, T>;
    check_record<Out>();
    using Operator = operators::FlatMap<K, T, Out, Fn>;
    return rebind<Out>(
        this->template add_function<Operator, Out>(name, "flat_map", std::move(fn), on_throw));
  }

  /// Shows every record to fn(const T&), for its side effects.
  template <class Fn>
  [[nodiscard]] auto peek(std::string_view name, Fn fn, OnThrow on_throw = stop) const {
    check_callable<Fn, T, void>();
    using Operator = operators::Peek<K, T, Fn>;
    return rebind<T>(
        this->template add_function<Operator, T>(name, "peek", std::move(fn), on_throw));
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
    const Origin node = this->template add_function<Operator, T>(
                                name, "split", std::tuple(std::move(branches)...), on_throw)
                            .front();
    this->name_outputs(node, outputs);
    Branches<Rebind<K, T>> result(std::move(name), rebind<T>({node}));
    for (const std::string& output : outputs) {
      result.add(output, rebind<T>({{.node = node.node, .output = output}}));
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
  [[nodiscard]] Rebind<K, T> renamed_from(std::string_view old) const {
    this->rename(old);
    return static_cast<const Rebind<K, T>&>(*this);
  }

  /// Partitions the records by fn(const T&) -> key (or by a field: &Click::user). What stands
  /// behind sees all records of a key in order, on one shard. A stream that has a key gets another
  /// one, behind an operator: two exchanges in a row are refused.
  template <class KeyOf>
  [[nodiscard]] auto key_by(KeyOf key_of, OnThrow on_throw = stop) const {
    check_callable<KeyOf, T, void>();
    using To = codec::Stored<std::invoke_result_t<const KeyOf&, const T&>>;
    check_key<To>();
    auto call = [key_of = std::move(key_of)](const T& value) -> decltype(auto) {
      return std::invoke(key_of, value);
    };
    using Edge = HashEdge<K, T, To, decltype(call)>;
    return KeyedStream<To, T>(
        this->builder_,
        this->origins_by(graph::EdgeKind::kHash, owned(new Edge(std::move(call), on_throw))));
  }
  /// Both streams as one. Each goes on as it was: keyed by its own function, rebalanced, or on its
  /// shard.
  [[nodiscard]] Rebind<K, T> merge(const Rebind<K, T>& other) const {
    return Rebind<K, T>(this->builder_, this->origins_with(other));
  }

 protected:
  template <class Out>
  Rebind<K, Out> rebind(std::vector<Origin> origins) const {
    return Rebind<K, Out>(this->builder_, Rebind<K, Out>::forward(std::move(origins)));
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

  /// Spreads the records evenly over all shards; their order is lost.
  [[nodiscard]] Stream<T> rebalance() const {
    return exchange(graph::EdgeKind::kRoundRobin, engine::CopySender::To::kNext);
  }
  /// Every shard gets every record.
  [[nodiscard]] Stream<T> broadcast() const {
    return exchange(graph::EdgeKind::kBroadcast, engine::CopySender::To::kAll);
  }

  // What keeps state by key, said of a stream without keys: only here for a compile error in words.
  template <class... Arguments>
  Stream<T> aggregate(const Arguments&...) const {
    static_assert(detail::kOnlyOfKeyedStreams<Arguments...>,
                  "aggregate() keeps state by key: say .key_by(...) before it");
    return *this;
  }
  template <class... Arguments>
  Stream<T> reduce(const Arguments&...) const {
    static_assert(detail::kOnlyOfKeyedStreams<Arguments...>,
                  "reduce() keeps state by key: say .key_by(...) before it");
    return *this;
  }
  template <class Operator, class... Arguments>
  Stream<T> process(const Arguments&...) const {
    static_assert(detail::kOnlyOfKeyedStreams<Operator>,
                  "process() keeps state by key: say .key_by(...) before it");
    return *this;
  }

 private:
  Stream<T> exchange(graph::EdgeKind kind, engine::CopySender::To to) const {
    return Stream<T>(
        this->builder_,
        this->origins_by(kind, detail::copy_edge(engine::record_type<engine::NoKey, T>, to)));
  }
};

template <class T>
class SourceStream : public Stream<T> {
 public:
  SourceStream(std::shared_ptr<detail::GraphBuilder> builder, std::string_view name,
               std::shared_ptr<const engine::AnySourceConnector> connector)
      : Stream<T>(std::move(builder), {}) {
    source_.make_task = detail::source_task_maker<T>(engine::NoTime{}, stop);
    source_.connector = std::move(connector);
    this->origins_ =
        this->forward(this->add_source(name, source_, typeid(T), detail::schema_of<T>()));
  }

  /// Where event time comes from, fn(const T&) -> EventTime (or a field), and how far records may
  /// be out of order: out_of_order(5s) or monotone(). Per source partition.
  template <class TimeOf>
  [[nodiscard]] SourceStream<T> event_time(TimeOf time_of, std::chrono::microseconds bound,
                                           OnThrow on_throw = stop) const {
    static_assert(std::is_invocable_r_v<EventTime, const TimeOf&, const T&>,
                  "event_time() takes a function from the record, or a field of it, to EventTime");
    SourceStream<T> result = *this;
    result.source_.strategy.out_of_order = bound;
    result.source_.strategy.from_records = true;
    result.source_.make_task = detail::source_task_maker<T>(
        [time_of = std::move(time_of)](const T& value) -> EventTime {
          return std::invoke(time_of, value);
        },
        on_throw);
    this->change_source(result.source_);
    return result;
  }
  /// As Stream::renamed_from; the result is still the source's own stream.
  [[nodiscard]] SourceStream<T> renamed_from(std::string_view old) const {
    this->rename(old);
    return *this;
  }
  /// A partition that has been at its end for so long no longer holds the watermark back.
  [[nodiscard]] SourceStream<T> idle_after(std::chrono::microseconds limit) const {
    SourceStream<T> result = *this;
    result.source_.strategy.idle_after = limit;
    this->change_source(result.source_);
    return result;
  }
  /// Records with an event time further in the future go to quarantine.
  [[nodiscard]] SourceStream<T> max_future(std::chrono::microseconds limit) const {
    SourceStream<T> result = *this;
    result.source_.strategy.max_future = limit;
    this->change_source(result.source_);
    return result;
  }

 private:
  detail::SourceDescription source_;
};

/// What an operator class emits, with its side outputs.
template <class Operator>
class ProcessedStream : public KeyedStream<typename Operator::Key, typename Operator::Output> {
 public:
  using K = typename Operator::Key;
  using Main = KeyedStream<K, typename Operator::Output>;

  ProcessedStream(std::shared_ptr<detail::GraphBuilder> builder,
                  std::vector<detail::Origin> origins, std::vector<std::string> outputs)
      : Main(std::move(builder), std::move(origins)), outputs_(std::move(outputs)) {}

  /// Records that the operator has found late (ctx.is_late()) and then neither emits nor keeps are
  /// dropped and counted; without this they go to quarantine.
  [[nodiscard]] ProcessedStream<Operator> drop_late() const {
    using Factory = detail::ProcessFactory<Operator>;
    const detail::Origin& node = this->origins_.front();
    const auto& keeping = static_cast<const Factory&>(this->runtime_of(node));
    this->change_runtime(node, detail::owned(new Factory(keeping.dropping_late())));
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
    return this->template rebind<S>(
        {{.node = this->origins_.front().node, .output = outputs_[(described.*member).index()]}});
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
  [[nodiscard]] auto aggregate(std::string_view name, A aggregator, Lifetime lifetime,
                               OnThrow on_throw = stop) const {
    static_assert(Aggregator<A, T>,
                  "aggregate() takes an aggregator that can add this stream's records: see "
                  "rheon::Aggregator, count() and sum()");
    using Operator = operators::Aggregate<K, T, A>;
    using Accumulator = typename Operator::Accumulator;
    static_assert(!codec::holds_views<Accumulator>(),
                  "an accumulator cannot hold a view: the bytes it shows are gone with the record. "
                  "Use std::string");
    return add_rolling<Operator, Accumulator, typename Operator::Result>(
        name, std::move(aggregator), lifetime, on_throw);
  }

  /// fn(const T& so_far, const T& record) -> T; the first record of a key is its first result.
  template <class Fn>
  [[nodiscard]] auto reduce(std::string_view name, Fn fn, Lifetime lifetime,
                            OnThrow on_throw = stop) const {
    static_assert(std::is_invocable_r_v<T, const Fn&, const T&, const T&>,
                  "reduce() takes a function of two records that returns one");
    static_assert(!codec::holds_views<T>(),
                  "a view cannot be kept in state: map the records to an owning type first");
    return aggregate(name, operators::Reduce<T, Fn>{std::move(fn)}, lifetime, on_throw);
  }

  /// A user's operator class: see operators/operator.h. `more`: streams for its second and further
  /// inputs, keyed by the same type.
  template <class Operator, class... More>
  [[nodiscard]] ProcessedStream<Operator> process(std::string_view name, OnThrow on_throw,
                                                  const KeyedStream<K, More>&... more) const {
    static_assert(std::is_same_v<typename Operator::Key, K>,
                  "the operator's key type is not the one that this stream is keyed by");
    static_assert(std::is_same_v<typename operators::InputList<typename Operator::Input>::type,
                                 std::tuple<T, More...>>,
                  "the operator's inputs are not the records of these streams, in this order");
    detail::check_record<typename Operator::Output>();
    const Operator described;
    std::vector<std::string> outputs = detail::names_of(described.outputs());
    std::vector<detail::Origin> node = this->add_keyed(
        {name, "process", detail::schema_of<typename Operator::Output>(), detail::schema_of<K>()},
        outputs, new detail::ProcessFactory<Operator>(on_throw));
    this->note_mistake(node.front(), operators::missing_on_timer(
                                         described, operators::has_on_timer<Operator, Timer>,
                                         operators::has_on_timer<Operator, TimerSet>));
    std::uint32_t input = 0;
    (more.add_input(node.front(), ++input), ...);
    return ProcessedStream<Operator>(
        this->builder_, KeyedStream<K, typename Operator::Output>::forward(std::move(node)),
        std::move(outputs));
  }
  template <class Operator, class... More>
  [[nodiscard]] ProcessedStream<Operator> process(std::string_view name,
                                                  const KeyedStream<K, More>&... more) const {
    return process<Operator>(name, stop, more...);
  }

 private:
  template <class Operator, class Accumulator, class Out, class Argument>
  KeyedStream<K, Out> add_rolling(std::string_view name, Argument argument, Lifetime lifetime,
                                  OnThrow on_throw) const {
    detail::check_record<Out>();
    using Factory = detail::TypedRollingFactory<Operator, Argument>;
    return this->template rebind<Out>(this->add_keyed(
        {name, "aggregate", detail::schema_of<Out>(), detail::schema_of<K>()}, {},
        new Factory({codec::key_schema<K>(), codec::ValueCodec<Accumulator>::schema(), lifetime,
                     &state::plain_ops<Accumulator>()},
                    std::move(argument), on_throw)));
  }
};

}  // namespace rheon
