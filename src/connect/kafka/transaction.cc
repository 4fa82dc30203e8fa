#include "connect/kafka/transaction.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"
#include "connect/kafka/decision_record.h"
#include "connect/kafka/decision_topic.h"
#include "connect/kafka/patient_cluster.h"
#include "kafka/wire/record_batch.h"

namespace rheon::connect::kafka {

namespace {

namespace wire = rheon::kafka::wire;

constexpr std::string_view kSuffix = ".commit";
constexpr std::uint32_t kInstance = 0;  // of the workers of a job

std::string transactional_id(const std::string& job, const log::Id& lineage) {
  return fmt::format("{}.{}.{}", job, to_string(lineage), kInstance);
}

std::string decision_batch(const engine::Decision& decision, EventTime now) {
  std::string bytes;
  wire::RecordBatchWriter writer(bytes, now.micros / 1000);
  writer.begin(now.micros / 1000, to_string(decision.lineage), decision_text(decision));
  writer.finish({});
  return bytes;
}

}  // namespace

std::string decision_topic(const std::string& job) { return job + std::string(kSuffix); }

Transaction::Transaction(const engine::DeciderEnvironment& environment, ClusterPlace place)
    : env_(*environment.env),
      place_(std::move(place)),
      topic_{place_.brokers, ""},
      cluster_(env_.network(), *environment.waker, env_.random(),
               cluster_options(topic_, place_.access)),
      producer_(cluster_, env_.random()) {}

Result<std::optional<engine::Decision>> Transaction::recover(
    const log::Identity& identity, const std::vector<log::Id>& ancestors) {
  RHEON_TRY(place_.wrong);
  topic_.topic = decision_topic(identity.job);
  if (!is_topic_name(topic_.topic)) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the job's name makes '{}' the name of the topic with its decisions, "
                            "and Kafka takes no such name: letters, digits, '.', '_' and '-', at "
                            "most 249 of them. Give the job another name, or pass --guarantee "
                            "at-least-once.",
                            topic_.topic));
  }
  RHEON_TRY(check_transport(topic_, place_.access));
  transactional_id_ = transactional_id(identity.job, identity.lineage);
  DecisionTopic decisions(env_, topic_, place_.access);
  RHEON_TRY(decisions.make());
  // What another process of this job has left open is ended now; none of it can be decided later.
  for (const log::Id& ancestor : ancestors) {
    RHEON_TRY(decisions.fence(transactional_id(identity.job, ancestor), kTimeout));
  }
  RHEON_ASSIGN(fenced_, decisions.fence(transactional_id_, kTimeout));
  RHEON_ASSIGN(const std::optional<engine::Decision> seen, decisions.seen());
  if (seen.has_value() && seen->uid == identity.uid && seen->lineage != identity.lineage) {
    // After `reset`, too, which does not know the lineage before.
    RHEON_TRY(decisions.fence(transactional_id(identity.job, seen->lineage), kTimeout));
  }
  transactions_ =
      std::make_unique<client::Transactions>(cluster_, env_.random(), transactional_id_, kTimeout);
  topics_ = {topic_.topic};
  cluster_.watch(topics_);
  return decisions.last();
}

void Transaction::begin(const engine::Decision& decision, std::vector<engine::Outgoing> records) {
  RHEON_ASSERT(stage_ == Stage::kIdle, "a transaction is under way");
  epoch_ = decision.epoch;
  records_ = std::move(records);
  records_.push_back({topic_.topic, 0, 1, decision_batch(decision, env_.clock().wall())});
  wanted_ = false;
  if (identified_) {
    join();
  } else {
    identify();
  }
}

/// As the one who has recovered; refused when somebody else has since.
void Transaction::identify() {
  stage_ = Stage::kIdentifying;
  transactions_->identify(fenced_);
}

void Transaction::become() {
  producer_.become(transactions_->identity(), transactional_id_,
                   transactions_->transactions_have_epochs());
}

void Transaction::join() {
  stage_ = Stage::kJoining;
  std::set<Partition> partitions;
  bool new_topic = false;
  for (const engine::Outgoing& batch : records_) {
    partitions.emplace(batch.place, static_cast<std::int32_t>(batch.partition));
    new_topic = topics_.insert(batch.place).second || new_topic;
  }
  if (new_topic) {
    cluster_.watch(topics_);
  }
  transactions_->add({partitions.begin(), partitions.end()});
}

void Transaction::write() {
  stage_ = Stage::kWriting;
  for (engine::Outgoing& batch : records_) {
    const std::size_t index =
        index_of({std::move(batch.place), static_cast<std::int32_t>(batch.partition)});
    producer_.write(index, std::move(batch.batch), static_cast<std::int32_t>(batch.records));
  }
  records_.clear();
}

std::size_t Transaction::index_of(const Partition& partition) {
  const auto known = indices_.find(partition);
  if (known != indices_.end()) {
    return known->second;
  }
  return indices_.emplace(partition, producer_.add(partition.first, partition.second))
      .first->second;
}

Result<bool> Transaction::step(env::Monotonic now) {
  if (transactions_ == nullptr) {
    return false;
  }
  cluster_.step(now);
  for (Stage before = Stage::kIdle;;) {
    transactions_->step(now);
    producer_.step(now);
    before = stage_;
    RHEON_ASSIGN(const bool counts, move_on());
    if (counts || stage_ == before) {
      return counts;
    }
  }
}

Result<bool> Transaction::move_on() {
  if (transactions_->failure().has_value() && stage_ != Stage::kUnknown) {
    return tl::unexpected<Error>(*transactions_->failure());
  }
  if (producer_.failure().has_value()) {
    return tl::unexpected<Error>(*producer_.failure());
  }
  switch (stage_) {
    case Stage::kIdle:
      break;
    case Stage::kIdentifying:
      if (transactions_->idle()) {
        identified_ = true;
        become();
        join();
      }
      break;
    case Stage::kJoining:
      if (transactions_->idle()) {
        write();
      }
      break;
    case Stage::kWriting:
      if (producer_.idle() && wanted_) {
        stage_ = Stage::kEnding;
        transactions_->end(/*commit=*/true);
      }
      break;
    case Stage::kEnding:
      return take_end();
    case Stage::kUnknown:
      if (transactions_->idle()) {
        return fail(ErrorCode::kIo,
                    fmt::format("the brokers did not say whether they committed the transaction of "
                                "epoch {}: going back to the log to find out.",
                                epoch_.value));
      }
      break;
  }
  return false;
}

Result<bool> Transaction::take_end() {
  if (!transactions_->idle()) {
    return false;
  }
  if (transactions_->ended() == client::Transactions::Ended::kUnknown) {
    stage_ = Stage::kUnknown;  // and the broker may be away for long
    transactions_->identify(transactions_->identity());
    return false;
  }
  stage_ = Stage::kIdle;
  if (transactions_->transactions_have_epochs()) {
    become();  // each transaction has an epoch of its own
  }
  return true;
}

env::Monotonic Transaction::deadline() const {
  if (transactions_ == nullptr) {
    return env::Monotonic::max();
  }
  return std::min({cluster_.deadline(), transactions_->deadline(), producer_.deadline()});
}

std::string Transaction::trouble() const {
  if (transactions_ == nullptr || stage_ == Stage::kIdle) {
    return {};
  }
  for (const std::optional<Error>* why :
       {&transactions_->trouble(), &producer_.trouble(), &cluster_.trouble()}) {
    if (why->has_value()) {
      return (*why)->message + ".";
    }
  }
  return {};
}

}  // namespace rheon::connect::kafka
