#include "kafka/client/connection.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace rheon::kafka {

namespace {

constexpr std::size_t kSmallBytes = 16 << 10;  // most answers are smaller, and come in one read
constexpr std::size_t kSentBytes = 1 << 20;    // sent bytes that are kept before the rest moves
constexpr std::size_t kSpareBytes = 64 << 20;  // larger buffers go back to the system

/// What a server that expects TLS says to one without (RFC 8446, section 5.1): an alert.
bool is_tls(std::string_view bytes) {
  return bytes.size() >= 2 && (bytes[0] == '\x15' || bytes[0] == '\x16') && bytes[1] == '\x03';
}

}  // namespace

Ticket Connection::expect_answer(env::Monotonic deadline) {
  expected_.push_back({next_ticket_, deadline});
  return std::exchange(next_ticket_, next_ticket_ == INT32_MAX ? 1 : next_ticket_ + 1);
}

void Connection::sent(std::size_t bytes) {
  sent_ += bytes;
  RHEON_ASSERT(sent_ <= out_.size(), "more was sent than there was");
  if (sent_ == out_.size()) {
    out_.clear();
    sent_ = 0;
  } else if (sent_ > kSentBytes && sent_ >= out_.size() / 2) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
}

std::size_t Connection::frame_bytes() const {
  wire::Reader in(unread());
  const auto length = in.integer<std::int32_t>();
  return in.failed() ? 0 : wire::kLengthBytes + static_cast<std::size_t>(length);
}

std::span<std::byte> Connection::space() {
  make_room(std::max(frame_bytes(), kSmallBytes));
  return in_.free();
}

/// Moves what is unread to the front of a buffer that holds a frame of this size.
void Connection::make_room(std::size_t frame) {
  if (at_ == 0 && in_.capacity() >= frame && !in_.free().empty()) {
    return;
  }
  if (in_.capacity() >= frame) {
    in_.assign(unread());
  } else {
    FrameBuffer larger =
        spare_.capacity() >= frame ? std::exchange(spare_, FrameBuffer()) : FrameBuffer(frame);
    larger.assign(unread());
    give_back(std::exchange(in_, std::move(larger)));
  }
  at_ = 0;
}

Status Connection::received(std::size_t bytes) {
  RHEON_ASSERT(bytes <= in_.free().size(), "more has come than there was space for");
  in_.fill(bytes);
  return check_length();
}

Status Connection::check_length() const {
  wire::Reader in(unread());
  const auto length = in.integer<std::int32_t>();
  if (in.failed()) {
    return {};
  }
  if (is_tls(unread())) {
    return fail(ErrorCode::kRefused, options_.address +
                                         " speaks TLS, and the connection was to be without it: "
                                         "security.tls is how to connect, or another port");
  }
  if (length < static_cast<std::int32_t>(sizeof(Ticket)) ||
      static_cast<std::uint32_t>(length) > options_.max_response_bytes) {
    return no_broker("it says that its answer is " + std::to_string(length) + " bytes long");
  }
  return {};
}

Result<std::optional<Response>> Connection::next() {
  RHEON_TRY(check_length());
  const std::size_t bytes = frame_bytes();
  if (bytes == 0) {
    return std::nullopt;
  }
  if (unread().size() < bytes) {
    return std::nullopt;
  }
  const std::string_view frame = unread().substr(wire::kLengthBytes, bytes - wire::kLengthBytes);
  const std::optional<Ticket> ticket = wire::correlation_of(frame);
  if (expected_.empty() || ticket != expected_.front().ticket) {
    return no_broker("it answers what it was not asked");
  }
  expected_.pop_front();
  at_ += bytes;
  return Response{*ticket, frame};
}

FrameBuffer Connection::keep() {
  const std::string_view rest = unread();
  const std::size_t capacity = std::max(rest.size(), kSmallBytes);
  FrameBuffer next =
      spare_.capacity() >= capacity ? std::exchange(spare_, FrameBuffer()) : FrameBuffer(capacity);
  next.assign(rest);
  at_ = 0;
  return std::exchange(in_, std::move(next));
}

void Connection::give_back(FrameBuffer buffer) {
  if (buffer.capacity() > spare_.capacity() && buffer.capacity() <= kSpareBytes) {
    spare_ = std::move(buffer);
  }
}

env::Monotonic Connection::deadline() const {
  env::Monotonic first = env::Monotonic::max();
  for (const Expected& one : expected_) {
    first = std::min(first, one.deadline);
  }
  return first;
}

tl::unexpected<Error> Connection::no_broker(std::string_view what) const {
  return fail(ErrorCode::kCorrupt, options_.address + " does not answer as a Kafka broker does: " +
                                       std::string(what) + ". Is it the right host and port?");
}

}  // namespace rheon::kafka
