#pragma once

// Reading records, and finding offsets. Fields and defaults as in
// Kafka's message definitions (Apache Kafka, clients/src/main/resources/common/message).

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kafka/wire/fields.h"

namespace rheon::kafka::wire {

struct FetchRequest {
  struct ReplicaState {
    std::int32_t replica_id = -1;
    std::int64_t replica_epoch = -1;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.replica_id, self.replica_epoch);
    }
  };

  struct Partition {
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t fetch_offset = 0;
    std::int32_t last_fetched_epoch = -1;
    std::int64_t log_start_offset = -1;
    std::int32_t partition_max_bytes = 0;
    std::optional<Uuid> replica_directory_id;  // tag 0

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition, self.current_leader_epoch, self.fetch_offset, self.last_fetched_epoch,
            self.log_start_offset, self.partition_max_bytes);
      visit.tagged(0, self.replica_directory_id);
    }
  };

  struct Topic {
    Uuid topic_id;
    std::vector<Partition> partitions;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.topic_id, self.partitions);
    }
  };

  struct ForgottenTopic {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.topic_id, self.partitions);
    }
  };

  std::optional<std::string_view> cluster_id;  // tag 0
  std::optional<ReplicaState> replica_state;   // tag 1
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = INT32_MAX;
  std::int8_t isolation_level = 0;
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;
  std::vector<Topic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
  std::string_view rack_id;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.max_wait_ms, self.min_bytes, self.max_bytes, self.isolation_level, self.session_id,
          self.session_epoch, self.topics, self.forgotten_topics_data, self.rack_id);
    visit.tagged(0, self.cluster_id);
    visit.tagged(1, self.replica_state);
  }
};

struct FetchResponse {
  struct EpochEndOffset {
    std::int32_t epoch = -1;
    std::int64_t end_offset = -1;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.epoch, self.end_offset);
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

  struct SnapshotId {
    std::int64_t end_offset = -1;
    std::int32_t epoch = -1;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.end_offset, self.epoch);
    }
  };

  struct AbortedTransaction {
    std::int64_t producer_id = 0;
    std::int64_t first_offset = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.producer_id, self.first_offset);
    }
  };

  struct Partition {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;
    std::int64_t high_watermark = 0;
    std::int64_t last_stable_offset = -1;
    std::int64_t log_start_offset = -1;
    std::optional<EpochEndOffset> diverging_epoch;  // tag 0
    std::optional<Leader> current_leader;           // tag 1
    std::optional<SnapshotId> snapshot_id;          // tag 2
    std::optional<std::vector<AbortedTransaction>> aborted_transactions;
    std::int32_t preferred_read_replica = -1;
    std::optional<std::string_view> records;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition_index, self.error_code, self.high_watermark, self.last_stable_offset,
            self.log_start_offset, self.aborted_transactions, self.preferred_read_replica,
            self.records);
      visit.tagged(0, self.diverging_epoch);
      visit.tagged(1, self.current_leader);
      visit.tagged(2, self.snapshot_id);
    }
  };

  struct Topic {
    Uuid topic_id;
    std::vector<Partition> partitions;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.topic_id, self.partitions);
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

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::int32_t session_id = 0;
  std::vector<Topic> responses;
  std::optional<std::vector<NodeEndpoint>> node_endpoints;  // tag 0

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.error_code, self.session_id, self.responses);
    visit.tagged(0, self.node_endpoints);
  }
};

struct ListOffsetsRequest {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t timestamp = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition_index, self.current_leader_epoch, self.timestamp);
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

  std::int32_t replica_id = 0;
  std::int8_t isolation_level = 0;
  std::vector<Topic> topics;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.replica_id, self.isolation_level, self.topics);
  }
};

struct ListOffsetsResponse {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;
    std::int64_t timestamp = -1;
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition_index, self.error_code, self.timestamp, self.offset, self.leader_epoch);
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

struct OffsetForLeaderEpochRequest {
  struct Partition {
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int32_t leader_epoch = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition, self.current_leader_epoch, self.leader_epoch);
    }
  };

  struct Topic {
    std::string_view topic;
    std::vector<Partition> partitions;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.topic, self.partitions);
    }
  };

  std::int32_t replica_id = -2;
  std::vector<Topic> topics;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.replica_id, self.topics);
  }
};

struct OffsetForLeaderEpochResponse {
  struct EpochEndOffset {
    std::int16_t error_code = 0;
    std::int32_t partition = 0;
    std::int32_t leader_epoch = -1;
    std::int64_t end_offset = -1;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.error_code, self.partition, self.leader_epoch, self.end_offset);
    }
  };

  struct Topic {
    std::string_view topic;
    std::vector<EpochEndOffset> partitions;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.topic, self.partitions);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.topics);
  }
};

}  // namespace rheon::kafka::wire
