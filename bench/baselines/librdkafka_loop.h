#pragma once

// H1: reads a topic through librdkafka, the client that most programs outside of the JVM stand on,
// with the settings that its documentation gives for throughput.

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rheon::bench {

/// All partitions from their beginning up to `ends`; calls `take(value)` for every record.
template <class Take>
void librdkafka_consume(const std::string& broker, const std::string& topic,
                        const std::vector<std::int64_t>& ends, Take&& take) {
  rd_kafka_conf_t* settings = rd_kafka_conf_new();
  char why[256];
  const auto set = [&](const char* name, const char* value) {
    if (rd_kafka_conf_set(settings, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(std::string("librdkafka: ") + why);
    }
  };
  set("bootstrap.servers", broker.c_str());
  set("fetch.wait.max.ms", "10");
  set("auto.offset.reset", "error");
  set("queued.min.messages", "1000000");
  set("queued.max.messages.kbytes", "1048576");
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, settings, why, sizeof why);
  if (client == nullptr) {
    throw std::runtime_error(std::string("librdkafka: ") + why);
  }
  rd_kafka_topic_t* of = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  std::int64_t left = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    rd_kafka_consume_start_queue(of, static_cast<std::int32_t>(i), RD_KAFKA_OFFSET_BEGINNING,
                                 queue);
    left += ends[i];
  }
  std::vector<rd_kafka_message_t*> some(10'000);
  while (left > 0) {
    const ssize_t n = rd_kafka_consume_batch_queue(queue, 1'000, some.data(), some.size());
    for (ssize_t i = 0; i < n; ++i) {
      const rd_kafka_message_t* message = some[static_cast<std::size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        take(std::string_view(static_cast<const char*>(message->payload), message->len));
        --left;
      } else if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        throw std::runtime_error(std::string("librdkafka: ") + rd_kafka_message_errstr(message));
      }
      rd_kafka_message_destroy(some[static_cast<std::size_t>(i)]);
    }
  }
  for (std::size_t i = 0; i < ends.size(); ++i) {
    rd_kafka_consume_stop(of, static_cast<std::int32_t>(i));
  }
  rd_kafka_queue_destroy(queue);
  rd_kafka_topic_destroy(of);
  rd_kafka_destroy(client);
}

}  // namespace rheon::bench
