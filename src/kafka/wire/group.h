#pragma once

// Groups of the classic protocol, and their offsets. Fields and defaults as in
// Kafka's message definitions (Apache Kafka, clients/src/main/resources/common/message).

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kafka/wire/fields.h"

namespace rheon::kafka::wire {

struct JoinGroupRequest {
  struct Protocol {
    std::string_view name;
    std::string_view metadata;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.metadata);
    }
  };

  std::string_view group_id;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;
  std::string_view protocol_type;
  std::vector<Protocol> protocols;
  std::optional<std::string_view> reason;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.group_id, self.session_timeout_ms, self.rebalance_timeout_ms, self.member_id,
          self.group_instance_id, self.protocol_type, self.protocols, self.reason);
  }
};

struct JoinGroupResponse {
  struct Member {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    std::string_view metadata;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.member_id, self.group_instance_id, self.metadata);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::int32_t generation_id = -1;
  std::optional<std::string_view> protocol_type;
  std::optional<std::string_view> protocol_name;
  std::string_view leader;
  bool skip_assignment = false;
  std::string_view member_id;
  std::vector<Member> members;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.error_code, self.generation_id, self.protocol_type,
          self.protocol_name, self.leader, self.skip_assignment, self.member_id, self.members);
  }
};

struct SyncGroupRequest {
  struct Assignment {
    std::string_view member_id;
    std::string_view assignment;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.member_id, self.assignment);
    }
  };

  std::string_view group_id;
  std::int32_t generation_id = 0;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;
  std::optional<std::string_view> protocol_type;
  std::optional<std::string_view> protocol_name;
  std::vector<Assignment> assignments;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.group_id, self.generation_id, self.member_id, self.group_instance_id,
          self.protocol_type, self.protocol_name, self.assignments);
  }
};

struct SyncGroupResponse {
  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string_view> protocol_type;
  std::optional<std::string_view> protocol_name;
  std::string_view assignment;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.error_code, self.protocol_type, self.protocol_name,
          self.assignment);
  }
};

struct HeartbeatRequest {
  std::string_view group_id;
  std::int32_t generation_id = 0;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.group_id, self.generation_id, self.member_id, self.group_instance_id);
  }
};

struct HeartbeatResponse {
  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.error_code);
  }
};

struct LeaveGroupRequest {
  struct Member {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    std::optional<std::string_view> reason;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.member_id, self.group_instance_id, self.reason);
    }
  };

  std::string_view group_id;
  std::vector<Member> members;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.group_id, self.members);
  }
};

struct LeaveGroupResponse {
  struct Member {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    std::int16_t error_code = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.member_id, self.group_instance_id, self.error_code);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<Member> members;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.error_code, self.members);
  }
};

struct OffsetFetchRequest {
  struct Topic {
    std::string_view name;
    std::vector<std::int32_t> partition_indexes;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.name, self.partition_indexes);
    }
  };

  struct Group {
    std::string_view group_id;
    std::optional<std::string_view> member_id;
    std::int32_t member_epoch = -1;
    std::optional<std::vector<Topic>> topics;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.group_id, self.member_id, self.member_epoch, self.topics);
    }
  };

  std::vector<Group> groups;
  bool require_stable = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.groups, self.require_stable);
  }
};

struct OffsetFetchResponse {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string_view> metadata;
    std::int16_t error_code = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.partition_index, self.committed_offset, self.committed_leader_epoch, self.metadata,
            self.error_code);
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

  struct Group {
    std::string_view group_id;
    std::vector<Topic> topics;
    std::int16_t error_code = 0;

    template <class Self, class Visit>
    static void fields(Self& self, Visit& visit) {
      visit(self.group_id, self.topics, self.error_code);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Group> groups;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.throttle_time_ms, self.groups);
  }
};

struct OffsetCommitRequest {
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

  std::string_view group_id;
  std::int32_t generation_id_or_member_epoch = -1;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;
  std::vector<Topic> topics;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.group_id, self.generation_id_or_member_epoch, self.member_id, self.group_instance_id,
          self.topics);
  }
};

struct OffsetCommitResponse {
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

}  // namespace rheon::kafka::wire
