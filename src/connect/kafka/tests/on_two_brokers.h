#pragma once

// A machine in memory that talks to two brokers that a test has written, which have one topic.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>

#include "env/fake/waiting_env.h"
#include "kafka/client/tests/scripted_topic.h"

namespace rheon::connect::kafka {

class OnTwoBrokers : public ::testing::Test {
 protected:
  OnTwoBrokers() {
    rheon::kafka::wire::MetadataResponse brokers;
    brokers.brokers = {{1, "127.0.0.1", 1, {}}, {2, "127.0.0.1", 2, {}}};
    for (auto& [node, broker] : brokers_) {
      topic_.stand_on(node, broker, brokers);
    }
    listen();
  }
  void listen() {
    for (auto& [node, broker] : brokers_) {
      broker.listen(env_.network(), "127.0.0.1", static_cast<std::uint16_t>(node));
    }
  }
  void hang_up() {
    for (const auto& [node, broker] : brokers_) {
      env_.network().hang_up("127.0.0.1", static_cast<std::uint16_t>(node));
    }
  }

  const std::string url_ = "kafka://127.0.0.1:1,127.0.0.1:2/words";
  env::fake::WaitingEnv env_;
  env::fake::FakeParker waker_;
  std::map<std::int32_t, rheon::kafka::fake::ScriptedBroker> brokers_{{1, {}}, {2, {}}};
  rheon::kafka::testing::ScriptedTopic topic_{"words", {1, 2}};
};

}  // namespace rheon::connect::kafka
