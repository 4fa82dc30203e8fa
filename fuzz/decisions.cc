// A job's decisions, as they stand in a topic (connect/kafka/decision_record.h) and in its log
// (engine/decider.h).

#include "connect/kafka/decision_record.h"
#include "engine/decider.h"
#include "support/input.h"
#include "support/same.h"
#include "support/seeds.h"

namespace rheon::fuzz {

Seeds seeds() {
  const engine::Decision one{{1, 2}, {3, 4}, Epoch{5}, 6, 7};
  return {{"in_a_log", engine::encode(one)},
          {"in_a_topic", connect::kafka::decision_text(one)},
          {"of_a_later_format", R"({"format":2,"uid":[[[1]]]})"}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const std::string_view bytes = in.rest();
  fuzz::check_round_trip(
      bytes, [](std::string_view from) { return engine::decode_decision(from); },
      [](const engine::Decision& decision) { return engine::encode(decision); });
  fuzz::check_round_trip(
      bytes, [](std::string_view from) { return connect::kafka::parse_decision(from); },
      [](const engine::Decision& decision) { return connect::kafka::decision_text(decision); });
  return 0;
}
