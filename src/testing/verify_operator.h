#pragma once

// The contract test of an operator class: what comes out may depend on what went in, and on nothing
// else - not on how the input is cut into batches, not on a receiver that is full, not on a crash,
// not on the number of shards.
//
//   TEST(Sessionize, keeps_the_contract) {
//     testing::verify_operator<Sessionize>(&Click::user)
//         .record(at("10:00"), {alice})
//         .record(at("10:20"), {alice})
//         .watermark(at("10:51"))
//         .emits({session(alice, 2)});
//   }
//
// emits() runs the operator
//   - item by item,
//   - all at once,
//   - with an output that takes one batch, with one timer and one byte of state a step,
//   - saved and restored into a fresh instance after every item,
//   - moved to another number of shards after every item,
// and compares each with the first way, key by key in order, and that one with what is given. A
// difference is thrown as std::runtime_error that names the way. Watermarks move by watermark()
// only. A member that is not a Value, Map, List, Counter or timer is lost in the fourth way, and
// known to the wrong keys in the fifth: that is what this test is for.

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "connect/discard/discard.h"
#include "operators/operator.h"
#include "testing/topology.h"

namespace rheon::testing {

/// A record with the time that the test gives it.
template <class In>
struct TimedInput {
  In value{};
  EventTime time;
};
template <class In>
const char* rheon_type_name(const TimedInput<In>*) {
  return "TimedInput";
}
template <class In, class Visit>
void rheon_fields(const TimedInput<In>*, Visit&& visit) {
  visit("value", &TimedInput<In>::value);
  visit("time", &TimedInput<In>::time);
}

template <class Op, class KeyOf>
class OperatorCheck {
 public:
  using K = typename Op::Key;
  using In = typename Op::Input;
  using Out = typename Op::Output;

  explicit OperatorCheck(KeyOf key_of) : key_of_(std::move(key_of)) {}

  OperatorCheck& record(EventTime time, const In& value) {
    items_.push_back({true, {value, time}});
    return *this;
  }
  OperatorCheck& watermark(EventTime time) {
    items_.push_back({false, {In{}, time}});
    return *this;
  }

  /// Runs it in all ways. `expected`: in any order.
  void emits(const std::vector<Out>& expected) const {
    const Outputs first = run(Way::kItemByItem);
    if (bytes_of(expected) != all_of(first)) {
      throw std::runtime_error("the operator emits something else than expected: " +
                               std::to_string(all_of(first).size()) + " records instead of " +
                               std::to_string(expected.size()) + ", or other ones.");
    }
    for (const auto& [way, name] : kWays) {
      if (run(way) != first) {
        throw std::runtime_error("the operator emits something else when it is run " +
                                 std::string(name) + " than item by item.");
      }
    }
  }

 private:
  enum class Way { kItemByItem, kAllAtOnce, kOutputOfOne, kRestored, kRescaled };
  static constexpr std::pair<Way, const char*> kWays[] = {
      {Way::kItemByItem, "twice"},
      {Way::kAllAtOnce, "all at once"},
      {Way::kOutputOfOne, "with an output of capacity one"},
      {Way::kRestored, "with a restore into a fresh instance after every item"},
      {Way::kRescaled, "on another number of shards after every item"},
  };
  struct Item {
    bool is_record = true;
    TimedInput<In> input;
  };
  /// Encoded records by encoded key, in order.
  using Outputs = std::map<std::string, std::vector<std::string>>;

  [[nodiscard]] JobDescription job() const {
    return [key_of = key_of_](Job& job) {
      job.key_groups(16);
      job.from("input", Source<TimedInput<In>>{})
          .event_time(&TimedInput<In>::time, std::chrono::hours{24 * 365 * 1000})
          .key_by([key_of](const TimedInput<In>& input) -> decltype(auto) {
            return std::invoke(key_of, input.value);
          })
          .map("value", [](const TimedInput<In>& input) { return input.value; })
          .template process<Op>("operator")
          .to("output", discard::all());
    };
  }

  [[nodiscard]] Outputs run(Way way) const {
    TopologyOptions options;
    if (way == Way::kOutputOfOne) {
      options = {.shards = 1, .ring_capacity_batches = 1, .budgets = {1, 1}};
    }
    Topology topology(job(), {}, options);
    auto input = topology.template input<TimedInput<In>>("input");
    if (way == Way::kAllAtOnce) {
      topology.hold();
    }
    std::uint32_t shards = 1;
    for (const Item& item : items_) {
      if (item.is_record) {
        input.push(item.input);
      } else {
        input.watermark(item.input.time);
      }
      if (way == Way::kRestored) {
        topology.crash_and_restore();
      } else if (way == Way::kRescaled) {
        topology.rescale(shards = shards % 3 + 1);
      }
    }
    topology.release();
    Outputs outputs;
    for (const auto& [key, value] : topology.template keyed_output<K, Out>("output")) {
      outputs[std::string(codec::KeyBytes<K>(key).view())].push_back(encoded(value));
    }
    return outputs;
  }

  [[nodiscard]] static std::string encoded(const Out& value) {
    std::string bytes;
    codec::ValueCodec<Out>::encode(value, bytes);
    return bytes;
  }
  [[nodiscard]] static std::vector<std::string> bytes_of(const std::vector<Out>& values) {
    std::vector<std::string> all;
    all.reserve(values.size());
    for (const Out& value : values) {
      all.push_back(encoded(value));
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  [[nodiscard]] static std::vector<std::string> all_of(const Outputs& outputs) {
    std::vector<std::string> all;
    for (const auto& [key, values] : outputs) {
      all.insert(all.end(), values.begin(), values.end());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  KeyOf key_of_;
  std::vector<Item> items_;
};

/// `key_of`: as for key_by().
template <class Op, class KeyOf>
[[nodiscard]] OperatorCheck<Op, KeyOf> verify_operator(KeyOf key_of) {
  return OperatorCheck<Op, KeyOf>(std::move(key_of));
}

}  // namespace rheon::testing
