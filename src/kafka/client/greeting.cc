#include "kafka/client/greeting.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kafka/client/error_codes.h"

namespace rheon::kafka {

namespace {

struct Needed {
  const char* name;
  std::int16_t key;
  std::int16_t version;
};
template <class Call>
constexpr Needed needed(const char* name) {
  return {name, Call::kKey, Call::kVersion};
}

/// What reading and writing need; the rest is asked for where it is used.
constexpr std::array kNeeded{
    needed<wire::Produce>("Produce"),
    needed<wire::Fetch>("Fetch"),
    needed<wire::ListOffsets>("ListOffsets"),
    needed<wire::Metadata>("Metadata"),
    needed<wire::FindCoordinator>("FindCoordinator"),
    needed<wire::InitProducerId>("InitProducerId"),
};

}  // namespace

BrokerAbilities BrokerAbilities::of(const wire::ApiVersionsResponse& response) {
  BrokerAbilities abilities;
  for (const auto& api : response.api_keys) {
    abilities.ranges_.push_back({api.api_key, api.min_version, api.max_version});
  }
  std::sort(abilities.ranges_.begin(), abilities.ranges_.end(),
            [](const Range& a, const Range& b) { return a.key < b.key; });
  if (response.finalized_features.has_value()) {
    for (const auto& feature : *response.finalized_features) {
      if (feature.name == "transaction.version") {
        abilities.transaction_version_ = feature.max_version_level;
      }
    }
  }
  return abilities;
}

bool BrokerAbilities::speaks(std::int16_t key, std::int16_t version) const {
  const auto at =
      std::lower_bound(ranges_.begin(), ranges_.end(), key,
                       [](const Range& range, std::int16_t k) { return range.key < k; });
  return at != ranges_.end() && at->key == key && at->least <= version && version <= at->most;
}

Greeting::Greeting(Connection& connection, std::unique_ptr<SaslExchange> sasl, std::string address,
                   std::string version)
    : connection_(connection),
      sasl_(std::move(sasl)),
      address_(std::move(address)),
      version_(std::move(version)) {}

void Greeting::begin(env::Monotonic deadline) {
  deadline_ = deadline;
  connection_.send<wire::ApiVersions>({"rheon", version_}, deadline);
}

Result<bool> Greeting::take(const Response& response) {
  switch (step_) {
    case Step::kVersions:
      RHEON_TRY(take_versions(response.frame));
      if (sasl_ == nullptr) {
        step_ = Step::kDone;
        return true;
      }
      connection_.send_sasl_handshake(sasl_->mechanism(), deadline_);
      step_ = Step::kMechanism;
      return false;
    case Step::kMechanism:
      RHEON_TRY(take_mechanism(response.frame));
      prove(sasl_->begin());
      step_ = Step::kProof;
      return false;
    case Step::kProof:
      return take_proof(response.frame);
    case Step::kDone:
      break;
  }
  return no_broker();  // it says more than it was asked
}

Status Greeting::take_versions(std::string_view frame) {
  // A broker that does not know our version of this request says so in its oldest form.
  wire::Reader in(frame);
  static_cast<void>(in.integer<std::int32_t>());
  if (in.integer<std::int16_t>() == kUnsupportedVersion && !in.failed()) {
    return refused("it is older than Kafka 3.9, the oldest that is supported");
  }
  const auto versions = wire::read_response<wire::ApiVersions>(frame);
  if (!versions.has_value()) {
    return no_broker();
  }
  if (versions->error_code != 0) {
    return refused("it answers our greeting with error " + std::to_string(versions->error_code));
  }
  abilities_ = BrokerAbilities::of(*versions);
  for (const Needed& call : kNeeded) {
    if (!abilities_.speaks(call.key, call.version)) {
      return refused("it does not speak version " + std::to_string(call.version) + " of " +
                     call.name + ". Kafka 3.9 to 4.3 do");
    }
  }
  return {};
}

Status Greeting::take_mechanism(std::string_view frame) {
  const auto answer = wire::SaslHandshake::read_response(frame);
  if (!answer.has_value()) {
    return no_broker();
  }
  if (answer->error_code == kUnsupportedSaslMechanism) {
    std::string known;
    for (const std::string_view mechanism : answer->mechanisms) {
      known += (known.empty() ? "" : ", ") + std::string(mechanism);
    }
    return refused("it does not take " + std::string(sasl_->mechanism()) + ", but " + known);
  }
  if (answer->error_code == kIllegalSaslState) {
    return refused(
        "it does not ask who we are on this port: leave user and password away, or use "
        "the port that does");
  }
  if (answer->error_code != 0) {
    return refused("it answers " + std::string(sasl_->mechanism()) + " with error " +
                   std::to_string(answer->error_code));
  }
  return {};
}

void Greeting::prove(std::string_view bytes) {
  connection_.send<wire::SaslAuthenticate>({bytes}, deadline_);
}

Result<bool> Greeting::take_proof(std::string_view frame) {
  const auto answer = wire::read_response<wire::SaslAuthenticate>(frame);
  if (!answer.has_value()) {
    return no_broker();
  }
  if (answer->error_code != 0) {
    return refused(answer->error_message.has_value()
                       ? std::string(*answer->error_message)
                       : "authentication failed, error " + std::to_string(answer->error_code));
  }
  auto next = sasl_->answer(answer->auth_bytes);
  if (!next.has_value()) {
    return refused(next.error().message);
  }
  if (next->has_value()) {
    prove(**next);
    return false;
  }
  sasl_.reset();
  session_ = std::chrono::milliseconds{std::max<std::int64_t>(answer->session_lifetime_ms, 0)};
  step_ = Step::kDone;
  return true;
}

tl::unexpected<Error> Greeting::no_broker() const {
  return fail(ErrorCode::kCorrupt,
              address_ + " does not answer as a Kafka broker does. Is it the right host and port?");
}

tl::unexpected<Error> Greeting::refused(std::string_view why) const {
  return fail(ErrorCode::kRefused, address_ + " does not let us in: " + std::string(why) + ".");
}

}  // namespace rheon::kafka
