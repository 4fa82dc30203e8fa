#include "api/stand_ins.h"

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

[[noreturn]] void throw_other_type(const char* kind, const std::string& name) {
  throw std::logic_error("the " + std::string(kind) + " '" + name +
                         "' has records of another type than the test says");
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
    throw_other_type("source", name);
  }
  return end;
}

KeptRecords& StandIns::sink_of(const std::type_info* key, const std::type_info& value,
                               const std::string& name) const {
  KeptRecords& end = find(sinks_, "sink", name);
  if (*end.type().value != value) {
    throw_other_type("sink", name);
  }
  if (key != nullptr && *end.type().key != *key) {
    throw std::logic_error("the sink '" + name + "' has keys of another type, or none");
  }
  return end;
}

}  // namespace rheon::detail
