#pragma once

// Writing records. Fields and defaults as in
// Kafka's message definitions (Apache Kafka, clients/src/main/resources/common/message).

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kafka/wire/fields.h"

namespace rheon::kafka::wire {

struct ProduceRequest {
  struct Partition {
    std::int32_t index = 0;
    std::optional<std::string_view> records;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.index, self.records);
    }
  };

  struct Topic {
    std::string_view name;
    std::vector<Partition> partition_data;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.partition_data);
    }
  };

  std::optional<std::string_view> transactional_id;
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<Topic> topic_data;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.transactional_id, self.acks, self.timeout_ms, self.topic_data);
  }
};

struct ProduceResponse {
  struct RecordError {
    std::int32_t batch_index = 0;
    std::optional<std::string_view> batch_index_error_message;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.batch_index, self.batch_index_error_message);
    }
  };

  struct Leader {
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.leader_id, self.leader_epoch);
    }
  };

  struct Partition {
    std::int32_t index = 0;
    std::int16_t error_code = 0;
    std::int64_t base_offset = 0;
    std::int64_t log_append_time_ms = -1;
    std::int64_t log_start_offset = -1;
    std::vector<RecordError> record_errors;
    std::optional<std::string_view> error_message;
    std::optional<Leader> current_leader;  // tag 0

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.index, self.error_code, self.base_offset, self.log_append_time_ms,
            self.log_start_offset, self.record_errors, self.error_message);
      visit.tagged(0, self.current_leader);
    }
  };

  struct Topic {
    std::string_view name;
    std::vector<Partition> partition_responses;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.partition_responses);
    }
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string_view host;
    std::int32_t port = 0;
    std::optional<std::string_view> rack;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.node_id, self.host, self.port, self.rack);
    }
  };

  std::vector<Topic> responses;
  std::int32_t throttle_time_ms = 0;
  std::optional<std::vector<NodeEndpoint>> node_endpoints;  // tag 0

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.responses, self.throttle_time_ms);
    visit.tagged(0, self.node_endpoints);
  }
};

struct InitProducerIdRequest {
  std::optional<std::string_view> transactional_id;
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.transactional_id, self.transaction_timeout_ms, self.producer_id,
          self.producer_epoch);
  }
};

struct InitProducerIdResponse {
  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.error_code, self.producer_id, self.producer_epoch);
  }
};

}  // namespace rheon::kafka::wire
