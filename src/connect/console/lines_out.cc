#include "connect/console/lines_out.h"

#include <mutex>
#include <utility>
#include <vector>

#include "connect/console/console_output.h"
#include "engine/sink.h"

namespace rheon::connect::console {

class Turn {
 public:
  std::mutex mutex;
};

namespace {

class ConsoleWriter final : public engine::SinkParticipant {
 public:
  ConsoleWriter(const engine::SinkEnvironment& environment, std::shared_ptr<std::mutex> turn,
                AppendLines append)
      : output_(*environment.env, environment.waker, std::move(turn)), append_(append) {}

  void write_batch(const engine::BatchBase& batch) override {
    append_(output_.lines(), batch);
    output_.wrote();
  }
  void prepare(Epoch /*epoch*/) override { output_.prepare(); }
  Result<bool> prepared(engine::SinkFactChanges& /*facts*/,
                        std::vector<log::StreamAppend>& /*appends*/) override {
    return output_.prepared();
  }
  Result<bool> blocked() override { return output_.blocked(); }

 private:
  ConsoleOutput output_;
  AppendLines append_;
};

class ConsoleSink final : public engine::AnySinkConnector {
 public:
  ConsoleSink(std::shared_ptr<Turn> turn, AppendLines append)
      : turn_(std::move(turn)), append_(append) {}
  engine::SinkTraits traits() const override {
    return {.kind = "standard output", .guarantee = engine::Guarantee::kAtLeastOnce};
  }
  std::unique_ptr<engine::SinkParticipant> make_participant(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& /*recovered*/) const override {
    return std::make_unique<ConsoleWriter>(
        environment, std::shared_ptr<std::mutex>(turn_, &turn_->mutex), append_);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override { return nullptr; }

 private:
  std::shared_ptr<Turn> turn_;
  AppendLines append_;
};

}  // namespace

std::shared_ptr<Turn> make_turn() { return std::make_shared<Turn>(); }

std::shared_ptr<const engine::AnySinkConnector> make_connector(std::shared_ptr<Turn> turn,
                                                               AppendLines append) {
  return std::make_shared<ConsoleSink>(std::move(turn), append);
}

}  // namespace rheon::connect::console
