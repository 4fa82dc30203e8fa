#pragma once

// Which version of which request is spoken. All brokers from 3.9 to 4.3 speak these; all are
// flexible ones. Where two are named, the second one belongs to the second protocol of transactions
// (KIP-890, transaction.version 2) and looks the same.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kafka/wire/admin.h"
#include "kafka/wire/cluster.h"
#include "kafka/wire/fetch.h"
#include "kafka/wire/fields.h"
#include "kafka/wire/group.h"
#include "kafka/wire/produce.h"
#include "kafka/wire/sasl.h"
#include "kafka/wire/transaction.h"

namespace rheon::kafka::wire {

template <std::int16_t key, std::int16_t version, class RequestType, class ResponseType,
          std::int16_t second_version = version>
struct Call {
  static constexpr std::int16_t kKey = key;
  static constexpr std::int16_t kVersion = version;
  static constexpr std::int16_t kSecondVersion = second_version;
  using Request = RequestType;
  using Response = ResponseType;
};

using Produce = Call<0, 11, ProduceRequest, ProduceResponse, 12>;
using Fetch = Call<1, 17, FetchRequest, FetchResponse>;
using ListOffsets = Call<2, 9, ListOffsetsRequest, ListOffsetsResponse>;
using Metadata = Call<3, 12, MetadataRequest, MetadataResponse>;
using OffsetCommit = Call<8, 9, OffsetCommitRequest, OffsetCommitResponse>;
using OffsetFetch = Call<9, 9, OffsetFetchRequest, OffsetFetchResponse>;
using FindCoordinator = Call<10, 6, FindCoordinatorRequest, FindCoordinatorResponse>;
using JoinGroup = Call<11, 9, JoinGroupRequest, JoinGroupResponse>;
using Heartbeat = Call<12, 4, HeartbeatRequest, HeartbeatResponse>;
using LeaveGroup = Call<13, 5, LeaveGroupRequest, LeaveGroupResponse>;
using SyncGroup = Call<14, 5, SyncGroupRequest, SyncGroupResponse>;
using ApiVersions = Call<18, 4, ApiVersionsRequest, ApiVersionsResponse>;
using CreateTopics = Call<19, 7, CreateTopicsRequest, CreateTopicsResponse>;
using DeleteRecords = Call<21, 2, DeleteRecordsRequest, DeleteRecordsResponse>;
using InitProducerId = Call<22, 5, InitProducerIdRequest, InitProducerIdResponse>;
using OffsetForLeaderEpoch = Call<23, 4, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>;
using AddPartitionsToTxn = Call<24, 3, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>;
using AddOffsetsToTxn = Call<25, 4, AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>;
using EndTxn1 = Call<26, 4, EndTxnRequest, EndTxnResponse4>;
using EndTxn = Call<26, 5, EndTxnRequest, EndTxnResponse>;
using TxnOffsetCommit = Call<28, 4, TxnOffsetCommitRequest, TxnOffsetCommitResponse, 5>;
using DescribeConfigs = Call<32, 4, DescribeConfigsRequest, DescribeConfigsResponse>;
using SaslAuthenticate = Call<36, 2, SaslAuthenticateRequest, SaslAuthenticateResponse>;
using DescribeCluster = Call<60, 1, DescribeClusterRequest, DescribeClusterResponse>;
using DescribeProducers = Call<61, 0, DescribeProducersRequest, DescribeProducersResponse>;
using DescribeTransactions = Call<65, 0, DescribeTransactionsRequest, DescribeTransactionsResponse>;

#define RHEON_KAFKA_MESSAGES(each)                                                                 \
  each(ProduceRequest) each(ProduceResponse) each(FetchRequest) each(FetchResponse) each(          \
      ListOffsetsRequest) each(ListOffsetsResponse) each(MetadataRequest) each(MetadataResponse)   \
      each(OffsetCommitRequest) each(OffsetCommitResponse) each(OffsetFetchRequest) each(          \
          OffsetFetchResponse) each(FindCoordinatorRequest) each(FindCoordinatorResponse)          \
          each(JoinGroupRequest) each(JoinGroupResponse) each(HeartbeatRequest) each(              \
              HeartbeatResponse) each(LeaveGroupRequest) each(LeaveGroupResponse)                  \
              each(SyncGroupRequest) each(SyncGroupResponse) each(ApiVersionsRequest) each(        \
                  ApiVersionsResponse) each(CreateTopicsRequest) each(CreateTopicsResponse)        \
                  each(DeleteRecordsRequest) each(DeleteRecordsResponse)                           \
                      each(InitProducerIdRequest) each(InitProducerIdResponse) each(               \
                          OffsetForLeaderEpochRequest) each(OffsetForLeaderEpochResponse)          \
                          each(AddPartitionsToTxnRequest) each(AddPartitionsToTxnResponse)         \
                              each(AddOffsetsToTxnRequest) each(AddOffsetsToTxnResponse) each(     \
                                  EndTxnRequest) each(EndTxnResponse4) each(EndTxnResponse)        \
                                  each(TxnOffsetCommitRequest) each(TxnOffsetCommitResponse) each( \
                                      DescribeConfigsRequest) each(DescribeConfigsResponse)        \
                                      each(SaslAuthenticateRequest) each(SaslAuthenticateResponse) \
                                          each(DescribeClusterRequest)                             \
                                              each(DescribeClusterResponse)                        \
                                                  each(DescribeProducersRequest)                   \
                                                      each(DescribeProducersResponse)              \
                                                          each(DescribeTransactionsRequest)        \
                                                              each(DescribeTransactionsResponse)

// Compiled once, in calls.cc: what reads and writes a message is large.
#define RHEON_KAFKA_DECLARE(Message)                                            \
  extern template void write_message(const Message& message, std::string& out); \
  extern template std::optional<Message> read_message(std::string_view bytes);
RHEON_KAFKA_MESSAGES(RHEON_KAFKA_DECLARE)
#undef RHEON_KAFKA_DECLARE

}  // namespace rheon::kafka::wire
