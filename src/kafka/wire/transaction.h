#pragma once

// Transactions. Produce and TxnOffsetCommit look the same in both protocols of transactions
// (KIP-890). Fields and defaults as in Kafka's message definitions (Apache Kafka,
// clients/src/main/resources/common/message).

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kafka/wire/fields.h"

namespace rheon::kafka::wire {

// Version 3, the last one that clients may use: version 4 and later belong to brokers, which must
// have the right to act for the cluster.
struct AddPartitionsToTxnRequest {
  struct Topic {
    std::string_view name;
    std::vector<std::int32_t> partitions;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.partitions);
    }
  };

  std::string_view transactional_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::vector<Topic> topics;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.transactional_id, self.producer_id, self.producer_epoch, self.topics);
  }
};

struct AddPartitionsToTxnResponse {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int16_t partition_error_code = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition_index, self.partition_error_code);
    }
  };

  struct Topic {
    std::string_view name;
    std::vector<Partition> results_by_partition;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.results_by_partition);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> results_by_topic;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.results_by_topic);
  }
};

struct AddOffsetsToTxnRequest {
  std::string_view transactional_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::string_view group_id;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.transactional_id, self.producer_id, self.producer_epoch, self.group_id);
  }
};

struct AddOffsetsToTxnResponse {
  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.error_code);
  }
};

struct TxnOffsetCommitRequest {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string_view> committed_metadata;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition_index, self.committed_offset, self.committed_leader_epoch,
            self.committed_metadata);
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

  std::string_view transactional_id;
  std::string_view group_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::int32_t generation_id = -1;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;
  std::vector<Topic> topics;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.transactional_id, self.group_id, self.producer_id, self.producer_epoch,
          self.generation_id, self.member_id, self.group_instance_id, self.topics);
  }
};

struct TxnOffsetCommitResponse {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition_index, self.error_code);
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

struct EndTxnRequest {
  std::string_view transactional_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  bool committed = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.transactional_id, self.producer_id, self.producer_epoch, self.committed);
  }
};

struct EndTxnResponse {
  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.error_code, self.producer_id, self.producer_epoch);
  }
};

struct EndTxnResponse4 {
  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.error_code);
  }
};

struct DescribeTransactionsRequest {
  std::vector<std::string_view> transactional_ids;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.transactional_ids);
  }
};

struct DescribeTransactionsResponse {
  struct Topic {
    std::string_view topic;
    std::vector<std::int32_t> partitions;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.topic, self.partitions);
    }
  };

  struct Transaction {
    std::int16_t error_code = 0;
    std::string_view transactional_id;
    std::string_view transaction_state;
    std::int32_t transaction_timeout_ms = 0;
    std::int64_t transaction_start_time_ms = 0;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::vector<Topic> topics;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.error_code, self.transactional_id, self.transaction_state,
            self.transaction_timeout_ms, self.transaction_start_time_ms, self.producer_id,
            self.producer_epoch, self.topics);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Transaction> transaction_states;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.transaction_states);
  }
};

struct DescribeProducersRequest {
  struct Topic {
    std::string_view name;
    std::vector<std::int32_t> partition_indexes;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.partition_indexes);
    }
  };

  std::vector<Topic> topics;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.topics);
  }
};

struct DescribeProducersResponse {
  struct Producer {
    std::int64_t producer_id = 0;
    std::int32_t producer_epoch = 0;
    std::int32_t last_sequence = -1;
    std::int64_t last_timestamp = -1;
    std::int32_t coordinator_epoch = 0;
    std::int64_t current_txn_start_offset = -1;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.producer_id, self.producer_epoch, self.last_sequence, self.last_timestamp,
            self.coordinator_epoch, self.current_txn_start_offset);
    }
  };

  struct Partition {
    std::int32_t partition_index = 0;
    std::int16_t error_code = 0;
    std::optional<std::string_view> error_message;
    std::vector<Producer> active_producers;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition_index, self.error_code, self.error_message, self.active_producers);
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

}  // namespace rheon::kafka::wire
