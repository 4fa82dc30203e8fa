#pragma once

// Where a job is described. A job is a function that takes a Job&, declares its parameters and
// builds its graph; the result is an immutable plan. The function runs once per process, on the
// main thread, before anything else.
//
//   void wordcount(Job& job) {
//     auto input = job.param<std::string>("input", "glob of text files");
//     job.from("lines", files::lines(input)).flat_map("words", letters) ...
//   }

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "api/parameters.h"
#include "api/stream.h"
#include "connect/source.h"
#include "graph/graph.h"

namespace rheon {

namespace detail {
template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;
}  // namespace detail

class Job {
 public:
  Job(std::string name, Parameters parameters);
  ~Job();

  /// A parameter that must be given: --name on the command line. T: std::string, bool, an integer,
  /// a floating-point number, a std::chrono duration.
  template <class T>
  [[nodiscard]] T param(std::string_view name, std::string_view help) {
    return read<T>(name, help, nullptr);
  }
  /// A parameter with a default.
  template <class T>
  [[nodiscard]] T param(std::string_view name, std::string_view help, const T& fallback) {
    return read<T>(name, help, &fallback);
  }

  /// Starts a stream. `name`: of the source; its positions are stored under it.
  template <class T>
  [[nodiscard]] SourceStream<T> from(std::string_view name, Source<T> source) {
    if (builder_->stand_ins != nullptr) {
      source.connector = std::make_shared<detail::PushedConnector<T>>(
          builder_->stand_ins->template make_source<T>(name));
    }
    return SourceStream<T>(builder_, name, std::move(source.connector));
  }

  /// For tests, before the job function runs: its sources and sinks are these instead.
  void replace_ends(std::shared_ptr<detail::StandIns> stand_ins);

  /// The number of key groups, a power of two; fixed when the job first runs.
  void key_groups(std::uint32_t groups) { builder_->graph.key_groups = groups; }

  [[nodiscard]] const Parameters& parameters() const { return parameters_; }
  /// The finished graph, checked.
  [[nodiscard]] Result<graph::Graph> finish() const;

 private:
  template <class T>
  static std::string type_name() {
    if constexpr (std::is_same_v<T, std::string>) {
      return "text";
    } else if constexpr (std::is_same_v<T, bool>) {
      return "yes/no";
    } else if constexpr (detail::is_duration<T>) {
      return "duration";
    } else {
      static_assert(std::is_arithmetic_v<T>,
                    "a parameter is a std::string, bool, number or std::chrono duration");
      return "number";
    }
  }
  template <class T>
  static std::string show(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      return value;
    } else if constexpr (std::is_same_v<T, bool>) {
      return value ? "yes" : "no";
    } else if constexpr (detail::is_duration<T>) {
      return format_duration(std::chrono::duration_cast<std::chrono::microseconds>(value));
    } else {
      return std::to_string(value);
    }
  }
  template <class T>
  static Result<T> parse(const std::string& text) {
    if constexpr (std::is_same_v<T, std::string>) {
      return text;
    } else if constexpr (std::is_same_v<T, bool>) {
      return parse_yes_no(text);
    } else if constexpr (detail::is_duration<T>) {
      RHEON_ASSIGN(const std::chrono::microseconds micros, parse_duration(text));
      return std::chrono::duration_cast<T>(micros);
    } else if constexpr (std::is_integral_v<T>) {
      RHEON_ASSIGN(const std::int64_t number, parse_integer(text));
      if (!std::in_range<T>(number)) {
        return fail(ErrorCode::kInvalidInput, "'" + text + "' is out of range");
      }
      return static_cast<T>(number);
    } else {
      RHEON_ASSIGN(const double number, parse_number(text));
      return static_cast<T>(number);
    }
  }
  template <class T>
  T read(std::string_view name, std::string_view help, const T* fallback);

  std::shared_ptr<detail::GraphBuilder> builder_;
  Parameters parameters_;
};

template <class T>
T Job::read(std::string_view name, std::string_view help, const T* fallback) {
  std::optional<std::string> shown;
  if (fallback != nullptr) {
    shown = show(*fallback);
  }
  const std::optional<std::string> text =
      parameters_.declare({std::string(name), std::string(help), type_name<T>(), std::move(shown)});
  if (text.has_value()) {
    Result<T> value = parse<T>(*text);
    if (value.has_value()) {
      return std::move(*value);
    }
    parameters_.mistake(std::string(name), value.error());
  }
  return fallback != nullptr ? *fallback : T{};
}

// The usual types are compiled once, in job.cc.
extern template std::string Job::read(std::string_view, std::string_view, const std::string*);
extern template bool Job::read(std::string_view, std::string_view, const bool*);
extern template int Job::read(std::string_view, std::string_view, const int*);
extern template std::int64_t Job::read(std::string_view, std::string_view, const std::int64_t*);
extern template std::uint64_t Job::read(std::string_view, std::string_view, const std::uint64_t*);
extern template double Job::read(std::string_view, std::string_view, const double*);

/// The type of a job function.
using JobFunction = void (*)(Job&);

}  // namespace rheon
