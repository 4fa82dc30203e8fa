#pragma once

// What is measured: words counted from a topic into a topic.

#include <cstdint>
#include <string>
#include <string_view>

#include "api/job.h"
#include "api/stream.h"
#include "connect/kafka/in.h"
#include "connect/kafka/out.h"

namespace rheon::bench {

inline void count_from_topic(Job& job, const std::string& in, const std::string& out) {
  job.from("words", kafka::values(in))
      .key_by([](std::string_view word) { return word; })
      .aggregate("counts", count(), unbounded())
      .to("topic", kafka::out(out));
}

}  // namespace rheon::bench
