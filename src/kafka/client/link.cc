#include "kafka/client/link.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace rheon::kafka {

namespace {

std::string seconds_of(env::Monotonic time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

Link::Link(LinkOptions options, std::unique_ptr<env::NetworkStream> stream,
           std::unique_ptr<SaslExchange> sasl, env::Monotonic now)
    : options_(std::move(options)),
      address_(options_.host + ":" + std::to_string(options_.port)),
      stream_(std::move(stream)),
      connection_({.address = address_,
                   .client = options_.client,
                   .max_response_bytes = options_.max_response_bytes}),
      greeting_(connection_, std::move(sasl), address_, options_.version),
      open_until_(now + options_.open_timeout) {
  greeting_.begin(open_until_);
}

Status Link::pump(env::Monotonic now) {
  RHEON_TRY(write());
  if (!ready_) {
    RHEON_TRY(greet(now));
  }
  if (ready_ || now < open_until_) {
    return {};
  }
  const std::string within = " within " + seconds_of(options_.open_timeout);
  return fail(ErrorCode::kIo, connection_.unsent().empty()
                                  ? address_ + " has let us connect, and has not answered" + within
                                  : "cannot connect to " + address_ + within);
}

Status Link::write() {
  while (!connection_.unsent().empty()) {
    RHEON_ASSIGN(const std::size_t sent, stream_->write(as_bytes(connection_.unsent())));
    if (sent == 0) {
      break;
    }
    connection_.sent(sent);
  }
  return {};
}

Status Link::greet(env::Monotonic now) {
  for (;;) {
    RHEON_ASSIGN(const std::optional<Response> answer, read());
    if (!answer.has_value()) {
      return {};
    }
    RHEON_ASSIGN(ready_, greeting_.take(*answer));
    if (ready_) {
      if (greeting_.session() > std::chrono::milliseconds{0}) {
        stale_at_ = now + greeting_.session() * 4 / 5;
      }
      return {};
    }
    // What the greeting says next goes out now, not when somebody calls again.
    RHEON_TRY(write());
  }
}

Result<std::optional<Response>> Link::next(env::Monotonic now) {
  RHEON_ASSIGN(std::optional<Response> answer, read());
  // Who was busy with something else for long finds here what has come meanwhile.
  if (!answer.has_value() && now >= connection_.deadline()) {
    return fail(ErrorCode::kIo,
                address_ + " has not answered for " + seconds_of(options_.request_timeout));
  }
  return answer;
}

Result<std::optional<Response>> Link::read() {
  for (;;) {
    RHEON_ASSIGN(std::optional<Response> answer, connection_.next());
    if (answer.has_value()) {
      return answer;
    }
    RHEON_ASSIGN(const std::size_t come, stream_->read(connection_.space()));
    if (come == 0) {
      return std::nullopt;
    }
    RHEON_TRY(connection_.received(come));
  }
}

env::Monotonic Link::deadline() const { return ready_ ? connection_.deadline() : open_until_; }

}  // namespace rheon::kafka
