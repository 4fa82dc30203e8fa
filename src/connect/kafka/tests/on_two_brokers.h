#pragma once

// A machine in memory that talks to two brokers that a test has written, which have one topic.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "env/fake/fake_env.h"
#include "kafka/client/tests/scripted_topic.h"

namespace rheon::connect::kafka {

/// Threads whose waits take their time on the test's clock, a millisecond at least.
class WaitingThreads final : public env::fake::FakeThreads {
 public:
  explicit WaitingThreads(env::fake::FakeClock& clock) : clock_(clock) {}
  std::unique_ptr<env::Parker> make_parker() override { return std::make_unique<Waits>(clock_); }

 private:
  class Waits final : public env::fake::FakeParker {
   public:
    explicit Waits(env::fake::FakeClock& clock) : clock_(clock) {}
    void park_until(env::Monotonic deadline) override {
      const env::Monotonic least = clock_.monotonic() + std::chrono::milliseconds{1};
      clock_.advance((woken() ? least : std::max(deadline, least)) - clock_.monotonic());
      FakeParker::park_until(deadline);
    }

   private:
    env::fake::FakeClock& clock_;
  };
  env::fake::FakeClock& clock_;
};

class KafkaEnv final : public env::fake::FakeEnv {
 public:
  env::fake::FakeThreads& threads() override { return threads_; }

 private:
  WaitingThreads threads_{clock()};
};

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
  KafkaEnv env_;
  env::fake::FakeParker waker_;
  std::map<std::int32_t, rheon::kafka::testing::ScriptedBroker> brokers_{{1, {}}, {2, {}}};
  rheon::kafka::testing::ScriptedTopic topic_{"words", {1, 2}};
};

}  // namespace rheon::connect::kafka
