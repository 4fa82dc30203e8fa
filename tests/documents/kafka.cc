#include <rheon/rheon.h>

#include <string>

using namespace rheon;

void reads_and_writes(Job& job) {
  const auto counts = job.from("lines", files::lines("in"))
                          .key_by([](std::string_view word) { return word; })
                          .aggregate("counts", count(), unbounded());
#include "kafka-1"
}

void at_brokers_elsewhere(Job& job, const std::string& in, const std::string& out,
                          const std::string& user, const std::string& password) {
#include "kafka-2"
}
