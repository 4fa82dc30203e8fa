#include "kafka/wire/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "kafka/tests/samples.h"

namespace rheon::kafka::wire {
namespace {

using ::testing::ElementsAre;
using testing::sample;

/// A frame without its length, which must be right.
std::string_view inside(std::string_view frame) {
  Reader in(frame);
  const auto length = in.integer<std::int32_t>();
  EXPECT_EQ(static_cast<std::size_t>(length), in.left());
  return in.take(in.left());
}

TEST(Frame, OfARequestIsWhatKafkasClassesWrite) {
  std::string out = "before";
  HeartbeatRequest request;
  request.group_id = "group";
  request.generation_id = 5;
  request.member_id = "member";
  write_request<Heartbeat>(request, 77, "rheon", out);
  EXPECT_EQ(inside(std::string_view(out).substr(6)), sample("framed-heartbeat"));
  out.clear();
  SaslHandshake::write_request("SCRAM-SHA-256", 77, "rheon", out);
  EXPECT_EQ(inside(out), sample("framed-sasl-handshake"));
}

TEST(Frame, OfAResponseIsRead) {
  const std::string frame = sample("response-header-1") + sample("heartbeat-response-4");
  EXPECT_EQ(correlation_of(frame), 77);
  const auto response = read_response<Heartbeat>(frame);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->error_code, 27);
  EXPECT_EQ(correlation_of("\0\0\0"), std::nullopt);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    EXPECT_FALSE(read_response<Heartbeat>(frame.substr(0, size))) << size;
  }
}

TEST(Frame, OfApiVersionsHasTheOldHeader) {
  const std::string frame = sample("response-header-0") + sample("ApiVersionsResponse-4");
  const auto response = read_response<ApiVersions>(frame);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->api_keys.size(), 2u);
}

TEST(Frame, OfSaslHandshakeIsRead) {
  const std::string frame = sample("response-header-0") + sample("sasl-handshake-response-1");
  const auto response = SaslHandshake::read_response(frame);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->error_code, 33);
  EXPECT_THAT(response->mechanisms, ElementsAre("PLAIN", "SCRAM-SHA-512"));
  for (std::size_t size = 0; size < frame.size(); ++size) {
    EXPECT_FALSE(SaslHandshake::read_response(frame.substr(0, size))) << size;
  }
  EXPECT_FALSE(SaslHandshake::read_response(frame + "x"));
}

}  // namespace
}  // namespace rheon::kafka::wire
