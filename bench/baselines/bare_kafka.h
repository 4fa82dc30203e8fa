#pragma once

// H2: what is left of a client of Kafka when everything is taken away that a program needs which
// runs for longer than a measurement: one broker on a blocking socket, no failures, no rebalancing,
// no transactions, no checksums of what is read. The practical limit of "read a topic" and "write a
// topic". Setting it up uses the engine's messages; records are read and written by hand.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/crc32c.h"
#include "kafka/wire/frame.h"
#include "kafka/wire/writer.h"

namespace rheon::bench {

namespace wire = kafka::wire;

/// A connection to a broker on this machine.
class BareBroker {
 public:
  explicit BareBroker(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    if (socket_ < 0 || setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("no broker at 127.0.0.1:" + std::to_string(port) +
                               ": `./dev kafka up` starts one");
    }
  }
  ~BareBroker() { ::close(socket_); }
  BareBroker(const BareBroker&) = delete;
  BareBroker& operator=(const BareBroker&) = delete;

  template <class Call>
  void ask(const typename Call::Request& request) {
    out_.clear();
    wire::write_request<Call>(request, ++correlation_, "bare", out_);
    send_all(out_);
  }
  /// The next frame, without its length; valid until the next call.
  [[nodiscard]] std::string_view receive() {
    std::array<char, wire::kLengthBytes> length{};
    receive_all(length.data(), length.size());
    std::uint32_t bytes = 0;
    std::memcpy(&bytes, length.data(), sizeof bytes);
    bytes = ntohl(bytes);
    if (bytes > room_.size()) {
      room_.resize(bytes);
    }
    receive_all(room_.data(), bytes);
    return {room_.data(), bytes};
  }
  /// What has been received stays; the next one goes elsewhere.
  void keep() { std::swap(room_, kept_); }
  void send_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) {
        throw std::runtime_error("the broker has hung up");
      }
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

 private:
  void receive_all(char* into, std::size_t bytes) {
    while (bytes > 0) {
      const ssize_t n = ::recv(socket_, into, bytes, MSG_WAITALL);
      if (n <= 0) {
        throw std::runtime_error("the broker has hung up");
      }
      into += n;
      bytes -= static_cast<std::size_t>(n);
    }
  }

  int socket_;
  std::int32_t correlation_ = 0;
  std::string out_;
  std::vector<char> room_;
  std::vector<char> kept_;
};

namespace bare {

inline std::int64_t varint(const char*& at) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
    }
  }
}

inline void put_varint(char*& at, std::int64_t value) {
  auto left = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (; left >= 0x80; left >>= 7) {
    *at++ = static_cast<char>(left | 0x80);
  }
  *at++ = static_cast<char>(left);
}

inline std::size_t varint_bytes(std::int64_t value) {
  std::array<char, 10> room{};
  char* at = room.data();
  put_varint(at, value);
  return static_cast<std::size_t>(at - room.data());
}

inline std::uint32_t integer32(const char* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return ntohl(value);
}

constexpr std::size_t kBatchHeader = 61;
constexpr std::size_t kLogOverhead = 12;  // offset and length, which the length does not count

/// Calls `take(value)` for every record of batches without compression; returns the offset behind
/// them, or `offset` when there are none.
template <class Take>
std::int64_t read_records(std::string_view batches, std::int64_t offset, Take&& take) {
  const char* at = batches.data();
  const char* const end = at + batches.size();
  while (at + kBatchHeader <= end && at + kLogOverhead + integer32(at + 8) <= end) {
    const std::int64_t base = (static_cast<std::int64_t>(integer32(at)) << 32) | integer32(at + 4);
    const char* const next = at + kLogOverhead + integer32(at + 8);
    const std::uint32_t records = integer32(at + 57);
    offset = base + integer32(at + 23) + 1;
    const bool control = (at[22] & 32) != 0;
    const char* record = at + kBatchHeader;
    for (std::uint32_t i = 0; i < records && !control; ++i) {
      const std::int64_t bytes = varint(record);
      const char* const behind = record + bytes;
      ++record;  // attributes
      varint(record);
      varint(record);
      record += std::max<std::int64_t>(varint(record), 0);  // key
      const std::int64_t value = varint(record);
      take(std::string_view(record, static_cast<std::size_t>(value)));
      record = behind;
    }
    at = next;
  }
  return offset;
}

}  // namespace bare

/// Reads all partitions of a topic from their beginning up to `ends`; the answer after the one that
/// is being read is on its way already.
template <class Take>
void bare_consume(std::uint16_t port, wire::Uuid topic, const std::vector<std::int64_t>& ends,
                  Take&& take) {
  BareBroker broker(port);
  std::vector<std::int64_t> offsets(ends.size(), 0);
  const auto ask = [&] {
    wire::FetchRequest request;
    request.max_wait_ms = 500;
    request.min_bytes = 1;
    request.max_bytes = 16 << 20;
    request.isolation_level = 0;
    request.topics.push_back({topic, {}});
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      if (offsets[i] < ends[i]) {
        wire::FetchRequest::Partition partition;
        partition.partition = static_cast<std::int32_t>(i);
        partition.fetch_offset = offsets[i];
        partition.partition_max_bytes = 1 << 20;
        request.topics.back().partitions.push_back(partition);
      }
    }
    const bool any = !request.topics.back().partitions.empty();
    if (any) {
      broker.ask<wire::Fetch>(request);
    }
    return any;
  };
  for (bool asked = ask(); asked;) {
    const auto response = wire::read_response<wire::Fetch>(broker.receive());
    for (const auto& partition : response->responses.front().partitions) {
      auto& offset = offsets[static_cast<std::size_t>(partition.partition_index)];
      // Over the headers alone, so that the next request can go.
      const std::string_view records = partition.records.value_or("");
      for (std::size_t at = 0; at + bare::kBatchHeader <= records.size();) {
        const std::size_t bytes = bare::kLogOverhead + bare::integer32(records.data() + at + 8);
        if (at + bytes > records.size()) {
          break;
        }
        offset = ((static_cast<std::int64_t>(bare::integer32(records.data() + at)) << 32) |
                  bare::integer32(records.data() + at + 4)) +
                 bare::integer32(records.data() + at + 23) + 1;
        at += bytes;
      }
    }
    broker.keep();
    asked = ask();
    for (const auto& partition : response->responses.front().partitions) {
      bare::read_records(partition.records.value_or(""), 0, take);
    }
  }
}

/// Writes records to the partitions of a topic in turn, half a megabyte a batch, five requests on
/// their way, and waits until the leader has all of them.
class BareProducer {
 public:
  BareProducer(std::uint16_t port, std::string topic, std::int32_t partitions)
      : broker_(port), topic_(std::move(topic)), partitions_(partitions) {
    batch_.resize(kBatchBytes + kSlackBytes);
    begin();
  }

  void put(std::string_view key, std::string_view value) {
    const std::int64_t body =
        1 + 1 + static_cast<std::int64_t>(bare::varint_bytes(records_)) +
        static_cast<std::int64_t>(
            bare::varint_bytes(static_cast<std::int64_t>(key.size())) + key.size() +
            bare::varint_bytes(static_cast<std::int64_t>(value.size())) + value.size()) +
        1;
    bare::put_varint(at_, body);
    *at_++ = 0;  // attributes
    *at_++ = 0;  // the same time
    bare::put_varint(at_, records_);
    bare::put_varint(at_, static_cast<std::int64_t>(key.size()));
    at_ = std::copy(key.begin(), key.end(), at_);
    bare::put_varint(at_, static_cast<std::int64_t>(value.size()));
    at_ = std::copy(value.begin(), value.end(), at_);
    *at_++ = 0;  // no headers
    ++records_;
    if (at_ >= batch_.data() + kBatchBytes) {
      send();
    }
  }
  void finish() {
    if (records_ > 0) {
      send();
    }
    while (on_their_way_ > 0) {
      hear();
    }
  }

 private:
  static constexpr std::size_t kBatchBytes = 512 << 10;
  static constexpr std::size_t kSlackBytes = 4096;
  static constexpr int kInFlight = 5;

  void begin() {
    at_ = batch_.data() + bare::kBatchHeader;
    records_ = 0;
  }
  void send() {
    const auto bytes = static_cast<std::size_t>(at_ - batch_.data());
    char* const head = batch_.data();
    std::memset(head, 0, bare::kBatchHeader);
    wire::Writer::put_integer(head + 8, static_cast<std::int32_t>(bytes - bare::kLogOverhead));
    head[16] = 2;  // magic
    wire::Writer::put_integer(head + 23, static_cast<std::int32_t>(records_ - 1));
    std::memset(head + 43, 0xff, 14);  // nobody's id, epoch and sequence
    wire::Writer::put_integer(head + 57, static_cast<std::int32_t>(records_));
    wire::Writer::put_integer(head + 17, crc32c(std::string_view(batch_.data() + 21, bytes - 21)));
    if (on_their_way_ == kInFlight) {
      hear();
    }
    wire::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 30'000;
    request.topic_data.push_back({topic_, {{turn_, std::string_view(batch_.data(), bytes)}}});
    broker_.ask<wire::Produce>(request);
    ++on_their_way_;
    turn_ = (turn_ + 1) % partitions_;
    begin();
  }
  void hear() {
    const auto response = wire::read_response<wire::Produce>(broker_.receive());
    if (!response.has_value() ||
        response->responses.front().partition_responses.front().error_code != 0) {
      throw std::runtime_error("the broker does not take a batch");
    }
    --on_their_way_;
  }

  BareBroker broker_;
  std::string topic_;
  std::int32_t partitions_;
  std::int32_t turn_ = 0;
  int on_their_way_ = 0;
  std::vector<char> batch_;
  char* at_ = nullptr;
  std::int64_t records_ = 0;
};

}  // namespace rheon::bench
