#pragma once

// What a topic's records are in a job.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/fields.h"

namespace rheon::kafka {

/// One record of a topic.
struct Message {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
};
RHEON_FIELDS(Message, key, value)

struct Header {
  std::string_view key;
  std::optional<std::string_view> value;
};
RHEON_FIELDS(Header, key, value)

/// One record of a topic with all that the brokers tell of it.
struct Record {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::vector<Header> headers;
};
RHEON_FIELDS(Record, topic, partition, offset, key, value, headers)

}  // namespace rheon::kafka
