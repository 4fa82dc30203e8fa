#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "connect/console/console_output.h"
#include "connect/files/csv_format.h"
#include "engine/sink.h"

namespace rheon {
namespace connect::console {

template <class K, class T>
class ConsoleWriter final : public engine::SinkWriter<K, T> {
 public:
  ConsoleWriter(const engine::SinkEnvironment& environment, std::shared_ptr<std::mutex> turn)
      : output_(*environment.env, environment.waker, std::move(turn)) {}

  void write(const engine::Batch<K, T>& batch) override {
    std::string& lines = output_.lines();
    for (const engine::Slot<K, T>& record : batch.slots) {
      if constexpr (std::is_same_v<K, engine::NoKey> && csv::is_text<T>) {
        lines.append(record.value).push_back('\n');
      } else {
        const std::size_t size = lines.size();
        lines.resize(size + csv::line_room(record));
        const char* end = csv::put_line(lines.data() + size, record);
        lines.resize(static_cast<std::size_t>(end - lines.data()));
      }
    }
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
};

template <class K, class T>
class ConsoleSink final : public engine::SinkConnector<K, T> {
 public:
  explicit ConsoleSink(std::shared_ptr<std::mutex> turn) : turn_(std::move(turn)) {}
  engine::SinkTraits traits() const override {
    return {.kind = "standard output", .guarantee = engine::Guarantee::kAtLeastOnce};
  }
  std::unique_ptr<engine::SinkWriter<K, T>> make_writer(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& /*recovered*/) const override {
    return std::make_unique<ConsoleWriter<K, T>>(environment, turn_);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override { return nullptr; }

 private:
  std::shared_ptr<std::mutex> turn_;
};

}  // namespace connect::console

namespace console {

/// Writes each record as a line to the standard output: text as it is, everything else as a line of
/// CSV (connect/files/csv_format.h). At least once: lines of an epoch that a crash cut off are
/// written again.
///
///     counts.to("out", console::lines_out())
class LinesOut {
 public:
  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::SinkConnector<K, T>> bind() const {
    static_assert(
        connect::csv::writable<T>(),
        "console::lines_out cannot write records of this type: use text, numbers, times or "
        "structs with RHEON_FIELDS");
    return std::make_shared<const connect::console::ConsoleSink<K, T>>(turn_);
  }

 private:
  std::shared_ptr<std::mutex> turn_ = std::make_shared<std::mutex>();
};

[[nodiscard]] inline LinesOut lines_out() { return {}; }

}  // namespace console
}  // namespace rheon
