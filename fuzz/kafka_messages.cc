// Requests and responses of Kafka's protocol (kafka/wire/calls.h): what is read is written and read
// again as the same. An input's first byte says which message the rest is.

#include <array>
#include <string>
#include <string_view>

#include "kafka/wire/frame.h"
#include "support/input.h"
#include "support/same.h"
#include "support/seeds.h"

namespace rheon::fuzz {
namespace {

namespace wire = kafka::wire;

template <class Message>
void check(std::string_view bytes) {
  check_round_trip(bytes, &wire::read_message<Message>, [](const Message& message) {
    std::string out;
    wire::write_message(message, out);
    return out;
  });
}

template <class... Message>
struct Messages {
  static constexpr std::array<void (*)(std::string_view), sizeof...(Message)> kChecks{
      &check<Message>...};
};

template <class... Call>
using MessagesOf = Messages<typename Call::Request..., typename Call::Response...>;

using All =
    MessagesOf<wire::Produce, wire::Fetch, wire::ListOffsets, wire::Metadata, wire::OffsetCommit,
               wire::OffsetFetch, wire::FindCoordinator, wire::JoinGroup, wire::Heartbeat,
               wire::LeaveGroup, wire::SyncGroup, wire::ApiVersions, wire::CreateTopics,
               wire::DeleteRecords, wire::InitProducerId, wire::OffsetForLeaderEpoch,
               wire::AddPartitionsToTxn, wire::AddOffsetsToTxn, wire::EndTxn1, wire::EndTxn,
               wire::TxnOffsetCommit, wire::DescribeConfigs, wire::SaslAuthenticate,
               wire::DescribeCluster, wire::DescribeProducers, wire::DescribeTransactions>;

/// Of each message one without anything in it. Full ones stand in fuzz/corpus/kafka_messages/, from
/// src/kafka/tests/samples/.
template <class... Message>
void add_seeds(Messages<Message...> /*of*/, Seeds& out) {
  std::size_t index = 0;
  const auto add = [&]<class M>() {
    std::string bytes(1, static_cast<char>(index));
    wire::write_message(M(), bytes);
    out.emplace((index < 10 ? "0" : "") + std::to_string(index), std::move(bytes));
    ++index;
  };
  (add.template operator()<Message>(), ...);
}

}  // namespace

Seeds seeds() {
  Seeds result;
  add_seeds(All{}, result);
  return result;
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const std::size_t which = in.byte() % fuzz::All::kChecks.size();
  const std::string_view bytes = in.rest();
  fuzz::All::kChecks[which](bytes);
  static_cast<void>(kafka::wire::correlation_of(bytes));
  static_cast<void>(kafka::wire::read_response<kafka::wire::Fetch>(bytes));
  static_cast<void>(kafka::wire::read_response<kafka::wire::ApiVersions>(bytes));
  static_cast<void>(kafka::wire::SaslHandshake::read_response(bytes));
  return 0;
}
