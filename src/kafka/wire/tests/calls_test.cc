// Every request and response with a value in each of its fields, as Kafka's own classes write it:
// read and written again it is the same.

#include "kafka/wire/calls.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "kafka/tests/samples.h"

namespace rheon::kafka::wire {
namespace {

using testing::sample;

template <class Message>
void expect_same(const std::string& name) {
  SCOPED_TRACE(name);
  const std::string& bytes = sample(name);
  const auto message = read_message<Message>(bytes);
  ASSERT_TRUE(message.has_value());
  std::string again;
  write_message(*message, again);
  EXPECT_EQ(again, bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read_message<Message>(std::string_view(bytes).substr(0, size))) << size;
  }
}

template <class Call>
void expect_same_call(const std::string& name) {
  for (const int version : {Call::kVersion, Call::kSecondVersion}) {
    expect_same<typename Call::Request>(name + "Request-" + std::to_string(version));
    expect_same<typename Call::Response>(name + "Response-" + std::to_string(version));
  }
}

TEST(Calls, AreWhatKafkasClassesReadAndWrite) {
  expect_same_call<Produce>("Produce");
  expect_same_call<Fetch>("Fetch");
  expect_same_call<ListOffsets>("ListOffsets");
  expect_same_call<Metadata>("Metadata");
  expect_same_call<OffsetCommit>("OffsetCommit");
  expect_same_call<OffsetFetch>("OffsetFetch");
  expect_same_call<FindCoordinator>("FindCoordinator");
  expect_same_call<JoinGroup>("JoinGroup");
  expect_same_call<Heartbeat>("Heartbeat");
  expect_same_call<LeaveGroup>("LeaveGroup");
  expect_same_call<SyncGroup>("SyncGroup");
  expect_same_call<ApiVersions>("ApiVersions");
  expect_same_call<CreateTopics>("CreateTopics");
  expect_same_call<DeleteRecords>("DeleteRecords");
  expect_same_call<InitProducerId>("InitProducerId");
  expect_same_call<OffsetForLeaderEpoch>("OffsetForLeaderEpoch");
  expect_same_call<AddPartitionsToTxn>("AddPartitionsToTxn");
  expect_same_call<AddOffsetsToTxn>("AddOffsetsToTxn");
  expect_same_call<EndTxn1>("EndTxn");
  expect_same_call<EndTxn>("EndTxn");
  expect_same_call<TxnOffsetCommit>("TxnOffsetCommit");
  expect_same_call<DescribeConfigs>("DescribeConfigs");
  expect_same_call<SaslAuthenticate>("SaslAuthenticate");
  expect_same_call<DescribeCluster>("DescribeCluster");
  expect_same_call<DescribeProducers>("DescribeProducers");
  expect_same_call<DescribeTransactions>("DescribeTransactions");
}

}  // namespace
}  // namespace rheon::kafka::wire
