#pragma once

// Compile-time checks between neighbouring steps, with messages that a person can read.

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "codec/key.h"
#include "codec/record.h"
#include "codec/value.h"
#include "engine/batch.h"
#include "operators/emit.h"
#include "state/declaration.h"

namespace rheon::graph {
struct State;
}

namespace rheon::detail {

template <class T>
[[nodiscard]] std::string schema_of() {
  if constexpr (std::is_same_v<T, engine::NoKey>) {
    return "";
  } else {
    return codec::ValueCodec<T>::schema();
  }
}

[[nodiscard]] graph::State describe_state(const state::StateDeclaration& declaration);

template <class Fn, class T, class Result>
consteval void check_callable() {
  static_assert(std::is_invocable_v<const Fn&, const T&>,
                "this step's function cannot be called with the records of the step before it: it "
                "must take const T& (text is std::string_view), be const-callable and copyable");
  if constexpr (!std::is_void_v<Result> && std::is_invocable_v<const Fn&, const T&>) {
    static_assert(std::is_convertible_v<std::invoke_result_t<const Fn&, const T&>, Result>,
                  "this step's function returns something else than the step needs");
  }
}

template <class T>
consteval void check_record() {
  static_assert(!std::is_pointer_v<T>,
                "a record cannot be a pointer: emit text as std::string_view or std::string");
  static_assert(std::is_pointer_v<T> || codec::has_codec<T>,
                "this type cannot be a record: records are text, bytes, scalars, enums and structs "
                "with RHEON_FIELDS(Type, fields...) beside them");
}

/// Never true: for what an unkeyed stream does not have.
template <class...>
inline constexpr bool kOnlyOfKeyedStreams = false;

template <class K>
consteval void check_key() {
  static_assert(
      codec::is_key<K>,
      "this type cannot be a key: keys are text, bytes, integers, enums, floats, EventTime, "
      "durations of whole microseconds and structs of those with RHEON_FIELDS");
}

// The Out of a callable with an `Emit<Out>&` parameter.
template <class F>
struct EmitParameter;
template <class R, class In, class Out>
struct EmitParameter<R (*)(In, Emit<Out>&)> {
  using type = Out;
};
template <class R, class C, class In, class Out>
struct EmitParameter<R (C::*)(In, Emit<Out>&) const> {
  using type = Out;
};

template <class Fn>
consteval auto call_operator() {
  if constexpr (std::is_pointer_v<Fn>) {
    return std::type_identity<Fn>{};
  } else if constexpr (requires { &Fn::operator(); }) {
    return std::type_identity<decltype(&Fn::operator())>{};
  } else {
    return std::type_identity<void>{};
  }
}

template <class F>
concept has_emit_parameter = requires { typename EmitParameter<F>::type; };

template <class Fn, class T>
consteval auto flat_map_output() {
  using Call = typename decltype(call_operator<Fn>())::type;
  if constexpr (has_emit_parameter<Call>) {
    return std::type_identity<typename EmitParameter<Call>::type>{};
  } else if constexpr (std::is_invocable_v<const Fn&, const T&>) {
    using Range = std::invoke_result_t<const Fn&, const T&>;
    using Element = decltype(*std::declval<const std::remove_reference_t<Range>&>().begin());
    return std::type_identity<codec::Stored<Element>>{};
  } else {
    static_assert(
        std::is_invocable_v<const Fn&, const T&>,
        "flat_map() takes a function from a record to a range, or one with an `Emit<Out>& "
        "emit` parameter (its type written out: `auto& emit` cannot be read)");
    return std::type_identity<T>{};
  }
}

template <class Fn, class T>
using FlatMapOutput = typename decltype(flat_map_output<Fn, T>())::type;

}  // namespace rheon::detail
