#pragma once

// The topics of the benchmark on a broker of this machine. Whoever has to wait here waits: nothing
// of this is measured.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../support/words.h"
#include "connect/kafka/out.h"
#include "connect/kafka/place.h"
#include "connect/kafka/topic_output.h"
#include "env/env.h"
#include "kafka/wire/fields.h"

namespace rheon::bench {

inline constexpr std::int32_t kPartitions = 4;

struct Topic {
  std::string name;
  kafka::wire::Uuid id;
  std::vector<std::int64_t> ends;  // by partition, as of when it was looked at

  [[nodiscard]] std::int64_t records() const;
};

class Topics {
 public:
  Topics(env::Env& env, std::uint16_t port) : env_(env), port_(port) {}

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string url(const std::string& topic) const {
    return "kafka://" + address() + "/" + topic;
  }
  [[nodiscard]] connect::kafka::TopicPlace place(const std::string& topic) const;

  /// With so many partitions, unless it is there.
  [[nodiscard]] Topic make(const std::string& name);
  /// `committed`: up to where readers of committed records can read.
  [[nodiscard]] Topic look(const std::string& name, bool committed = false);
  /// A topic of `count` words of the dictionary, one a record; from an earlier run when it is
  /// there.
  [[nodiscard]] Topic words(std::size_t count, kafka::Codec codec = kafka::Codec::kNone);
  /// Nothing stands in it any more.
  void clear(const std::string& name);
  /// A name that no topic has had.
  [[nodiscard]] std::string fresh(const std::string& stem);

 private:
  env::Env& env_;
  std::uint16_t port_;
  int fresh_ = 0;
};

/// Our own way to a topic, without transactions, driven by the calling thread.
class Writer {
 public:
  Writer(env::Env& env, const Topics& topics, const std::string& topic,
         kafka::Codec codec = kafka::Codec::kNone);
  [[nodiscard]] connect::kafka::TopicRecords& records() { return output_->records(); }
  /// Waits while too much is on its way.
  void make_room();
  /// What was put may go. Does not wait.
  void send();
  /// The leaders have all of it.
  void finish();

 private:
  env::Env& env_;
  std::unique_ptr<env::Parker> parker_;
  std::unique_ptr<connect::kafka::TopicOutput> output_;
};

}  // namespace rheon::bench
