// Where a topic is, as a user writes it (connect/kafka/place.h).

#include "base/assert.h"
#include "connect/kafka/place.h"
#include "support/input.h"
#include "support/seeds.h"

namespace rheon::fuzz {

Seeds seeds() {
  return {{"one_broker", "kafka://localhost:9092/words"},
          {"several", "kafka://one,two:9093,10.0.0.3:1/a.b_c-d"},
          {"ipv6", "kafka://[::1]:9092,[fe80::1]/words"},
          {"no_topic", "kafka://localhost:9092/"}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon::connect::kafka;
  rheon::fuzz::Input in(data, size);
  const auto place = parse_place(in.rest());
  if (!place.has_value()) {
    return 0;
  }
  RHEON_ASSERT(is_topic_name(place->topic), "a place has a topic that Kafka would not take");
  RHEON_ASSERT(!place->brokers.empty(), "a place has no brokers");
  const auto again =
      parse_place(std::string(kScheme) + describe_brokers(*place) + "/" + place->topic);
  RHEON_ASSERT(again.has_value(), "a place that was written out is none");
  RHEON_ASSERT(describe(*again) == describe(*place), "a place that was written out is another one");
  return 0;
}
