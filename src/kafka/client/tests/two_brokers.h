#pragma once

// Two brokers that a test has written, nodes 1 and 2, a client's view of their cluster, and a clock
// that the test moves.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "env/fake/fake_threads.h"
#include "kafka/client/cluster.h"
#include "kafka/fake/scripted_broker.h"

namespace rheon::kafka::testing {

using fake::Asked;
using fake::ScriptedBroker;

class TwoBrokers : public ::testing::Test {
 protected:
  explicit TwoBrokers(std::vector<Address> bootstrap = {{"one", 9092}, {"two", 9092}})
      : cluster_(network_, parker_, random_, options(std::move(bootstrap))) {
    listen();
  }

  static std::string host_of(std::int32_t node) { return node == 1 ? "one" : "two"; }
  void listen() {
    for (auto& [node, broker] : brokers_) {
      broker.listen(network_, host_of(node), 9092);
    }
  }
  void hang_up() {
    for (const auto& [node, broker] : brokers_) {
      network_.hang_up(host_of(node), 9092);
    }
  }
  /// What Metadata answers, without topics.
  static wire::MetadataResponse no_topics() {
    wire::MetadataResponse response;
    response.brokers = {{1, "one", 9092, {}}, {2, "two", 9092, {}}};
    return response;
  }
  /// The same answer of both.
  template <class Call>
  void on(const std::function<typename Call::Response(const Asked&)>& answer) {
    for (auto& [node, broker] : brokers_) {
      broker.template on<Call>(answer);
    }
  }

  /// So long, in steps of 10 ms.
  void go(env::Monotonic time = std::chrono::seconds{2}) {
    for (const env::Monotonic end = now_ + time; now_ < end;
         now_ += std::chrono::milliseconds{10}) {
      step();
    }
    step();
  }
  virtual void step() { cluster_.step(now_); }

  fake::Counting random_;
  env::fake::FakeParker parker_;
  env::fake::FakeNetwork network_;
  std::map<std::int32_t, ScriptedBroker> brokers_{{1, {}}, {2, {}}};
  env::Monotonic now_ = std::chrono::seconds{100};
  Cluster cluster_;

 private:
  static ClusterOptions options(std::vector<Address> bootstrap) {
    ClusterOptions options;
    options.bootstrap = std::move(bootstrap);
    return options;
  }
};

}  // namespace rheon::kafka::testing
