#pragma once

// What a test puts in the place of the sources and sinks that a job names: ends in memory, of the
// types that the job gives them. testing/topology.h is what users see of it.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>

#include "api/stand_in_sink.h"
#include "api/stand_in_source.h"

namespace rheon::detail {

class StandIns {
 public:
  // For the job: the same end again when the job is described again.
  [[nodiscard]] std::shared_ptr<Pushed> make_source(std::string_view name,
                                                    const std::type_info& type);
  [[nodiscard]] std::shared_ptr<KeptRecords> make_sink(std::string_view name,
                                                       const engine::RecordType& type);

  // For the test; throw a std::logic_error when the job has no such end, or one of another type.
  template <class T>
  [[nodiscard]] PushedRecords<T> source(const std::string& name) {
    return PushedRecords<T>(source_of(typeid(T), name));
  }
  template <class T>
  [[nodiscard]] std::vector<T> output(const std::string& name) {
    return sink_of(nullptr, typeid(T), name).template values<T>();
  }
  template <class K, class T>
  [[nodiscard]] std::vector<std::pair<K, T>> keyed_output(const std::string& name) {
    return sink_of(&typeid(K), typeid(T), name).template keys_and_values<K, T>();
  }
  /// Calls visit(Pushed&) for every source.
  template <class Visit>
  void for_each_source(Visit&& visit) {
    for (auto& [name, end] : sources_) {
      visit(*end);
    }
  }

 private:
  [[nodiscard]] Pushed& source_of(const std::type_info& type, const std::string& name) const;
  /// `key`: null for whatever keys there are.
  [[nodiscard]] KeptRecords& sink_of(const std::type_info* key, const std::type_info& value,
                                     const std::string& name) const;

  std::map<std::string, std::shared_ptr<Pushed>> sources_;
  std::map<std::string, std::shared_ptr<KeptRecords>> sinks_;
};

}  // namespace rheon::detail
