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

}  // namespace

std::shared_ptr<PushedBase>& StandIns::source_place(std::string_view name) {
  return sources_[std::string(name)];
}

std::shared_ptr<KeptBatches>& StandIns::sink_place(std::string_view name) {
  return sinks_[std::string(name)];
}

PushedBase& StandIns::source_named(const std::string& name) const {
  return find(sources_, "source", name);
}

KeptBatches& StandIns::sink_named(const std::string& name) const {
  return find(sinks_, "sink", name);
}

void StandIns::throw_other_type(const char* kind, const std::string& name) {
  throw std::logic_error("the " + std::string(kind) + " '" + name +
                         "' has records of another type than the test says");
}

}  // namespace rheon::detail
