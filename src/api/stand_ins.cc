#include "api/stand_ins.h"

#include <cxxabi.h>

#include <cstdlib>
#include <stdexcept>

namespace rheon::detail {

namespace {

template <class End>
End& find(const std::map<std::string, std::shared_ptr<End>>& ends, const char* kind,
          const std::string& name) {
  const auto at = ends.find(name);
  if (at == ends.end()) {
    std::string known;
    for (const auto& [other, end] : ends) {
      known += (known.empty() ? "'" : ", '") + other + "'";
    }
    throw std::logic_error("the job has no " + std::string(kind) + " '" + name +
                           "'; it has: " + known);
  }
  return *at->second;
}

/// As it is written in a program.
std::string name_of(const std::type_info& type) {
  if (type == typeid(std::string_view)) {
    return "std::string_view";
  }
  if (type == typeid(std::string)) {
    return "std::string";
  }
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type.name();
}

/// `what`: the records or the keys of an end.
[[noreturn]] void throw_other_type(const std::string& what, const std::type_info& has,
                                   const std::type_info& asked) {
  throw std::logic_error(what + " are of type " + name_of(has) + "; the test asks for " +
                         name_of(asked));
}

}  // namespace

std::shared_ptr<Pushed> StandIns::make_source(std::string_view name, const std::type_info& type) {
  std::shared_ptr<Pushed>& end = sources_[std::string(name)];
  if (end == nullptr) {
    end = std::make_shared<Pushed>(type);
  }
  return end;
}

std::shared_ptr<KeptRecords> StandIns::make_sink(std::string_view name,
                                                 const engine::RecordType& type) {
  std::shared_ptr<KeptRecords>& end = sinks_[std::string(name)];
  if (end == nullptr) {
    end = std::make_shared<KeptRecords>(type);
  }
  return end;
}

Pushed& StandIns::source_of(const std::type_info& type, const std::string& name) const {
  Pushed& end = find(sources_, "source", name);
  if (end.type() != type) {
    throw_other_type("the records of source '" + name + "'", end.type(), type);
  }
  return end;
}

KeptRecords& StandIns::sink_of(const std::type_info* key, const std::type_info& value,
                               const std::string& name) const {
  KeptRecords& end = find(sinks_, "sink", name);
  if (*end.type().value != value) {
    throw_other_type("the records of sink '" + name + "'", *end.type().value, value);
  }
  if (key != nullptr && *end.type().key != *key) {
    if (*end.type().key == typeid(engine::NoKey)) {
      throw std::logic_error("the records of sink '" + name +
                             "' have no keys: ask for output<T>() of them");
    }
    throw_other_type("the keys of sink '" + name + "'", *end.type().key, *key);
  }
  return end;
}

}  // namespace rheon::detail
