#include "api/job.h"

#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

#include "api/graph_builder.h"
#include "api/parameters.h"

namespace rheon {

namespace {

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
std::string type_name() {
  if constexpr (std::is_same_v<T, std::string>) {
    return "text";
  } else if constexpr (std::is_same_v<T, bool>) {
    return "yes/no";
  } else if constexpr (is_duration<T>) {
    return "duration";
  } else {
    return "number";
  }
}
template <class T>
std::string show(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (std::is_same_v<T, bool>) {
    return value ? "yes" : "no";
  } else if constexpr (is_duration<T>) {
    return format_duration(std::chrono::duration_cast<std::chrono::microseconds>(value));
  } else {
    return std::to_string(value);
  }
}
template <class T>
Result<T> parse(const std::string& text) {
  if constexpr (std::is_same_v<T, std::string>) {
    return text;
  } else if constexpr (std::is_same_v<T, bool>) {
    return parse_yes_no(text);
  } else if constexpr (is_duration<T>) {
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

}  // namespace

Job::Job(std::string name, Parameters parameters)
    : builder_(std::make_shared<detail::GraphBuilder>()),
      parameters_(std::make_shared<Parameters>(std::move(parameters))) {
  builder_->graph.job = std::move(name);
}

Job::~Job() = default;

void Job::replace_ends(std::shared_ptr<detail::StandIns> stand_ins) {
  builder_->stand_ins = std::move(stand_ins);
}

void Job::key_groups(std::uint32_t groups) { builder_->graph.key_groups = groups; }

Result<graph::Graph> Job::finish() const {
  RHEON_TRY(parameters_->check());
  RHEON_TRY(graph::validate(builder_->graph));
  return builder_->graph;
}

template <class T>
T Job::read(std::string_view name, std::string_view help, const T* fallback) {
  std::optional<std::string> shown;
  if (fallback != nullptr) {
    shown = show(*fallback);
  }
  const std::optional<std::string> text = parameters_->declare(
      {std::string(name), std::string(help), type_name<T>(), std::move(shown)});
  if (text.has_value()) {
    Result<T> value = parse<T>(*text);
    if (value.has_value()) {
      return std::move(*value);
    }
    parameters_->mistake(std::string(name), value.error());
  }
  return fallback != nullptr ? *fallback : T{};
}

template std::string Job::read(std::string_view, std::string_view, const std::string*);
template bool Job::read(std::string_view, std::string_view, const bool*);
template signed char Job::read(std::string_view, std::string_view, const signed char*);
template unsigned char Job::read(std::string_view, std::string_view, const unsigned char*);
template short Job::read(std::string_view, std::string_view, const short*);
template unsigned short Job::read(std::string_view, std::string_view, const unsigned short*);
template int Job::read(std::string_view, std::string_view, const int*);
template unsigned Job::read(std::string_view, std::string_view, const unsigned*);
template long Job::read(std::string_view, std::string_view, const long*);
template unsigned long Job::read(std::string_view, std::string_view, const unsigned long*);
template long long Job::read(std::string_view, std::string_view, const long long*);
template unsigned long long Job::read(std::string_view, std::string_view,
                                      const unsigned long long*);
template float Job::read(std::string_view, std::string_view, const float*);
template double Job::read(std::string_view, std::string_view, const double*);
template std::chrono::nanoseconds Job::read(std::string_view, std::string_view,
                                            const std::chrono::nanoseconds*);
template std::chrono::microseconds Job::read(std::string_view, std::string_view,
                                             const std::chrono::microseconds*);
template std::chrono::milliseconds Job::read(std::string_view, std::string_view,
                                             const std::chrono::milliseconds*);
template std::chrono::seconds Job::read(std::string_view, std::string_view,
                                        const std::chrono::seconds*);
template std::chrono::minutes Job::read(std::string_view, std::string_view,
                                        const std::chrono::minutes*);
template std::chrono::hours Job::read(std::string_view, std::string_view,
                                      const std::chrono::hours*);
template std::chrono::days Job::read(std::string_view, std::string_view, const std::chrono::days*);

}  // namespace rheon
