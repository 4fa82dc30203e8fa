#pragma once

// The error codes of the protocol that somebody acts on ("Error codes" of the protocol guide; Kafka
// 4.3, org.apache.kafka.common.protocol.Errors).

#include <cstdint>
#include <string>

namespace rheon::kafka {

inline constexpr std::int16_t kUnknownServerError = -1;
inline constexpr std::int16_t kNoError = 0;
inline constexpr std::int16_t kOffsetOutOfRange = 1;
inline constexpr std::int16_t kUnknownTopicOrPartition = 3;
inline constexpr std::int16_t kRequestTimedOut = 7;
inline constexpr std::int16_t kMessageTooLarge = 10;
inline constexpr std::int16_t kCoordinatorLoadInProgress = 14;
inline constexpr std::int16_t kCoordinatorNotAvailable = 15;
inline constexpr std::int16_t kNotCoordinator = 16;
inline constexpr std::int16_t kInvalidTopic = 17;
inline constexpr std::int16_t kRecordListTooLarge = 18;
inline constexpr std::int16_t kIllegalGeneration = 22;
inline constexpr std::int16_t kInconsistentGroupProtocol = 23;
inline constexpr std::int16_t kInvalidGroupId = 24;
inline constexpr std::int16_t kUnknownMemberId = 25;
inline constexpr std::int16_t kInvalidSessionTimeout = 26;
inline constexpr std::int16_t kRebalanceInProgress = 27;
inline constexpr std::int16_t kTopicAuthorizationFailed = 29;
inline constexpr std::int16_t kGroupAuthorizationFailed = 30;
inline constexpr std::int16_t kClusterAuthorizationFailed = 31;
inline constexpr std::int16_t kInvalidTimestamp = 32;
inline constexpr std::int16_t kUnsupportedSaslMechanism = 33;
inline constexpr std::int16_t kIllegalSaslState = 34;
inline constexpr std::int16_t kUnsupportedVersion = 35;
inline constexpr std::int16_t kTopicAlreadyExists = 36;
inline constexpr std::int16_t kInvalidReplicationFactor = 38;
inline constexpr std::int16_t kInvalidConfig = 40;
inline constexpr std::int16_t kNotController = 41;
inline constexpr std::int16_t kInvalidRequest = 42;
inline constexpr std::int16_t kPolicyViolation = 44;
inline constexpr std::int16_t kOutOfOrderSequenceNumber = 45;
inline constexpr std::int16_t kDuplicateSequenceNumber = 46;
inline constexpr std::int16_t kInvalidProducerEpoch = 47;
inline constexpr std::int16_t kInvalidTxnState = 48;
inline constexpr std::int16_t kInvalidProducerIdMapping = 49;
inline constexpr std::int16_t kInvalidTransactionTimeout = 50;
inline constexpr std::int16_t kConcurrentTransactions = 51;
inline constexpr std::int16_t kTransactionalIdAuthorizationFailed = 53;
inline constexpr std::int16_t kOperationNotAttempted = 55;
inline constexpr std::int16_t kUnknownProducerId = 59;
inline constexpr std::int16_t kFencedLeaderEpoch = 74;
inline constexpr std::int16_t kMemberIdRequired = 79;
inline constexpr std::int16_t kGroupMaxSizeReached = 81;
inline constexpr std::int16_t kFencedInstanceId = 82;
inline constexpr std::int16_t kInvalidRecord = 87;
inline constexpr std::int16_t kUnstableOffsetCommit = 88;
inline constexpr std::int16_t kThrottlingQuotaExceeded = 89;
inline constexpr std::int16_t kProducerFenced = 90;
inline constexpr std::int16_t kTransactionAbortable = 120;

/// "its leader is somebody else (error 6)", for sentences.
[[nodiscard]] std::string describe_error(std::int16_t code);

}  // namespace rheon::kafka
