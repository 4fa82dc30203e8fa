#pragma once

// One connection to one broker, from the first byte to the last: opened, greeted, used, lost. Who
// wants to go on makes another one.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "env/network.h"
#include "kafka/client/connection.h"
#include "kafka/client/greeting.h"

namespace rheon::kafka {

struct LinkOptions {
  std::string host;
  std::uint16_t port = 9092;
  std::string client = "rheon";
  std::string version = "0";  // of this program
  env::Monotonic open_timeout = std::chrono::seconds{10};
  env::Monotonic request_timeout = std::chrono::seconds{30};
  std::uint32_t max_response_bytes = 256u << 20;
};

/// Used by one thread; nothing blocks. The waker is woken when a call may get on.
class Link {
 public:
  /// `stream`: connected or about to be.
  Link(LinkOptions options, std::unique_ptr<env::NetworkStream> stream,
       std::unique_ptr<SaslExchange> sasl, env::Monotonic now);

  /// Sends what can be sent, greets. An error: the link is over, and what
  /// became of the requests without an answer nobody knows.
  [[nodiscard]] Status pump(env::Monotonic now);
  /// The broker has let us in: there may be requests.
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] const BrokerAbilities& abilities() const { return greeting_.abilities(); }
  /// Better begin another one soon: the broker is going to forget who we are.
  [[nodiscard]] bool stale(env::Monotonic now) const { return now >= stale_at_; }

  /// Only when ready(). It goes with the next pump().
  template <class Call>
  Ticket send(const typename Call::Request& request, env::Monotonic now,
              std::int16_t version = Call::kVersion) {
    return connection_.send<Call>(request, now + options_.request_timeout, version);
  }
  /// The next answer; none: it has not come. Valid until the next call. Errors: as of pump(), and
  /// that the broker is late.
  [[nodiscard]] Result<std::optional<Response>> next(env::Monotonic now);
  /// See Connection.
  [[nodiscard]] FrameBuffer keep() { return connection_.keep(); }
  void give_back(FrameBuffer buffer) { connection_.give_back(std::move(buffer)); }
  [[nodiscard]] std::size_t unanswered() const { return connection_.unanswered(); }

  /// When pump() must be called though nothing has come.
  [[nodiscard]] env::Monotonic deadline() const;
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  [[nodiscard]] Status write();
  [[nodiscard]] Status greet(env::Monotonic now);
  [[nodiscard]] Result<std::optional<Response>> read();

  LinkOptions options_;
  std::string address_;
  std::unique_ptr<env::NetworkStream> stream_;
  Connection connection_;
  Greeting greeting_;
  env::Monotonic open_until_;
  env::Monotonic stale_at_ = env::Monotonic::max();
  bool ready_ = false;
};

}  // namespace rheon::kafka
