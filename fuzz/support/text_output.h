#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/source.h"
#include "env/fake/fake_env.h"

namespace rheon::fuzz {

/// What a reader of text has given. Full after every few records.
class TextOutput final : public engine::SourceOutput<std::string_view> {
 public:
  void select(std::size_t /*partition*/) override {}
  void emit(const std::string_view& value, EventTime /*time*/) override {
    records.emplace_back(value);
    ++since_look_;
  }
  void quarantine(std::string_view bytes, std::string_view /*place*/,
                  std::string_view /*reason*/) override {
    quarantined.emplace_back(bytes);
  }
  [[nodiscard]] std::size_t room() const override {
    return kFullAfter - std::min(kFullAfter, since_look_);
  }
  [[nodiscard]] EventTime now() const override { return EventTime{1'000'000}; }
  void make_room() { since_look_ = 0; }

  std::vector<std::string> records;
  std::vector<std::string> quarantined;

 private:
  static constexpr std::size_t kFullAfter = 16;
  std::size_t since_look_ = 0;
};

/// Polls until the reader has come to the end of what there is, or has failed.
inline Result<engine::Poll> poll_through(engine::AnySourceReader& reader, TextOutput& output,
                                         env::fake::FakeEnv& env) {
  for (;;) {
    output.make_room();
    Result<engine::Poll> polled = reader.poll_any(output);
    if (!polled.has_value() || *polled == engine::Poll::kIdle || *polled == engine::Poll::kEnded) {
      return polled;
    }
    env.io().run_all();
  }
}

}  // namespace rheon::fuzz
