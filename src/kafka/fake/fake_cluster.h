#pragma once

// Brokers in memory that keep topics and transactions as Kafka does: sequences of producers
// (KIP-98), the coordinator's side of both protocols of transactions (KIP-98, KIP-890), what a
// reader of committed records may see. On node n everything of partition p with p % nodes + 1 == n
// stands.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/fake/fake_network.h"
#include "kafka/client/error_codes.h"
#include "kafka/fake/batches.h"
#include "kafka/fake/scripted_broker.h"
#include "kafka/wire/record_batch.h"

namespace rheon::kafka::fake {

class FakeCluster {
 public:
  /// What becomes of a request.
  enum class Fault {
    kNothing,
    kRequest,  // is lost: the broker goes away before it has done it
    kAnswer,   // or behind
  };

  FakeCluster(env::fake::FakeNetwork& network, std::int32_t nodes) : network_(network) {
    for (std::int32_t node = 1; node <= nodes; ++node) {
      serve(node);
    }
    listen();
  }

  /// Node n listens at 127.0.0.1:n.
  void listen() {
    for (auto& [node, broker] : brokers_) {
      broker.listen(network_, kHost, static_cast<std::uint16_t>(node));
    }
  }
  void hang_up() {
    for (const auto& [node, broker] : brokers_) {
      network_.hang_up(kHost, static_cast<std::uint16_t>(node));
    }
  }

  void make_topic(const std::string& name, std::int32_t partitions) {
    Topic& topic = topics_[name];
    topic.id = {++topics_made_, 1};
    topic.partitions.resize(static_cast<std::size_t>(partitions));
  }
  [[nodiscard]] bool has_topic(const std::string& name) const { return topics_.contains(name); }
  void remove_topic(const std::string& name) { topics_.erase(name); }
  void set(const std::string& topic, const std::string& setting, const std::string& value) {
    topics_.at(topic).settings[setting] = value;
  }
  struct Put {
    std::string_view value;
    std::vector<wire::RecordHeader> headers = {};
  };
  /// A batch of a producer without transactions.
  void put_batch(const std::string& topic, std::int32_t partition,
                 const std::vector<Put>& records) {
    std::string bytes;
    wire::RecordBatchWriter writer(bytes, 0);
    for (const Put& record : records) {
      writer.begin(0, std::nullopt, record.value,
                   static_cast<std::uint32_t>(record.headers.size()));
      for (const wire::RecordHeader& header : record.headers) {
        writer.header(header.key, header.value);
      }
    }
    writer.finish({});
    append(partition_of(topic, partition), std::move(bytes), {},
           static_cast<std::int32_t>(records.size()));
  }
  void put(const std::string& topic, std::int32_t partition, std::string_view value,
           const std::vector<wire::RecordHeader>& headers = {}) {
    put_batch(topic, partition, {{value, headers}});
  }
  /// Ends all open transactions, as a coordinator does with those that take too long.
  void time_out_all() {
    for (auto& [id, of] : transactional_) {
      if (of.open) {
        ++of.epoch;
        finish(of, false);
      }
    }
  }
  /// "key=value" of what a reader of committed records sees.
  [[nodiscard]] std::vector<std::string> committed(const std::string& topic,
                                                   std::int32_t partition) {
    std::vector<std::string> result;
    Partition& of = partition_of(topic, partition);
    for (const Stored& stored : of.batches) {
      if (stored.base >= last_stable(of) || stored.control || stored.aborted) {
        continue;
      }
      wire::RecordBatches batches(stored.bytes);
      const auto batch = batches.next();
      wire::RecordReader reader(**batch, (*batch)->payload);
      for (wire::Record record; reader.next(record);) {
        result.push_back(std::string(record.key.value_or("-")) + "=" +
                         std::string(record.value.value_or("-")));
      }
    }
    return result;
  }
  /// Of any partition.
  [[nodiscard]] bool has_open_transaction() const {
    return std::any_of(transactional_.begin(), transactional_.end(),
                       [](const auto& one) { return one.second.open; });
  }

  bool second_protocol = false;
  bool forgets_epochs = false;  // those before the raised ones, as a coordinator that has restarted
  std::function<Fault(std::int16_t key)> fault;              // asked before each request
  std::map<std::int16_t, std::vector<std::int16_t>> errors;  // of the next requests of a key

 private:
  struct Owner {  // of a batch
    std::int64_t producer = wire::RecordBatch::kNoProducer;
    std::int16_t epoch = -1;
  };
  struct Stored {
    std::int64_t base = 0;
    std::string bytes;
    std::int64_t producer = wire::RecordBatch::kNoProducer;
    bool control = false;
    bool aborted = false;
  };
  struct AbortedRange {
    std::int64_t producer = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
  };
  struct Partition {
    std::vector<Stored> batches;
    std::int64_t end = 0;
    std::map<std::int64_t, std::int64_t> open;  // by producer, where its transaction begins
    std::vector<AbortedRange> aborted;
    std::map<std::int64_t, std::pair<std::int16_t, std::int32_t>> sequences;  // epoch and next
  };
  struct Topic {
    wire::Uuid id;
    std::vector<Partition> partitions;
    std::map<std::string, std::string> settings{
        {"cleanup.policy", "delete"}, {"retention.ms", "604800000"}, {"retention.bytes", "-1"}};
  };
  struct Transactional {
    std::int64_t producer = 0;
    std::int16_t epoch = -1;
    std::int16_t before = -1;  // the epoch that its owner has raised
    bool open = false;
    std::optional<bool> committed;  // how the last one ended, unless one is open
    std::set<std::pair<std::string, std::int32_t>> partitions;
  };

  static constexpr const char* kHost = "127.0.0.1";
  static constexpr std::int16_t kNotLeader = 6;
  static constexpr std::int16_t kUnknownTopicId = 100;
  static constexpr std::int32_t kCoordinator = 1;

  void serve(std::int32_t node) {
    ScriptedBroker& broker = brokers_[node];
    const auto on = [&]<class Call>(std::type_identity<Call>, std::string (FakeCluster::*answer)(
                                                                  std::int32_t, const Asked&)) {
      broker.on_key(Call::kKey, [this, node, answer](const Asked& asked) {
        const Fault what = fault ? fault(asked.key) : Fault::kNothing;
        std::string said = what == Fault::kRequest ? "" : (this->*answer)(node, asked);
        if (what == Fault::kNothing) {
          return said;
        }
        network_.hang_up(kHost, static_cast<std::uint16_t>(node));
        brokers_[node].listen(network_, kHost, static_cast<std::uint16_t>(node));
        return std::string();
      });
    };
    broker.on<wire::ApiVersions>([this](const Asked&) {
      auto response = speaks_all();
      const std::int16_t version = second_protocol ? 2 : 1;
      response.finalized_features = {{"transaction.version", version, version}};
      return response;
    });
    on(std::type_identity<wire::Metadata>{}, &FakeCluster::metadata);
    on(std::type_identity<wire::CreateTopics>{}, &FakeCluster::create_topics);
    on(std::type_identity<wire::DescribeConfigs>{}, &FakeCluster::describe_configs);
    on(std::type_identity<wire::ListOffsets>{}, &FakeCluster::list_offsets);
    on(std::type_identity<wire::Fetch>{}, &FakeCluster::fetch);
    on(std::type_identity<wire::Produce>{}, &FakeCluster::produce);
    on(std::type_identity<wire::FindCoordinator>{}, &FakeCluster::find_coordinator);
    on(std::type_identity<wire::InitProducerId>{}, &FakeCluster::init_producer_id);
    on(std::type_identity<wire::AddPartitionsToTxn>{}, &FakeCluster::add_partitions);
    on(std::type_identity<wire::EndTxn>{}, &FakeCluster::end);
  }

  std::int16_t next_error(std::int16_t key) {
    std::vector<std::int16_t>& of = errors[key];
    if (of.empty()) {
      return kNoError;
    }
    const std::int16_t error = of.front();
    of.erase(of.begin());
    return error;
  }
  Partition& partition_of(const std::string& topic, std::int32_t partition) {
    return topics_.at(topic).partitions.at(static_cast<std::size_t>(partition));
  }
  Partition* find(std::string_view topic, std::int32_t partition) {
    const auto at = topics_.find(std::string(topic));
    const auto index = static_cast<std::size_t>(partition);
    return at == topics_.end() || index >= at->second.partitions.size()
               ? nullptr
               : &at->second.partitions[index];
  }
  [[nodiscard]] std::int32_t leader_of(std::int32_t partition) const {
    return partition % static_cast<std::int32_t>(brokers_.size()) + 1;
  }
  static std::int64_t last_stable(const Partition& partition) {
    std::int64_t at = partition.end;
    for (const auto& [producer, first] : partition.open) {
      at = std::min(at, first);
    }
    return at;
  }
  static void append(Partition& partition, std::string bytes, Owner owner, std::int64_t records,
                     bool control = false) {
    place_batch(bytes, partition.end);
    partition.batches.push_back({partition.end, std::move(bytes), owner.producer, control, false});
    partition.end += records;
  }

  std::string metadata(std::int32_t /*node*/, const Asked& asked) {
    const auto request = wire::read_message<wire::MetadataRequest>(asked.body);
    wire::MetadataResponse response;
    for (const auto& [node, broker] : brokers_) {
      response.brokers.push_back({node, kHost, node, {}});
    }
    const auto tell = [&](std::string_view name) {
      wire::MetadataResponse::Topic told;
      told.name = name;
      const auto at = topics_.find(std::string(name));
      if (at == topics_.end()) {
        told.error_code = kUnknownTopicOrPartition;
      } else {
        told.topic_id = at->second.id;
        for (std::size_t i = 0; i < at->second.partitions.size(); ++i) {
          wire::MetadataResponse::Partition partition;
          partition.partition_index = static_cast<std::int32_t>(i);
          partition.leader_id = leader_of(partition.partition_index);
          partition.leader_epoch = 1;
          told.partitions.push_back(partition);
        }
      }
      response.topics.push_back(told);
    };
    if (request->topics.has_value()) {
      for (const auto& topic : *request->topics) {
        tell(topic.name.value_or(""));
      }
    } else {
      for (const auto& [name, topic] : topics_) {
        tell(name);
      }
    }
    return ScriptedBroker::encode<wire::Metadata>(response);
  }

  std::string create_topics(std::int32_t /*node*/, const Asked& asked) {
    const auto request = wire::read_message<wire::CreateTopicsRequest>(asked.body);
    wire::CreateTopicsResponse response;
    for (const auto& topic : request->topics) {
      wire::CreateTopicsResponse::Topic told;
      told.name = topic.name;
      told.error_code = next_error(asked.key);
      if (told.error_code == kNoError && topics_.contains(std::string(topic.name))) {
        told.error_code = kTopicAlreadyExists;
      }
      if (told.error_code == kNoError) {
        make_topic(std::string(topic.name), topic.num_partitions);
        for (const auto& setting : topic.configs) {
          set(std::string(topic.name), std::string(setting.name),
              std::string(setting.value.value_or("")));
        }
      }
      response.topics.push_back(told);
    }
    return ScriptedBroker::encode<wire::CreateTopics>(response);
  }

  std::string describe_configs(std::int32_t /*node*/, const Asked& asked) {
    const auto request = wire::read_message<wire::DescribeConfigsRequest>(asked.body);
    wire::DescribeConfigsResponse response;
    for (const auto& resource : request->resources) {
      wire::DescribeConfigsResponse::Resource told;
      told.error_code = next_error(asked.key);
      told.resource_type = resource.resource_type;
      told.resource_name = resource.resource_name;
      if (told.error_code == kNoError) {
        for (const auto& [name, value] : topics_.at(std::string(resource.resource_name)).settings) {
          told.configs.emplace_back();
          told.configs.back().name = name;
          told.configs.back().value = value;
        }
      }
      response.results.push_back(std::move(told));
    }
    return ScriptedBroker::encode<wire::DescribeConfigs>(response);
  }

  std::string list_offsets(std::int32_t node, const Asked& asked) {
    constexpr std::int64_t kLatest = -1;
    const auto request = wire::read_message<wire::ListOffsetsRequest>(asked.body);
    wire::ListOffsetsResponse response;
    for (const auto& topic : request->topics) {
      response.topics.push_back({topic.name, {}});
      for (const auto& wanted : topic.partitions) {
        wire::ListOffsetsResponse::Partition told;
        told.partition_index = wanted.partition_index;
        const Partition* partition = find(topic.name, wanted.partition_index);
        told.error_code = partition == nullptr                        ? kUnknownTopicOrPartition
                          : leader_of(wanted.partition_index) != node ? kNotLeader
                                                                      : kNoError;
        if (told.error_code == kNoError) {
          told.offset = wanted.timestamp != kLatest     ? 0
                        : request->isolation_level == 1 ? last_stable(*partition)
                                                        : partition->end;
        }
        response.topics.back().partitions.push_back(told);
      }
    }
    return ScriptedBroker::encode<wire::ListOffsets>(response);
  }

  std::string fetch(std::int32_t node, const Asked& asked) {
    const auto request = wire::read_message<wire::FetchRequest>(asked.body);
    wire::FetchResponse response;
    std::deque<std::string> records;
    for (const auto& topic : request->topics) {
      response.responses.push_back({topic.topic_id, {}});
      const auto at = std::find_if(topics_.begin(), topics_.end(), [&](const auto& one) {
        return one.second.id == topic.topic_id;
      });
      for (const auto& wanted : topic.partitions) {
        wire::FetchResponse::Partition told;
        told.partition_index = wanted.partition;
        if (at == topics_.end()) {
          told.error_code = kUnknownTopicId;
        } else if (leader_of(wanted.partition) != node) {
          told.error_code = kNotLeader;
        } else {
          read(partition_of(at->first, wanted.partition), wanted.fetch_offset,
               request->isolation_level == 1, told, records);
        }
        response.responses.back().partitions.push_back(told);
      }
    }
    return ScriptedBroker::encode<wire::Fetch>(response);
  }
  static void read(const Partition& partition, std::int64_t from, bool committed,
                   wire::FetchResponse::Partition& told, std::deque<std::string>& records) {
    const std::int64_t until = committed ? last_stable(partition) : partition.end;
    told.high_watermark = partition.end;
    told.last_stable_offset = last_stable(partition);
    told.log_start_offset = 0;
    if (from < 0 || from > partition.end) {
      told.error_code = kOffsetOutOfRange;
      return;
    }
    std::string bytes;
    for (std::size_t i = 0; i < partition.batches.size(); ++i) {
      const std::int64_t next =
          i + 1 < partition.batches.size() ? partition.batches[i + 1].base : partition.end;
      if (next > from && partition.batches[i].base < until) {
        bytes += partition.batches[i].bytes;
      }
    }
    told.records = records.emplace_back(std::move(bytes));
    if (committed) {
      told.aborted_transactions.emplace();
      for (const AbortedRange& range : partition.aborted) {
        if (range.last >= from && range.first < until) {
          told.aborted_transactions->push_back({range.producer, range.first});
        }
      }
    }
  }

  std::string produce(std::int32_t node, const Asked& asked) {
    const auto request = wire::read_message<wire::ProduceRequest>(asked.body);
    wire::ProduceResponse response;
    for (const auto& topic : request->topic_data) {
      response.responses.push_back({topic.name, {}});
      for (const auto& wanted : topic.partition_data) {
        wire::ProduceResponse::Partition told;
        told.index = wanted.index;
        told.error_code = next_error(asked.key);
        if (told.error_code == kNoError) {
          told.error_code = write(node, topic.name, wanted, request->transactional_id,
                                  asked.version == wire::Produce::kSecondVersion);
        }
        response.responses.back().partition_responses.push_back(told);
      }
    }
    return ScriptedBroker::encode<wire::Produce>(response);
  }
  std::int16_t write(std::int32_t node, std::string_view topic,
                     const wire::ProduceRequest::Partition& wanted,
                     std::optional<std::string_view> transactional_id, bool second) {
    Partition* partition = find(topic, wanted.index);
    if (partition == nullptr) {
      return kUnknownTopicOrPartition;
    }
    if (leader_of(wanted.index) != node) {
      return kNotLeader;
    }
    wire::RecordBatches batches(*wanted.records);
    const auto parsed = batches.next();
    const wire::RecordBatch& batch = parsed->value();
    if (batch.transactional() != transactional_id.has_value()) {
      return kInvalidTxnState;
    }
    if (transactional_id.has_value()) {
      Transactional& of = transactional_[std::string(*transactional_id)];
      if (of.producer != batch.producer_id || of.epoch != batch.producer_epoch) {
        return kInvalidProducerEpoch;
      }
      const std::pair<std::string, std::int32_t> place(topic, wanted.index);
      if (second) {
        join(of, place);
      } else if (!of.open || !of.partitions.contains(place)) {
        return kInvalidTxnState;
      }
    }
    auto& [epoch, next] = partition->sequences[batch.producer_id];
    if (epoch != batch.producer_epoch) {
      epoch = batch.producer_epoch;
      next = 0;
    }
    if (batch.base_sequence != next) {
      return batch.base_sequence < next ? kDuplicateSequenceNumber : kOutOfOrderSequenceNumber;
    }
    next += batch.records;
    if (transactional_id.has_value()) {
      partition->open.emplace(batch.producer_id, partition->end);
    }
    append(*partition, std::string(*wanted.records), {batch.producer_id, batch.producer_epoch},
           batch.records);
    return kNoError;
  }
  static void join(Transactional& of, const std::pair<std::string, std::int32_t>& place) {
    of.open = true;
    of.committed.reset();
    of.partitions.insert(place);
  }

  std::string find_coordinator(std::int32_t /*node*/, const Asked& asked) {
    const auto request = wire::read_message<wire::FindCoordinatorRequest>(asked.body);
    wire::FindCoordinatorResponse response;
    response.coordinators.push_back({request->coordinator_keys.front(),
                                     kCoordinator,
                                     kHost,
                                     kCoordinator,
                                     next_error(asked.key),
                                     {}});
    return ScriptedBroker::encode<wire::FindCoordinator>(response);
  }

  std::string init_producer_id(std::int32_t /*node*/, const Asked& asked) {
    const auto request = wire::read_message<wire::InitProducerIdRequest>(asked.body);
    wire::InitProducerIdResponse response;
    response.error_code = next_error(asked.key);
    if (response.error_code == kNoError && !request->transactional_id.has_value()) {
      response.producer_id = ++last_producer_;
    } else if (response.error_code == kNoError) {
      Transactional& of = transactional_[std::string(*request->transactional_id)];
      response.error_code = raise_epoch(of, *request);
      of.before = forgets_epochs ? -1 : of.before;
      response.producer_id = of.producer;
      response.producer_epoch = of.epoch;
    }
    return ScriptedBroker::encode<wire::InitProducerId>(response);
  }

  std::int16_t raise_epoch(Transactional& of, const wire::InitProducerIdRequest& request) {
    const bool expects = request.producer_id >= 0;
    if (expects && of.producer == request.producer_id && of.before == request.producer_epoch &&
        !of.open) {
      return kNoError;  // it was raised, and the answer was lost
    }
    if (expects && (of.producer != request.producer_id || of.epoch != request.producer_epoch)) {
      return kProducerFenced;
    }
    if (of.open) {
      ++of.epoch;  // fences who has left it open; they ask again
      of.before = -1;
      finish(of, false);
      return kConcurrentTransactions;
    }
    of.producer = of.producer != 0 ? of.producer : ++last_producer_;
    of.before = expects ? of.epoch : -1;
    ++of.epoch;
    return kNoError;
  }

  std::string add_partitions(std::int32_t /*node*/, const Asked& asked) {
    const auto request = wire::read_message<wire::AddPartitionsToTxnRequest>(asked.body);
    Transactional& of = transactional_[std::string(request->transactional_id)];
    std::int16_t error = next_error(asked.key);
    if (error == kNoError &&
        (of.producer != request->producer_id || of.epoch != request->producer_epoch)) {
      error = kProducerFenced;
    }
    wire::AddPartitionsToTxnResponse response;
    for (const auto& topic : request->topics) {
      response.results_by_topic.push_back({topic.name, {}});
      for (const std::int32_t partition : topic.partitions) {
        const std::int16_t one = error != kNoError                        ? error
                                 : find(topic.name, partition) == nullptr ? kUnknownTopicOrPartition
                                                                          : kNoError;
        response.results_by_topic.back().results_by_partition.push_back({partition, one});
        if (one == kNoError) {
          join(of, {std::string(topic.name), partition});
        }
      }
    }
    return ScriptedBroker::encode<wire::AddPartitionsToTxn>(response);
  }

  std::string end(std::int32_t /*node*/, const Asked& asked) {
    const auto request = wire::read_message<wire::EndTxnRequest>(asked.body);
    const bool second = asked.version == wire::EndTxn::kVersion;
    Transactional& of = transactional_[std::string(request->transactional_id)];
    std::int16_t error = next_error(asked.key);
    const bool said_before = second && !of.open && of.committed == request->committed &&
                             of.epoch == request->producer_epoch + 1;
    if (error == kNoError && !said_before) {
      error = end_now(of, *request, second);
    }
    if (!second) {
      return ScriptedBroker::encode<wire::EndTxn1>({0, error});
    }
    return ScriptedBroker::encode<wire::EndTxn>({0, error, of.producer, of.epoch});
  }
  std::int16_t end_now(Transactional& of, const wire::EndTxnRequest& request, bool second) {
    if (of.producer != request.producer_id || of.epoch != request.producer_epoch) {
      return kProducerFenced;
    }
    if (!of.open) {
      return !second && of.committed == request.committed ? kNoError : kInvalidTxnState;
    }
    finish(of, request.committed);
    of.epoch = static_cast<std::int16_t>(of.epoch + (second ? 1 : 0));
    return kNoError;
  }
  void finish(Transactional& of, bool commit) {
    for (const auto& [topic, index] : of.partitions) {
      Partition* partition = find(topic, index);
      if (partition == nullptr) {
        continue;
      }
      const auto began = partition->open.find(of.producer);
      if (began != partition->open.end()) {
        for (Stored& stored : partition->batches) {
          stored.aborted = stored.aborted || (!commit && stored.producer == of.producer &&
                                              stored.base >= began->second);
        }
        if (!commit) {
          partition->aborted.push_back({of.producer, began->second, partition->end});
        }
        partition->open.erase(began);
      }
      append(*partition, marker(0, of.producer, commit, of.epoch), {of.producer, of.epoch}, 1,
             /*control=*/true);
    }
    of.partitions.clear();
    of.open = false;
    of.committed = commit;
  }

  env::fake::FakeNetwork& network_;
  std::map<std::int32_t, ScriptedBroker> brokers_;
  std::map<std::string, Topic> topics_;
  std::uint64_t topics_made_ = 0;
  std::map<std::string, Transactional> transactional_;
  std::int64_t last_producer_ = 0;
};

}  // namespace rheon::kafka::fake
