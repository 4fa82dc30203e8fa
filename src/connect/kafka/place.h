#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kafka/client/cluster.h"

namespace rheon::connect::kafka {

namespace client = rheon::kafka;

/// A topic, or a pattern of topics, and where their cluster is.
struct TopicPlace {
  std::vector<client::Address> brokers;  // some of them
  std::string topic;
};

/// What Kafka takes as the name of a topic.
[[nodiscard]] bool is_topic_name(std::string_view name);

/// Of names of topics: '*' stands for any characters, or none, and '?' for one.
[[nodiscard]] bool is_pattern(std::string_view topic);
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name);

inline constexpr std::string_view kScheme = "kafka://";

/// Of "kafka://HOST[:PORT][,HOST[:PORT]...]/TOPIC"; a host that is an IPv6 address stands in
/// brackets. kInvalidInput: it is none, in a sentence.
[[nodiscard]] Result<TopicPlace> parse_place(std::string_view url);
/// The same, where TOPIC may be a pattern.
[[nodiscard]] Result<TopicPlace> parse_places(std::string_view url);

/// "one:9092,two:9092"
[[nodiscard]] std::string describe_brokers(const TopicPlace& place);
/// "topic 'words' at one:9092,two:9092"
[[nodiscard]] std::string describe(const TopicPlace& place);
/// One of the topics there.
[[nodiscard]] std::string describe(const TopicPlace& place, std::string_view topic);

}  // namespace rheon::connect::kafka
