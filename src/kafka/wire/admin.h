#pragma once

// Topics and settings. Fields and defaults as in
// Kafka's message definitions (Apache Kafka, clients/src/main/resources/common/message).

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kafka/wire/fields.h"

namespace rheon::kafka::wire {

struct CreateTopicsRequest {
  struct Assignment {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> broker_ids;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition_index, self.broker_ids);
    }
  };

  struct Config {
    std::string_view name;
    std::optional<std::string_view> value;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.value);
    }
  };

  struct Topic {
    std::string_view name;
    std::int32_t num_partitions = 0;
    std::int16_t replication_factor = 0;
    std::vector<Assignment> assignments;
    std::vector<Config> configs;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.num_partitions, self.replication_factor, self.assignments,
            self.configs);
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 60000;
  bool validate_only = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.topics, self.timeout_ms, self.validate_only);
  }
};

struct CreateTopicsResponse {
  struct Config {
    std::string_view name;
    std::optional<std::string_view> value;
    bool read_only = false;
    std::int8_t config_source = -1;
    bool is_sensitive = false;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.value, self.read_only, self.config_source, self.is_sensitive);
    }
  };

  struct Topic {
    std::string_view name;
    Uuid topic_id;
    std::int16_t error_code = 0;
    std::optional<std::string_view> error_message;
    std::optional<std::int16_t> topic_config_error_code;  // tag 0
    std::int32_t num_partitions = -1;
    std::int16_t replication_factor = -1;
    std::optional<std::vector<Config>> configs;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.topic_id, self.error_code, self.error_message, self.num_partitions,
            self.replication_factor, self.configs);
      visit.tagged(0, self.topic_config_error_code);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.topics);
  }
};

struct DeleteRecordsRequest {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t offset = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition_index, self.offset);
    }
  };

  struct Topic {
    std::string_view name;
    std::vector<Partition> partitions;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.partitions);
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.topics, self.timeout_ms);
  }
};

struct DeleteRecordsResponse {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t low_watermark = 0;
    std::int16_t error_code = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition_index, self.low_watermark, self.error_code);
    }
  };

  struct Topic {
    std::string_view name;
    std::vector<Partition> partitions;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.partitions);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.topics);
  }
};

struct DescribeConfigsRequest {
  struct Resource {
    std::int8_t resource_type = 0;
    std::string_view resource_name;
    std::optional<std::vector<std::string_view>> configuration_keys;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.resource_type, self.resource_name, self.configuration_keys);
    }
  };

  std::vector<Resource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.resources, self.include_synonyms, self.include_documentation);
  }
};

struct DescribeConfigsResponse {
  struct Synonym {
    std::string_view name;
    std::optional<std::string_view> value;
    std::int8_t source = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.value, self.source);
    }
  };

  struct Config {
    std::string_view name;
    std::optional<std::string_view> value;
    bool read_only = false;
    std::int8_t config_source = -1;
    bool is_sensitive = false;
    std::vector<Synonym> synonyms;
    std::int8_t config_type = 0;
    std::optional<std::string_view> documentation;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.value, self.read_only, self.config_source, self.is_sensitive,
            self.synonyms, self.config_type, self.documentation);
    }
  };

  struct Resource {
    std::int16_t error_code = 0;
    std::optional<std::string_view> error_message;
    std::int8_t resource_type = 0;
    std::string_view resource_name;
    std::vector<Config> configs;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.error_code, self.error_message, self.resource_type, self.resource_name,
            self.configs);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Resource> results;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.results);
  }
};

}  // namespace rheon::kafka::wire
