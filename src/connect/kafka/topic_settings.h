#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connect/kafka/patient_cluster.h"

namespace rheon::connect::kafka {

using Settings = std::map<std::string, std::string, std::less<>>;  // by name
using TopicSettings = std::map<std::string, Settings, std::less<>>;

/// Some settings of topics, by topic: those that this user may see, so perhaps none. Blocks as
/// `patient` does.
[[nodiscard]] Partly<TopicSettings> find_settings(PatientCluster& patient,
                                                  const std::vector<std::string>& topics,
                                                  const std::vector<std::string_view>& names);

}  // namespace rheon::connect::kafka
