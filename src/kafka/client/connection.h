#pragma once

// The conversation with one broker, without its socket: what shall be sent and what has come are
// bytes, and time is given. A broker answers the requests of a connection in their order (protocol
// guide, "Network").

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "env/clock.h"
#include "kafka/client/frame_buffer.h"
#include "kafka/wire/frame.h"

namespace rheon::kafka {

struct ConnectionOptions {
  std::string address;  // "host:port", for sentences
  std::string client = "rheon";
  std::uint32_t max_response_bytes = 256u << 20;
};

/// Says which request an answer belongs to. Numbers of one connection.
using Ticket = std::int32_t;

struct Response {
  Ticket ticket = 0;
  std::string_view frame;  // for wire::read_response()
};

/// Used by one thread.
class Connection {
 public:
  explicit Connection(ConnectionOptions options) : options_(std::move(options)) {}

  /// Queues a request, without a bound: who asks for more than is sent waits first. Behind
  /// `deadline` nobody waits for its answer any more. Each one must have an answer.
  template <class Call>
  Ticket send(const typename Call::Request& request, env::Monotonic deadline,
              std::int16_t version = Call::kVersion) {
    wire::write_request<Call>(request, next_ticket_, options_.client, out_, version);
    return expect_answer(deadline);
  }
  Ticket send_sasl_handshake(std::string_view mechanism, env::Monotonic deadline) {
    wire::SaslHandshake::write_request(mechanism, next_ticket_, options_.client, out_);
    return expect_answer(deadline);
  }

  /// What is still to be sent.
  [[nodiscard]] std::string_view unsent() const { return std::string_view(out_).substr(sent_); }
  void sent(std::size_t bytes);

  /// Where the next bytes that come go; never empty. Only when next() has said that there is none.
  /// What next() has returned is gone then, unless it was kept.
  [[nodiscard]] std::span<std::byte> space();
  /// So many have come. Errors: it is no broker that answers there (kCorrupt), or not one without
  /// TLS (kRefused); the connection is of no use any more.
  [[nodiscard]] Status received(std::size_t bytes);
  /// The next answer; none: it has not come as a whole. Errors as of received().
  [[nodiscard]] Result<std::optional<Response>> next();
  /// The memory of the last answer, which stays as long as this does.
  [[nodiscard]] FrameBuffer keep();
  /// Memory to use again.
  void give_back(FrameBuffer buffer);

  [[nodiscard]] std::size_t unanswered() const { return expected_.size(); }
  /// When the first of the unanswered requests is late; the end of time: there is none.
  [[nodiscard]] env::Monotonic deadline() const;

 private:
  struct Expected {
    Ticket ticket;
    env::Monotonic deadline;
  };

  Ticket expect_answer(env::Monotonic deadline);
  [[nodiscard]] std::string_view unread() const { return in_.filled().substr(at_); }
  /// Of the frame that begins at at_, with its length; 0: that has not come.
  [[nodiscard]] std::size_t frame_bytes() const;
  [[nodiscard]] Status check_length() const;
  void make_room(std::size_t frame);
  [[nodiscard]] tl::unexpected<Error> no_broker(std::string_view what) const;

  ConnectionOptions options_;
  std::string out_;
  std::size_t sent_ = 0;
  FrameBuffer in_;
  std::size_t at_ = 0;  // in it: behind the last answer
  FrameBuffer spare_;
  std::deque<Expected> expected_;
  Ticket next_ticket_ = 1;
};

}  // namespace rheon::kafka
