#include "kafka/client/transactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/assert.h"
#include "kafka/client/error_codes.h"

namespace rheon::kafka {

namespace {

/// While the coordinator still writes the end of the transaction before: it is a matter of
/// milliseconds, and each commit meets it.
constexpr std::chrono::milliseconds kBetweenTransactions{20};

}  // namespace

Transactions::Transactions(Cluster& cluster, env::Random& random, std::string transactional_id,
                           std::chrono::milliseconds timeout)
    : transactional_id_(std::move(transactional_id)),
      timeout_(timeout),
      coordinator_(cluster, random, Coordinator::Of::kTransactionalId, transactional_id_) {}

void Transactions::identify(std::optional<ProducerIdentity> current) {
  RHEON_ASSERT(idle(), "a conversation is under way");
  todo_ = Todo::kIdentify;
  current_ = current;
  maybe_raised_ = false;
  failure_.reset();
}

void Transactions::add(std::vector<std::pair<std::string, std::int32_t>> partitions) {
  RHEON_ASSERT(idle(), "a conversation is under way");
  partitions_ = std::move(partitions);
  std::sort(partitions_.begin(), partitions_.end());
  todo_ = partitions_.empty() || transactions_have_epochs_ ? Todo::kNothing : Todo::kAdd;
  ended_.reset();
}

void Transactions::end(bool commit) {
  RHEON_ASSERT(idle(), "a conversation is under way");
  todo_ = Todo::kEnd;
  commit_ = commit;
  ended_.reset();
}

void Transactions::step(env::Monotonic now) {
  const Status status = converse(now);
  if (!status.has_value()) {
    lost(status.error(), now);
  }
}

Status Transactions::converse(env::Monotonic now) {
  return coordinator_.converse(
      now, !idle(), [&] { ask(now); }, [&](const Response& answer) { return take(answer, now); },
      [&](std::int16_t error) { return judge(error, now); });
}

void Transactions::ask(env::Monotonic now) {
  switch (todo_) {
    case Todo::kNothing:
      return;
    case Todo::kIdentify: {
      wire::InitProducerIdRequest request;
      if (!transactional_id_.empty()) {
        request.transactional_id = transactional_id_;
      }
      request.transaction_timeout_ms = static_cast<std::int32_t>(timeout_.count());
      if (current_.has_value()) {
        request.producer_id = current_->id;
        request.producer_epoch = current_->epoch;
      }
      coordinator_.send<wire::InitProducerId>(request, now);
      return;
    }
    case Todo::kAdd: {
      wire::AddPartitionsToTxnRequest request;
      request.transactional_id = transactional_id_;
      request.producer_id = identity_.id;
      request.producer_epoch = identity_.epoch;
      for (const auto& [topic, partition] : partitions_) {
        if (request.topics.empty() || request.topics.back().name != topic) {
          request.topics.push_back({topic, {}});
        }
        request.topics.back().partitions.push_back(partition);
      }
      coordinator_.send<wire::AddPartitionsToTxn>(request, now);
      return;
    }
    case Todo::kEnd: {
      const wire::EndTxnRequest request{transactional_id_, identity_.id, identity_.epoch, commit_};
      if (transactions_have_epochs_) {
        coordinator_.send<wire::EndTxn>(request, now);
      } else {
        coordinator_.send<wire::EndTxn1>(request, now);
      }
      return;
    }
  }
}

Status Transactions::take(const Response& response, env::Monotonic now) {
  switch (todo_) {
    case Todo::kIdentify:
      return take_identity(response, now);
    case Todo::kAdd:
      return take_added(response, now);
    case Todo::kEnd:
      return take_end(response, now);
    case Todo::kNothing:
      break;
  }
  return {};
}

Status Transactions::take_identity(const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::InitProducerId>(response.frame);
  if (!told.has_value()) {
    return fail(ErrorCode::kCorrupt, coordinator_.address() + " does not say who we are");
  }
  RHEON_ASSIGN(const bool good, judge(told->error_code, now));
  if (good) {
    identity_ = {told->producer_id, told->producer_epoch};
    transactions_have_epochs_ = coordinator_.abilities().transactions_have_epochs() &&
                                coordinator_.abilities().speaks<wire::EndTxn>();
    done();
  }
  return {};
}

Status Transactions::take_added(const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::AddPartitionsToTxn>(response.frame);
  if (!told.has_value()) {
    return fail(
        ErrorCode::kCorrupt,
        coordinator_.address() + " does not say whether partitions belong to the transaction");
  }
  std::set<std::pair<std::string_view, std::int32_t>> added;
  for (const auto& topic : told->results_by_topic) {
    for (const auto& partition : topic.results_by_partition) {
      if (partition.partition_error_code == kOperationNotAttempted) {
        continue;  // because of another one's error
      }
      RHEON_ASSIGN(const bool good, judge(partition.partition_error_code, now));
      if (!good) {
        return {};
      }
      added.emplace(topic.name, partition.partition_index);
    }
  }
  for (const auto& [topic, partition] : partitions_) {
    if (!added.contains({topic, partition})) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{} does not say whether {}/{} belongs to the transaction",
                              coordinator_.address(), topic, partition));
    }
  }
  done();
  return {};
}

Status Transactions::take_end(const Response& response, env::Monotonic now) {
  if (!transactions_have_epochs_) {
    return judge_end(wire::read_response<wire::EndTxn1>(response.frame), now);
  }
  const auto told = wire::read_response<wire::EndTxn>(response.frame);
  if (told.has_value() && told->error_code == kNoError) {
    identity_ = {told->producer_id, told->producer_epoch};
  }
  return judge_end(told, now);
}

template <class EndResponse>
Status Transactions::judge_end(const std::optional<EndResponse>& told, env::Monotonic now) {
  if (!told.has_value()) {
    may_have_ended();
    return fail(ErrorCode::kCorrupt,
                coordinator_.address() + " does not say how a transaction ended");
  }
  RHEON_ASSIGN(const bool good, judge(told->error_code, now));
  if (good) {
    ended_ = commit_ ? Ended::kCommitted : Ended::kAborted;
    done();
  }
  return {};
}

Result<bool> Transactions::judge(std::int16_t error, env::Monotonic now) {
  RHEON_ASSIGN(const std::optional<bool> of_any, coordinator_.judge(error, now));
  if (of_any.has_value()) {
    return *of_any;
  }
  switch (error) {
    case kConcurrentTransactions:
      coordinator_.again_at(now + kBetweenTransactions);
      return false;
    case kProducerFenced:
    case kInvalidProducerEpoch:
    case kInvalidProducerIdMapping:
    case kInvalidTxnState:
    case kTransactionAbortable:
      gone();
      return false;
    case kInvalidTransactionTimeout:
      fail_for_good(ErrorCode::kRefused, "the brokers do not take a transaction timeout of " +
                                             std::to_string(timeout_.count()) +
                                             " ms: raise their transaction.max.timeout.ms.");
      return false;
    case kTransactionalIdAuthorizationFailed:
      fail_for_good(ErrorCode::kRefused,
                    "this user has no right to transactional id '" + transactional_id_ +
                        "'. Grant it WRITE and DESCRIBE on transactional ids with this prefix.");
      return false;
    case kTopicAuthorizationFailed:
      fail_for_good(ErrorCode::kRefused,
                    "this user has no right to write to a topic of the transaction. Grant it "
                    "WRITE and DESCRIBE on it.");
      return false;
    default:
      fail_for_good(ErrorCode::kInternal,
                    "transactional id '" + transactional_id_ + "': " + describe_error(error) + ".");
      return false;
  }
}

void Transactions::gone() {
  if (todo_ == Todo::kIdentify && current_.has_value() && !maybe_raised_) {
    fail_for_good(ErrorCode::kRefused,
                  "somebody else has taken transactional id '" + transactional_id_ +
                      "': another process of this job runs, or has run since.");
    return;
  }
  if (todo_ == Todo::kEnd) {
    ended_ = Ended::kUnknown;  // this may be the second time that it is said
  }
  fail_for_good(ErrorCode::kIo,
                fmt::format("the brokers have ended a transaction of '{}': it took longer than {} "
                            "ms, or another process has taken this transactional id.",
                            transactional_id_, timeout_.count()));
}

void Transactions::done() {
  todo_ = Todo::kNothing;
  coordinator_.succeeded();
}

void Transactions::fail_for_good(ErrorCode code, std::string sentence) {
  failure_ = Error{code, std::move(sentence)};
  todo_ = Todo::kNothing;
}

void Transactions::lost(const Error& why, env::Monotonic now) {
  if (coordinator_.asked()) {
    // A coordinator recognizes the same request by the epoch before, which a new one does not know:
    // it is not in the log of transactions.
    maybe_raised_ = maybe_raised_ || todo_ == Todo::kIdentify;
    if (todo_ == Todo::kEnd) {
      may_have_ended();
    }
  }
  coordinator_.lost(why, now);
}

void Transactions::may_have_ended() {
  // In the first protocol the same end, said again, may meet another transaction: it is not said
  // again. In the second one each transaction has an epoch of its own.
  if (!transactions_have_epochs_) {
    ended_ = Ended::kUnknown;
    todo_ = Todo::kNothing;
  }
}

}  // namespace rheon::kafka
