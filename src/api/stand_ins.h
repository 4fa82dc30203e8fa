#pragma once

// What a test puts in the place of the sources and sinks that a job names: ends in memory, made
// with the types that the job gives them. testing/topology.h is what users see of it.

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <typeindex>
#include <utility>

#include "api/stand_in_sink.h"
#include "api/stand_in_source.h"

namespace rheon::detail {

class StandIns {
 public:
  // For the job: the same end again when the job is described again.
  template <class T>
  [[nodiscard]] std::shared_ptr<PushedRecords<T>> make_source(const std::string& name) {
    return make<PushedRecords<T>, PushedRecords<T>>(sources_, name, typeid(T));
  }
  template <class K, class T>
  [[nodiscard]] std::shared_ptr<KeptRecords<K, T>> make_sink(const std::string& name) {
    return make<KeptRecords<K, T>, Kept<T>>(sinks_, name, typeid(T));
  }

  // For the test; throw a std::logic_error when the job has no such end, or one of another type.
  template <class T>
  [[nodiscard]] PushedRecords<T>& source(const std::string& name) {
    return *static_cast<PushedRecords<T>*>(find(sources_, "source", name, typeid(T)));
  }
  template <class T>
  [[nodiscard]] Kept<T>& sink(const std::string& name) {
    return *static_cast<Kept<T>*>(find(sinks_, "sink", name, typeid(T)));
  }
  /// Calls visit(PushedBase&) for every source.
  template <class Visit>
  void for_each_source(Visit&& visit) {
    for (auto& [name, end] : sources_) {
      visit(*std::static_pointer_cast<PushedBase>(end.base));
    }
  }

 private:
  struct End {
    std::type_index type;
    std::shared_ptr<void> whole;  // the object
    void* seen = nullptr;         // as the test sees it
    std::shared_ptr<void> base;   // a source as PushedBase
  };
  using Ends = std::map<std::string, End>;

  template <class Made, class Seen>
  static std::shared_ptr<Made> make(Ends& ends, const std::string& name, std::type_index type) {
    auto at = ends.find(name);
    if (at == ends.end()) {
      auto made = std::make_shared<Made>();
      End end{type, made, static_cast<Seen*>(made.get()), nullptr};
      if constexpr (std::is_base_of_v<PushedBase, Made>) {
        end.base = std::static_pointer_cast<PushedBase>(made);
      }
      at = ends.emplace(name, std::move(end)).first;
    }
    return std::static_pointer_cast<Made>(at->second.whole);
  }

  static void* find(const Ends& ends, const char* kind, const std::string& name,
                    std::type_index type) {
    const auto at = ends.find(name);
    if (at == ends.end()) {
      std::string known;
      for (const auto& [other, end] : ends) {
        known += (known.empty() ? "'" : ", '") + other + "'";
      }
      throw std::logic_error("the job has no " + std::string(kind) + " '" + name +
                             "'; it has: " + known);
    }
    if (at->second.type != type) {
      throw std::logic_error("the " + std::string(kind) + " '" + name +
                             "' has records of another type than the test says");
    }
    return at->second.seen;
  }

  Ends sources_;
  Ends sinks_;
};

}  // namespace rheon::detail
