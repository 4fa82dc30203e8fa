#include "connect/kafka/topic_settings.h"

#include <chrono>
#include <optional>

#include "kafka/client/error_codes.h"

namespace rheon::connect::kafka {

namespace {

constexpr std::int8_t kTopicResource = 2;
constexpr std::chrono::milliseconds kAgain{100};

}  // namespace

Result<std::map<std::string, std::string, std::less<>>> find_settings(
    PatientCluster& patient, std::string_view topic, const std::vector<std::string_view>& names) {
  constexpr std::string_view kWhat = "the settings of a topic";
  client::wire::DescribeConfigsRequest request;
  request.resources.push_back({kTopicResource, topic, names});
  const auto is_answer = [](const std::optional<client::wire::DescribeConfigsResponse>& told) {
    if (!told.has_value() || told->results.size() != 1) {
      return false;
    }
    const std::int16_t error = told->results.front().error_code;
    return error == client::kNoError || error == client::kTopicAuthorizationFailed;
  };
  std::string response;
  std::optional<client::wire::DescribeConfigsResponse> told;
  for (;;) {
    RHEON_ASSIGN(response, patient.ask<client::wire::DescribeConfigs>(kWhat, request));
    told = client::wire::read_response<client::wire::DescribeConfigs>(response);
    if (is_answer(told)) {
      break;
    }
    RHEON_TRY(patient.pause(kWhat, kAgain));  // a broker that does not know the topic yet
  }
  std::map<std::string, std::string, std::less<>> settings;
  for (const auto& setting : told->results.front().configs) {
    settings.emplace(setting.name, setting.value.value_or(""));
  }
  return settings;
}

}  // namespace rheon::connect::kafka
