#include "connect/kafka/out.h"

#include <fmt/format.h>

#include <atomic>
#include <string_view>
#include <utility>

#include "codec/wire.h"
#include "connect/kafka/topic_lookup.h"
#include "connect/kafka/topic_output.h"
#include "connect/kafka/transaction.h"
#include "engine/sink.h"

namespace rheon::connect::kafka {

namespace {

/// How many partitions the topic has: found before any writer runs, the same for all of them.
using PartitionCount = std::atomic<std::int32_t>;

/// Gathers an epoch's records for the transaction that decides whether it counts.
class TransactionalWriter final : public engine::SinkParticipant {
 public:
  TransactionalWriter(const TopicSink& sink, std::int32_t partitions, PutRecords put)
      : topic_(sink.place.topic),
        batches_(partitions,
                 static_cast<rheon::kafka::wire::Compression>(sink.options.compression)),
        put_(put) {}

  void write_batch(const engine::BatchBase& batch) override { put_(batches_, batch); }
  void prepare(Epoch /*epoch*/) override { batches_.finish(); }
  Result<bool> prepared(engine::SinkFactChanges& /*facts*/,
                        std::vector<log::StreamAppend>& /*appends*/) override {
    return true;
  }
  void take_outgoing(std::vector<engine::Outgoing>& outgoing) override {
    for (TopicBatches::Finished& batch : batches_.take()) {
      outgoing.push_back({topic_, static_cast<std::uint32_t>(batch.partition),
                          static_cast<std::uint32_t>(batch.records), std::move(batch.bytes)});
    }
  }
  std::uint64_t uncommitted_bytes() const override { return batches_.bytes(); }

 private:
  std::string topic_;
  TopicBatches batches_;
  PutRecords put_;
};

/// Writes records at once.
class TopicWriter final : public engine::SinkParticipant {
 public:
  TopicWriter(const engine::SinkEnvironment& environment, const TopicSink& sink,
              std::int32_t partitions, PutRecords put)
      : output_(environment, sink, partitions), put_(put) {}

  void write_batch(const engine::BatchBase& batch) override { put_(output_.records(), batch); }
  void prepare(Epoch /*epoch*/) override { output_.prepare(); }
  Result<bool> prepared(engine::SinkFactChanges& /*facts*/,
                        std::vector<log::StreamAppend>& /*appends*/) override {
    return output_.prepared();
  }
  Result<bool> blocked() override { return output_.blocked(); }
  env::Monotonic deadline() const override { return output_.deadline(); }
  std::uint64_t uncommitted_bytes() const override { return output_.unwritten_bytes(); }

 private:
  TopicOutput output_;
  PutRecords put_;
};

/// Looks at the topic before the job runs.
class TopicCommitter final : public engine::SinkCommitter {
 public:
  TopicCommitter(TopicSink sink, Status wrong, std::shared_ptr<PartitionCount> partitions)
      : sink_(std::move(sink)), wrong_(std::move(wrong)), partitions_(std::move(partitions)) {}

  Status recover(const engine::SinkEnvironment& environment, const engine::SinkFacts& facts,
                 engine::SinkRecovery& done) override {
    RHEON_TRY(wrong_);
    if (sink_.place.topic == decision_topic(environment.identity.job)) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{} is where the job keeps its decisions: write to another one.",
                              describe(sink_.place)));
    }
    RHEON_TRY(check_transport(sink_.place, sink_.access));
    TopicLookup lookup(*environment.env, sink_.place, sink_.access);
    RHEON_ASSIGN(const FoundTopics found, lookup.find_topics());
    if (const auto other = found.others.find(sink_.place.topic); other != found.others.end()) {
      return other->second.code == ErrorCode::kNotFound
                 ? fail(ErrorCode::kInvalidInput, other->second.message + ": create it first.")
                 : tl::unexpected(other->second);
    }
    const auto& topic = found.topics.at(sink_.place.topic);
    *partitions_ = static_cast<std::int32_t>(topic.partitions.size());
    return check_identity(topic.id, facts, done);
  }

 private:
  static constexpr std::string_view kTopicFact = "topic/";  // and its name: the topic's id

  /// Keeps which topic is written to.
  Status check_identity(const rheon::kafka::wire::Uuid& id, const engine::SinkFacts& facts,
                        engine::SinkRecovery& done) const {
    const std::string name = std::string(kTopicFact) + sink_.place.topic;
    std::string now;
    codec::put_u64(now, id.high);
    codec::put_u64(now, id.low);
    if (const auto before = facts.find(name); before != facts.end()) {
      return before->second == now
                 ? Status()
                 : fail(ErrorCode::kRefused,
                        fmt::format("{} was deleted and created again since this job has run: what "
                                    "it has written there is gone, and would be missing for good. "
                                    "Write to a topic of another name, or `reset` the job to begin "
                                    "anew.",
                                    describe(sink_.place)));
    }
    for (const auto& [other, value] : facts) {
      if (other.starts_with(kTopicFact)) {
        done.changes.push_back({other, std::nullopt});
      }
    }
    done.changes.push_back({name, std::move(now)});
    return {};
  }

  TopicSink sink_;
  Status wrong_;
  std::shared_ptr<PartitionCount> partitions_;
};

class TopicSinkConnector final : public engine::AnySinkConnector {
 public:
  TopicSinkConnector(std::string_view url, const rheon::kafka::SinkOptions& options, PutRecords put)
      : put_(put) {
    sink_.options = options;
    wrong_ = take_place(url, options.security, parse_place, sink_);
  }

  engine::SinkTraits traits() const override {
    return {.kind = "kafka",
            .guarantee = engine::Guarantee::kExactlyOnce,
            .decider = sink_.place.topic.empty() ? "" : decider()};
  }
  std::unique_ptr<engine::SinkParticipant> make_participant(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& /*recovered*/) const override {
    const std::int32_t partitions = std::max(partitions_->load(), 1);
    if (environment.decided_outside) {
      return std::make_unique<TransactionalWriter>(sink_, partitions, put_);
    }
    return std::make_unique<TopicWriter>(environment, sink_, partitions, put_);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override {
    return std::make_unique<TopicCommitter>(sink_, wrong_, partitions_);
  }
  std::unique_ptr<engine::Decider> make_decider(
      const engine::DeciderEnvironment& environment) const override {
    return std::make_unique<Transaction>(environment,
                                         ClusterPlace{sink_.place.brokers, sink_.access, wrong_});
  }

 private:
  [[nodiscard]] std::string decider() const {
    const auto& credentials = sink_.options.security.credentials;
    return "Kafka at " + describe_brokers(sink_.place) +
           (credentials.has_value() ? " as " + credentials->user : "");
  }

  TopicSink sink_;
  Status wrong_;  // with the url, or a file that the options name
  PutRecords put_;
  std::shared_ptr<PartitionCount> partitions_ = std::make_shared<PartitionCount>(0);
};

}  // namespace

std::shared_ptr<const engine::AnySinkConnector> make_sink(std::string_view url,
                                                          const rheon::kafka::SinkOptions& options,
                                                          PutRecords put) {
  return std::make_shared<TopicSinkConnector>(url, options, put);
}

}  // namespace rheon::connect::kafka

namespace rheon::kafka {

Out::Out(std::string url, const SinkOptions& options) : url_(std::move(url)), options_(options) {}

}  // namespace rheon::kafka
