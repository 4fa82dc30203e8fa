#pragma once

// What is there: brokers, topics, their leaders; which requests a broker speaks. Fields and
// defaults as in Kafka's message definitions (Apache Kafka,
// clients/src/main/resources/common/message).

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kafka/wire/fields.h"

namespace rheon::kafka::wire {

struct ApiVersionsRequest {
  std::string_view client_software_name;
  std::string_view client_software_version;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.client_software_name, self.client_software_version);
  }
};

struct ApiVersionsResponse {
  struct ApiVersion {
    std::int16_t api_key = 0;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.api_key, self.min_version, self.max_version);
    }
  };

  struct SupportedFeature {
    std::string_view name;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.min_version, self.max_version);
    }
  };

  struct FinalizedFeature {
    std::string_view name;
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.max_version_level, self.min_version_level);
    }
  };

  std::int16_t error_code = 0;
  std::vector<ApiVersion> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::optional<std::vector<SupportedFeature>> supported_features;  // tag 0
  std::optional<std::int64_t> finalized_features_epoch;             // tag 1
  std::optional<std::vector<FinalizedFeature>> finalized_features;  // tag 2
  std::optional<bool> zk_migration_ready;                           // tag 3

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.error_code, self.api_keys, self.throttle_time_ms);
    visit.tagged(0, self.supported_features);
    visit.tagged(1, self.finalized_features_epoch);
    visit.tagged(2, self.finalized_features);
    visit.tagged(3, self.zk_migration_ready);
  }
};

struct MetadataRequest {
  struct Topic {
    Uuid topic_id;
    std::optional<std::string_view> name;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.topic_id, self.name);
    }
  };

  std::optional<std::vector<Topic>> topics;
  bool allow_auto_topic_creation = true;
  bool include_topic_authorized_operations = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.topics, self.allow_auto_topic_creation, self.include_topic_authorized_operations);
  }
};

struct MetadataResponse {
  struct Broker {
    std::int32_t node_id = 0;
    std::string_view host;
    std::int32_t port = 0;
    std::optional<std::string_view> rack;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.node_id, self.host, self.port, self.rack);
    }
  };

  struct Partition {
    std::int16_t error_code = 0;
    std::int32_t partition_index = 0;
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = -1;
    std::vector<std::int32_t> replica_nodes;
    std::vector<std::int32_t> isr_nodes;
    std::vector<std::int32_t> offline_replicas;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.error_code, self.partition_index, self.leader_id, self.leader_epoch,
            self.replica_nodes, self.isr_nodes, self.offline_replicas);
    }
  };

  struct Topic {
    std::int16_t error_code = 0;
    std::optional<std::string_view> name;
    Uuid topic_id;
    bool is_internal = false;
    std::vector<Partition> partitions;
    std::int32_t topic_authorized_operations = INT32_MIN;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.error_code, self.name, self.topic_id, self.is_internal, self.partitions,
            self.topic_authorized_operations);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Broker> brokers;
  std::optional<std::string_view> cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Topic> topics;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.brokers, self.cluster_id, self.controller_id, self.topics);
  }
};

struct FindCoordinatorRequest {
  std::int8_t key_type = 0;
  std::vector<std::string_view> coordinator_keys;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.key_type, self.coordinator_keys);
  }
};

struct FindCoordinatorResponse {
  struct Coordinator {
    std::string_view key;
    std::int32_t node_id = 0;
    std::string_view host;
    std::int32_t port = 0;
    std::int16_t error_code = 0;
    std::optional<std::string_view> error_message;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.key, self.node_id, self.host, self.port, self.error_code, self.error_message);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Coordinator> coordinators;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.coordinators);
  }
};

struct DescribeClusterRequest {
  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = 1;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.include_cluster_authorized_operations, self.endpoint_type);
  }
};

struct DescribeClusterResponse {
  struct Broker {
    std::int32_t broker_id = 0;
    std::string_view host;
    std::int32_t port = 0;
    std::optional<std::string_view> rack;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.broker_id, self.host, self.port, self.rack);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string_view> error_message;
  std::int8_t endpoint_type = 1;
  std::string_view cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Broker> brokers;
  std::int32_t cluster_authorized_operations = INT32_MIN;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.error_code, self.error_message, self.endpoint_type,
          self.cluster_id, self.controller_id, self.brokers, self.cluster_authorized_operations);
  }
};

}  // namespace rheon::kafka::wire
