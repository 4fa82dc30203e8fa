#pragma once

// What a test puts in the place of the sources and sinks that a job names: ends in memory, made
// with the types that the job gives them. testing/topology.h is what users see of it.

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "api/stand_in_sink.h"
#include "api/stand_in_source.h"

namespace rheon::detail {

class StandIns {
 public:
  // For the job: the same end again when the job is described again.
  template <class T>
  [[nodiscard]] std::shared_ptr<PushedRecords<T>> make_source(std::string_view name) {
    std::shared_ptr<PushedBase>& end = source_place(name);
    if (end == nullptr) {
      end = std::make_shared<PushedRecords<T>>();
    }
    return std::static_pointer_cast<PushedRecords<T>>(end);
  }
  template <class K, class T>
  [[nodiscard]] std::shared_ptr<KeptBatches> make_sink(std::string_view name) {
    std::shared_ptr<KeptBatches>& end = sink_place(name);
    if (end == nullptr) {
      end = std::make_shared<KeptRecords<K, T>>();
    }
    return end;
  }

  // For the test; throw a std::logic_error when the job has no such end, or one of another type.
  template <class T>
  [[nodiscard]] PushedRecords<T>& source(const std::string& name) {
    auto* end = dynamic_cast<PushedRecords<T>*>(&source_named(name));
    if (end == nullptr) {
      throw_other_type("source", name);
    }
    return *end;
  }
  template <class T>
  [[nodiscard]] Kept<T>& sink(const std::string& name) {
    auto* end = dynamic_cast<Kept<T>*>(&sink_named(name));
    if (end == nullptr) {
      throw_other_type("sink", name);
    }
    return *end;
  }
  /// Calls visit(PushedBase&) for every source.
  template <class Visit>
  void for_each_source(Visit&& visit) {
    for (auto& [name, end] : sources_) {
      visit(*end);
    }
  }

 private:
  [[nodiscard]] std::shared_ptr<PushedBase>& source_place(std::string_view name);
  [[nodiscard]] std::shared_ptr<KeptBatches>& sink_place(std::string_view name);
  [[nodiscard]] PushedBase& source_named(const std::string& name) const;
  [[nodiscard]] KeptBatches& sink_named(const std::string& name) const;
  [[noreturn]] static void throw_other_type(const char* kind, const std::string& name);

  std::map<std::string, std::shared_ptr<PushedBase>> sources_;
  std::map<std::string, std::shared_ptr<KeptBatches>> sinks_;
};

}  // namespace rheon::detail
