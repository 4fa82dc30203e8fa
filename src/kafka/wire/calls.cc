#include "kafka/wire/calls.h"

namespace rheon::kafka::wire {

#define RHEON_KAFKA_DEFINE(Message)                                      \
  template void write_message(const Message& message, std::string& out); \
  template std::optional<Message> read_message(std::string_view bytes);
RHEON_KAFKA_MESSAGES(RHEON_KAFKA_DEFINE)

}  // namespace rheon::kafka::wire
