#pragma once

// A broker that a test has written: the answers to each request, by key.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/env.h"
#include "env/fake/fake_network.h"
#include "kafka/wire/frame.h"

namespace rheon::kafka::fake {

class Counting final : public env::Random {
 public:
  std::uint64_t next() override { return n_++; }

 private:
  std::uint64_t n_ = 0;
};

struct Asked {
  std::int16_t key = 0;
  std::int16_t version = 0;
  std::string body;  // the request, behind its header
};

/// What it does with a request: the answer behind the correlation; "" says nothing.
using Answer = std::function<std::string(const Asked&)>;

class ScriptedBroker {
 public:
  /// Answers ApiVersions with all that the client speaks.
  ScriptedBroker();

  template <class Call>
  void on(const std::function<typename Call::Response(const Asked&)>& answer) {
    answers_[Call::kKey] = [answer](const Asked& asked) { return encode<Call>(answer(asked)); };
  }
  void on_key(std::int16_t key, Answer answer) { answers_[key] = std::move(answer); }

  /// Every connection to `host`:`port` of the network comes here.
  void listen(env::fake::FakeNetwork& network, const std::string& host, std::uint16_t port);

  [[nodiscard]] const std::vector<Asked>& asked() const { return asked_; }
  [[nodiscard]] int connections() const { return connections_; }

  /// A response as it stands behind the correlation.
  template <class Call>
  [[nodiscard]] static std::string encode(const typename Call::Response& response) {
    std::string out;
    if constexpr (!std::is_same_v<Call, wire::ApiVersions>) {
      out.push_back('\0');  // no tagged fields in the header
    }
    wire::write_message(response, out);
    return out;
  }

 private:
  std::string take(std::string& come);

  std::map<std::int16_t, Answer> answers_;
  std::vector<Asked> asked_;
  int connections_ = 0;
};

/// Versions 0 to `most` of everything.
[[nodiscard]] wire::ApiVersionsResponse speaks_all(std::int16_t most = 100);

inline wire::ApiVersionsResponse speaks_all(std::int16_t most) {
  wire::ApiVersionsResponse response;
  for (std::int16_t key = 0; key <= 70; ++key) {
    response.api_keys.push_back({key, 0, most});
  }
  return response;
}

inline ScriptedBroker::ScriptedBroker() {
  on<wire::ApiVersions>([](const Asked&) { return speaks_all(); });
}

inline void ScriptedBroker::listen(env::fake::FakeNetwork& network, const std::string& host,
                                   std::uint16_t port) {
  network.listen(host, port, [this] {
    ++connections_;
    return [this, come = std::string()](std::string_view bytes) mutable {
      come.append(bytes);
      return take(come);
    };
  });
}

inline std::string ScriptedBroker::take(std::string& come) {
  std::string out;
  for (;;) {
    wire::Reader in(come);
    const auto length = in.integer<std::int32_t>();
    if (in.failed() || in.left() < static_cast<std::size_t>(length)) {
      return out;
    }
    Asked asked;
    asked.key = in.integer<std::int16_t>();
    asked.version = in.integer<std::int16_t>();
    const auto correlation = in.integer<std::int32_t>();
    const auto client = in.integer<std::int16_t>();
    static_cast<void>(in.take(static_cast<std::size_t>(client)));
    if (asked.key != wire::SaslHandshake::kKey) {
      static_cast<void>(in.take(1));  // no tagged fields
    }
    const std::size_t header = come.size() - in.left();
    asked.body =
        come.substr(header, wire::kLengthBytes + static_cast<std::size_t>(length) - header);
    come.erase(0, wire::kLengthBytes + static_cast<std::size_t>(length));
    asked_.push_back(asked);
    const auto answer = answers_.find(asked.key);
    const std::string body = answer == answers_.end() ? "" : answer->second(asked);
    if (!body.empty()) {
      wire::Writer writer(out);
      writer.integer(static_cast<std::int32_t>(sizeof correlation + body.size()));
      writer.integer(correlation);
      writer.bytes(body);
    }
  }
}

}  // namespace rheon::kafka::fake
