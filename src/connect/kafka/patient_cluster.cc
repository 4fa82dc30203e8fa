#include "connect/kafka/patient_cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rheon::connect::kafka {

namespace {

constexpr std::chrono::seconds kOpenTimeout{3};
constexpr std::chrono::milliseconds kAgain{100};

/// Several addresses have their turn while somebody waits.
client::ClusterOptions impatient(client::ClusterOptions options) {
  options.open_timeout = kOpenTimeout;
  return options;
}

}  // namespace

client::ClusterOptions cluster_options(const TopicPlace& place, const client::Access& access) {
  client::ClusterOptions options;
  options.bootstrap = place.brokers;
  options.credentials = access.credentials;
  options.tls = access.tls;
  options.loopback_only = access.anybody_can_read() && !access.allow_plaintext;
  return options;
}

Status check_transport(const TopicPlace& place, const client::Access& access) {
  for (const client::Address& address : place.brokers) {
    if (access.anybody_can_read() && !access.allow_plaintext &&
        !client::is_loopback(address.host)) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("records would go to or from '{}' over the network as they are, for "
                              "everybody to read. The job connects with TLS by security.tls in the "
                              "options of kafka::values, kafka::messages or kafka::out; "
                              "security.allow_plaintext says that it is meant.",
                              address.host));
    }
  }
  return {};
}

PatientCluster::PatientCluster(env::Env& env, const TopicPlace& place, const client::Access& access,
                               std::chrono::seconds patience)
    : env_(env),
      place_(place),
      parker_(env.threads().make_parker()),
      cluster_(env.network(), *parker_, env.random(), impatient(cluster_options(place, access))),
      until_(env.clock().monotonic() + patience) {}

Status PatientCluster::wait(const Waiting& waiting) {
  for (;;) {
    const env::Monotonic now = env_.clock().monotonic();
    cluster_.step(now);
    if (waiting.done()) {
      return {};
    }
    if (const std::optional<Error> why = waiting.trouble();
        now >= until_ || (why.has_value() && why->code == ErrorCode::kRefused)) {
      const std::string message = why.has_value() ? why->message : "no answer came in time";
      return fail(why.has_value() ? why->code : ErrorCode::kIo,
                  fmt::format("{} cannot be asked for {}: {}{}{}", describe_brokers(place_),
                              waiting.what, message, message.ends_with('?') ? "" : ".", hint()));
    }
    parker_->park_until(std::min(waiting.deadline(), until_));
  }
}

std::string_view PatientCluster::hint() const {
  if (cluster_.age() > 0) {
    return "";
  }
  return cluster_.options().credentials.has_value()
             ? " Is a broker of Kafka (3.9 or later) listening there?"
             : " Is a broker of Kafka (3.9 or later) listening there, and does it let in who gives "
               "no name (security.credentials)?";
}

Status PatientCluster::pause(std::string_view what, std::chrono::milliseconds time) {
  const env::Monotonic end = now() + time;
  return wait({what, [&] { return now() >= end; }, [&] { return end; },
               [&] { return cluster_.trouble(); }});
}

Result<std::string> PatientCluster::ask(std::string_view what,
                                        const std::function<void(client::Link&)>& send) {
  std::unique_ptr<client::Link> link;
  std::int32_t node = INT32_MIN;  // each one's turn, until one answers
  bool asked = false;
  env::Monotonic open_at{0};
  std::optional<Error> trouble;
  std::optional<std::string> answer;
  const auto converse = [&]() -> Status {
    const auto& brokers = cluster_.brokers();
    if (link == nullptr) {
      if (brokers.empty() || now() < open_at) {
        return {};
      }
      const auto next = brokers.upper_bound(node);
      node = next == brokers.end() ? brokers.begin()->first : next->first;
      link = cluster_.open(node, now());
      asked = false;
      if (link == nullptr) {
        return fail(ErrorCode::kIo, "the brokers are not known");
      }
    }
    RHEON_TRY(link->pump(now()));
    if (!link->ready()) {
      return {};  // what comes now belongs to the greeting
    }
    if (!asked) {
      send(*link);
      asked = true;
      RHEON_TRY(link->pump(now()));
    }
    RHEON_ASSIGN(const std::optional<client::Response> response, link->next(now()));
    if (response.has_value()) {
      answer = response->frame;
    }
    return {};
  };
  RHEON_TRY(wait({what,
                  [&] {
                    const Status status = converse();
                    if (!status.has_value()) {
                      trouble = status.error();
                      link.reset();
                      open_at = now() + kAgain;
                    }
                    return answer.has_value();
                  },
                  [&] {
                    if (link != nullptr) {
                      return std::min(cluster_.deadline(), link->deadline());
                    }
                    return cluster_.brokers().empty() ? cluster_.deadline()
                                                      : std::min(cluster_.deadline(), open_at);
                  },
                  [&] { return trouble.has_value() ? trouble : cluster_.trouble(); }}));
  return std::move(*answer);
}

}  // namespace rheon::connect::kafka
