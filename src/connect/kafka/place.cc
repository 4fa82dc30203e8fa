#include "connect/kafka/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace rheon::connect::kafka {

namespace {

constexpr std::size_t kLongestTopic = 249;  // of Kafka

std::optional<client::Address> parse_address(std::string_view text) {
  client::Address address;
  std::size_t host_end = text.find(':');
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) {
      return std::nullopt;
    }
    address.host = text.substr(1, bracket - 1);
    if (address.host.find(':') == std::string::npos || address.host.starts_with('[')) {
      return std::nullopt;  // no IPv6 address
    }
    host_end = bracket + 1;
  } else {
    address.host = text.substr(0, host_end);
  }
  if (address.host.empty()) {
    return std::nullopt;
  }
  if (host_end >= text.size()) {
    return address;
  }
  const char* begin = text.data() + host_end + 1;
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(begin, end, address.port);
  return text[host_end] == ':' && error == std::errc() && read == end && address.port != 0
             ? std::optional(std::move(address))
             : std::nullopt;
}

Result<TopicPlace> parse(std::string_view url, bool pattern) {
  const auto broken = [url](std::string_view why) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("'{}' is no place in Kafka: {}. Write kafka://HOST:PORT/TOPIC; several "
                            "brokers are HOST:PORT,HOST:PORT.",
                            url, why));
  };
  if (!url.starts_with(kScheme)) {
    return broken("it does not begin with kafka://");
  }
  const std::string_view rest = url.substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) {
    return broken("it names no topic");
  }
  TopicPlace place;
  place.topic = rest.substr(slash + 1);
  std::string name = place.topic;
  if (pattern) {  // it has to be able to match a name
    const bool star = std::erase(name, '*') > 0;
    std::replace(name.begin(), name.end(), '?', 'x');
    name += star && name.size() <= std::string_view("..").size() ? "x" : "";
  } else if (is_pattern(place.topic)) {
    return broken(fmt::format("'{}' is a pattern, and records go to one topic", place.topic));
  }
  if (!is_topic_name(name)) {
    return broken(
        fmt::format("'{}' cannot be the name of a topic (letters, digits, '.', '_', '-', at most "
                    "{} of them)",
                    place.topic, kLongestTopic));
  }
  for (std::size_t at = 0; at <= slash;) {
    const std::size_t end = std::min(rest.find(',', at), slash);
    const auto address = parse_address(rest.substr(at, end - at));
    if (!address.has_value()) {
      return broken(fmt::format("'{}' is no HOST:PORT", rest.substr(at, end - at)));
    }
    place.brokers.push_back(*address);
    at = end + 1;
  }
  return place;
}

}  // namespace

bool is_topic_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestTopic && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

bool is_pattern(std::string_view topic) {
  return topic.find_first_of("*?") != std::string_view::npos;
}

/// Only the last star has to be gone back to: what an earlier one could take, it can take as well.
bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::optional<std::size_t> behind_star;
  std::size_t taken_up_to = 0;  // by that star
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      behind_star = ++p;
      taken_up_to = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (behind_star.has_value()) {
      p = *behind_star;
      n = ++taken_up_to;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

Result<TopicPlace> parse_place(std::string_view url) { return parse(url, /*pattern=*/false); }

Result<TopicPlace> parse_places(std::string_view url) { return parse(url, /*pattern=*/true); }

std::string describe_brokers(const TopicPlace& place) {
  std::string out;
  for (const client::Address& address : place.brokers) {
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    out += fmt::format("{}{}{}{}:{}", out.empty() ? "" : ",", is_ipv6 ? "[" : "", address.host,
                       is_ipv6 ? "]" : "", address.port);
  }
  return out;
}

std::string describe(const TopicPlace& place) {
  return is_pattern(place.topic)
             ? fmt::format("topics '{}' at {}", place.topic, describe_brokers(place))
             : describe(place, place.topic);
}

std::string describe(const TopicPlace& place, std::string_view topic) {
  return fmt::format("topic '{}' at {}", topic, describe_brokers(place));
}

}  // namespace rheon::connect::kafka
