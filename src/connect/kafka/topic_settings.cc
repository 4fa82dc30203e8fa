#include "connect/kafka/topic_settings.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "kafka/client/error_codes.h"

namespace rheon::connect::kafka {

namespace {

constexpr std::int8_t kTopicResource = 2;
constexpr std::chrono::milliseconds kAgain{100};

}  // namespace

Result<std::map<std::string, Settings, std::less<>>> find_settings(
    PatientCluster& patient, const std::vector<std::string>& topics,
    const std::vector<std::string_view>& names) {
  constexpr std::string_view kWhat = "the settings of topics";
  client::wire::DescribeConfigsRequest request;
  for (const std::string& topic : topics) {
    request.resources.push_back({kTopicResource, topic, names});
  }
  using Answer = client::wire::DescribeConfigsResponse;
  const auto is_answer = [&topics](const std::optional<Answer>& told) {
    return told.has_value() && told->results.size() == topics.size() &&
           std::all_of(told->results.begin(), told->results.end(), [](const auto& result) {
             return result.error_code == client::kNoError ||
                    result.error_code == client::kTopicAuthorizationFailed;
           });
  };
  std::string response;
  std::optional<Answer> told;
  for (;;) {
    RHEON_ASSIGN(response, patient.ask<client::wire::DescribeConfigs>(kWhat, request));
    told = client::wire::read_response<client::wire::DescribeConfigs>(response);
    if (is_answer(told)) {
      break;
    }
    RHEON_TRY(patient.pause(kWhat, kAgain));  // a broker that does not know one of them yet
  }
  std::map<std::string, Settings, std::less<>> settings;
  for (const auto& result : told->results) {
    Settings& of = settings[std::string(result.resource_name)];
    for (const auto& setting : result.configs) {
      of.emplace(setting.name, setting.value.value_or(""));
    }
  }
  return settings;
}

}  // namespace rheon::connect::kafka
