#include "connect/kafka/topic_settings.h"

#include <chrono>
#include <set>

#include "kafka/client/error_codes.h"

namespace rheon::connect::kafka {

namespace {

constexpr std::int8_t kTopicResource = 2;
constexpr std::chrono::milliseconds kAgain{100};

using Answer = client::wire::DescribeConfigsResponse;

/// Takes what it tells of topics that are asked for, and those out of `asked`.
void take(const Answer& told, std::set<std::string, std::less<>>& asked, TopicSettings& settings) {
  for (const auto& result : told.results) {
    const auto one = asked.find(result.resource_name);
    const bool known = result.error_code == client::kNoError ||
                       result.error_code == client::kTopicAuthorizationFailed;
    if (one == asked.end() || !known) {
      continue;  // a broker that does not know it yet
    }
    Settings& of = settings[*one];
    for (const auto& setting : result.configs) {
      of.emplace(setting.name, setting.value.value_or(""));
    }
    asked.erase(one);
  }
}

}  // namespace

Partly<TopicSettings> find_settings(PatientCluster& patient, const std::vector<std::string>& topics,
                                    const std::vector<std::string_view>& names) {
  constexpr std::string_view kWhat = "the settings of topics";
  std::set<std::string, std::less<>> asked(topics.begin(), topics.end());
  Partly<TopicSettings> settings;
  while (!asked.empty()) {
    client::wire::DescribeConfigsRequest request;
    for (const std::string& topic : asked) {
      request.resources.push_back({kTopicResource, topic, names});
    }
    const auto response = patient.ask<client::wire::DescribeConfigs>(kWhat, request);
    if (!response.has_value()) {
      settings.all = tl::unexpected(response.error());
      return settings;
    }
    if (const auto told = client::wire::read_response<client::wire::DescribeConfigs>(*response)) {
      take(*told, asked, settings.found);
    }
    if (!asked.empty()) {
      settings.all = patient.pause(kWhat, kAgain);
    }
    if (!settings.all.has_value()) {
      return settings;
    }
  }
  return settings;
}

}  // namespace rheon::connect::kafka
