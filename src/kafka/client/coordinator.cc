#include "kafka/client/coordinator.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "kafka/client/error_codes.h"

namespace rheon::kafka {

Coordinator::Coordinator(Cluster& cluster, env::Random& random, Of of, std::string key)
    : cluster_(cluster),
      of_(of),
      key_(std::move(key)),
      backoff_(random, cluster.options().first_wait, cluster.options().longest_wait) {}

std::string Coordinator::name() const {
  return (of_ == Of::kGroup ? "group '" : "transactional id '") + key_ + "'";
}

Result<std::int16_t> Coordinator::step(env::Monotonic now, bool wanted) {
  if (link_ == nullptr || (link_->stale(now) && !asked_)) {
    if (!wanted || now < again_at_) {
      return kNoError;
    }
    open_any(now);
    if (link_ == nullptr) {
      return kNoError;  // nothing is known of the cluster yet
    }
  }
  RHEON_TRY(link_->pump(now));
  if (!link_->ready()) {
    return kNoError;
  }
  if (there_) {
    RHEON_TRY(look_at_silence(now));
    return kNoError;
  }
  if (!asked_) {
    if (!wanted || now < again_at_) {
      return kNoError;
    }
    ask_who(now);
    RHEON_TRY(link_->pump(now));
  }
  RHEON_ASSIGN(const std::optional<Response> answer, link_->next(now));
  return answer.has_value() ? take(*answer, now) : kNoError;
}

/// A connection that ends while nothing is asked is better lost now than with the next question.
Status Coordinator::look_at_silence(env::Monotonic now) {
  if (asked_) {
    return {};
  }
  RHEON_ASSIGN(const std::optional<Response> answer, link_->next(now));
  return answer.has_value()
             ? fail(ErrorCode::kCorrupt, link_->address() + " answers what nobody has asked")
             : Status();
}

void Coordinator::open_any(env::Monotonic now) {
  there_ = key_.empty();
  asked_ = false;
  link_.reset();
  const auto& brokers = cluster_.brokers();
  if (!brokers.empty()) {
    const auto at =
        std::next(brokers.begin(), static_cast<std::ptrdiff_t>(turn_++ % brokers.size()));
    link_ = cluster_.open(at->first, now);
  }
}

void Coordinator::ask_who(env::Monotonic now) {
  wire::FindCoordinatorRequest request;
  request.key_type = static_cast<std::int8_t>(of_);
  request.coordinator_keys = {key_};
  link_->send<wire::FindCoordinator>(request, now);
  asked_ = true;
}

Result<std::int16_t> Coordinator::take(const Response& response, env::Monotonic now) {
  asked_ = false;
  const auto told = wire::read_response<wire::FindCoordinator>(response.frame);
  if (!told.has_value() || told->coordinators.size() != 1) {
    return fail(ErrorCode::kCorrupt, link_->address() + " does not say who coordinates " + name());
  }
  const auto& found = told->coordinators.front();
  if (found.error_code != kNoError) {
    return found.error_code;
  }
  link_ = cluster_.open(found.node_id, now);
  if (link_ == nullptr) {
    return fail(ErrorCode::kIo, "the coordinator of " + name() + " is broker " +
                                    std::to_string(found.node_id) + ", which is not known");
  }
  there_ = true;
  return kNoError;
}

Result<std::optional<Response>> Coordinator::next(env::Monotonic now) {
  if (!asked()) {
    return std::optional<Response>();
  }
  if (std::exchange(unsent_, false)) {
    RHEON_TRY(link_->pump(now));
  }
  RHEON_ASSIGN(std::optional<Response> answer, link_->next(now));
  asked_ = !answer.has_value();
  return answer;
}

Result<std::optional<bool>> Coordinator::judge(std::int16_t error, env::Monotonic now) {
  switch (error) {
    case kNoError:
      return true;
    case kCoordinatorNotAvailable:
    case kNotCoordinator:
      return fail(ErrorCode::kIo, name() + ": " + describe_error(error));
    case kCoordinatorLoadInProgress:
    case kRequestTimedOut:
    case kUnknownServerError:
    case kUnknownTopicOrPartition:  // also of one that was made a moment ago
      back_off({ErrorCode::kIo, name() + ": " + describe_error(error)}, now);
      return false;
    default:
      return std::nullopt;
  }
}

void Coordinator::lost(const Error& why, env::Monotonic now) {
  link_.reset();
  there_ = false;
  asked_ = false;
  unsent_ = false;
  back_off(why, now);
  cluster_.refresh();
}

void Coordinator::back_off(const Error& why, env::Monotonic now) {
  trouble_ = why;
  again_at_ = now + backoff_.failed();
}

void Coordinator::succeeded() {
  trouble_.reset();
  backoff_.succeeded();
}

env::Monotonic Coordinator::deadline(bool wanted) const {
  if (link_ == nullptr && cluster_.brokers().empty()) {
    return env::Monotonic::max();  // the cluster comes first, and says when
  }
  env::Monotonic at = link_ != nullptr ? link_->deadline() : env::Monotonic::max();
  if (wanted && !asked_ && (link_ == nullptr || link_->ready())) {
    at = std::min(at, again_at_);
  }
  return at;
}

}  // namespace rheon::kafka
