#pragma once

// A cluster for who can wait: before a job runs, or on an I/O thread.

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "connect/kafka/place.h"
#include "env/env.h"
#include "kafka/client/access.h"
#include "kafka/client/cluster.h"
#include "kafka/client/link.h"

namespace rheon::connect::kafka {

/// How a client of this place begins.
[[nodiscard]] client::ClusterOptions cluster_options(const TopicPlace& place,
                                                     const client::Access& access);

/// Fills in `place`, as `parse` reads it, and `access` of a source or sink. Errors (kInvalidInput):
/// the url is none, or a file of `security` is not what it should be.
template <class End>
[[nodiscard]] Status take_place(std::string_view url, const client::Security& security,
                                Result<TopicPlace> (*parse)(std::string_view), End& end) {
  RHEON_ASSIGN(end.place, parse(url));
  RHEON_ASSIGN(end.access, client::Access::make(security));
  return {};
}

/// Refuses brokers on other machines without TLS, unless plaintext is allowed.
[[nodiscard]] Status check_transport(const TopicPlace& place, const client::Access& access);

/// What could be found out in time.
template <class T>
struct Partly {
  T found = {};
  Status all = {};  // or why something is missing
};

class PatientCluster {
 public:
  struct Waiting {
    std::string_view what;       // is to come, for people: "its topics"
    std::function<bool()> done;  // asked after each step of the cluster
    std::function<env::Monotonic()> deadline;
    std::function<std::optional<Error>()> trouble;
  };

  /// `place` must outlive it. `patience`: of all calls of wait() together.
  PatientCluster(env::Env& env, const TopicPlace& place, const client::Access& access,
                 std::chrono::seconds patience);

  /// Blocks; an error says why no answer came in time.
  [[nodiscard]] Status wait(const Waiting& waiting);
  /// Until this has its answer: something with step(), deadline() and trouble().
  template <class Conversation, class Done>
  [[nodiscard]] Status wait_for(std::string_view what, Conversation& conversation, Done&& done) {
    return wait({what,
                 [&] {
                   conversation.step(now());
                   return done();
                 },
                 [&] { return std::min(cluster_.deadline(), conversation.deadline()); },
                 [&] {
                   return conversation.trouble().has_value() ? conversation.trouble()
                                                             : cluster_.trouble();
                 }});
  }
  /// The answer of a broker, any of them, to one request: for read_response().
  template <class Call>
  [[nodiscard]] Result<std::string> ask(std::string_view what,
                                        const typename Call::Request& request) {
    return ask(what, [&](client::Link& link) { link.send<Call>(request, now()); });
  }
  [[nodiscard]] Status pause(std::string_view what, std::chrono::milliseconds time);
  /// From now on.
  void be_patient_for(std::chrono::seconds patience) { until_ = now() + patience; }

  [[nodiscard]] client::Cluster& cluster() { return cluster_; }
  [[nodiscard]] env::Random& random() { return env_.random(); }
  [[nodiscard]] env::Monotonic now() { return env_.clock().monotonic(); }

 private:
  /// What to look at when no broker has answered yet.
  [[nodiscard]] std::string_view hint() const;
  [[nodiscard]] Result<std::string> ask(std::string_view what,
                                        const std::function<void(client::Link&)>& send);

  env::Env& env_;
  const TopicPlace& place_;
  std::unique_ptr<env::Parker> parker_;
  client::Cluster cluster_;
  env::Monotonic until_;
};

}  // namespace rheon::connect::kafka
