#pragma once

// Where a job is described. A job is a function that takes a Job&, declares its parameters and
// builds its graph; the result is an immutable plan. The function runs on the main thread, before
// anything else, and twice: first only to learn which parameters it declares.
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

#include "api/stream.h"
#include "base/result.h"
#include "connect/source.h"

namespace rheon {

namespace graph {
struct Graph;
}
class Parameters;

namespace detail {
class StandIns;
template <class T, class... Types>
inline constexpr bool is_any_of = (std::is_same_v<T, Types> || ...);
}  // namespace detail

/// The types of a job's parameters.
template <class T>
concept ParameterType =
    detail::is_any_of<T, std::string, bool, signed char, unsigned char, short, unsigned short, int,
                      unsigned, long, unsigned long, long long, unsigned long long, float, double,
                      std::chrono::nanoseconds, std::chrono::microseconds,
                      std::chrono::milliseconds, std::chrono::seconds, std::chrono::minutes,
                      std::chrono::hours, std::chrono::days>;

class Job {
 public:
  Job(std::string name, Parameters parameters);
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// A parameter that must be given: --name on the command line. T: std::string, bool, an integer,
  /// a floating-point number, a std::chrono duration.
  template <class T>
  [[nodiscard]] T param(std::string_view name, std::string_view help) {
    check_parameter<T>();
    return read<T>(name, help, nullptr);
  }
  /// A parameter with a default.
  template <class T>
  [[nodiscard]] T param(std::string_view name, std::string_view help, const T& fallback) {
    check_parameter<T>();
    return read<T>(name, help, &fallback);
  }

  /// Starts a stream. `name`: of the source; its positions are stored under it.
  template <class T>
  [[nodiscard]] SourceStream<T> from(std::string_view name, Source<T> source) {
    return SourceStream<T>(builder_, name, std::move(source.connector));
  }

  /// For tests, before the job function runs: its sources and sinks are these instead.
  void replace_ends(std::shared_ptr<detail::StandIns> stand_ins);

  /// The number of key groups, a power of two: at most so many shards share the keyed state. For a
  /// job that has run `split-key-groups` makes more of them; never fewer.
  void key_groups(std::uint32_t groups);

  [[nodiscard]] const Parameters& parameters() const { return *parameters_; }
  /// The finished graph, checked.
  [[nodiscard]] Result<graph::Graph> finish() const;

 private:
  template <class T>
  static consteval void check_parameter() {
    static_assert(ParameterType<T>,
                  "a parameter is a std::string, bool, number or duration of std::chrono");
  }
  /// Compiled in job.cc, for each ParameterType.
  template <class T>
  T read(std::string_view name, std::string_view help, const T* fallback);

  std::shared_ptr<detail::GraphBuilder> builder_;
  std::shared_ptr<Parameters> parameters_;
};

/// The type of a job function.
using JobFunction = void (*)(Job&);

}  // namespace rheon
