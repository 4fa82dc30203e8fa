#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connect/kafka/patient_cluster.h"

namespace rheon::connect::kafka {

/// Some of a topic's settings, by name: those that this user may see, so perhaps none. Blocks as
/// `patient` does.
[[nodiscard]] Result<std::map<std::string, std::string, std::less<>>> find_settings(
    PatientCluster& patient, std::string_view topic, const std::vector<std::string_view>& names);

}  // namespace rheon::connect::kafka
