#include "connect/kafka/position.h"

#include "codec/wire.h"

namespace rheon::connect::kafka {

namespace {

constexpr std::uint8_t kPositionVersion = 1;

}  // namespace

std::string encode(const PartitionPosition& position) {
  std::string out;
  codec::put_u8(out, kPositionVersion);
  codec::put_u64(out, position.topic_id.high);
  codec::put_u64(out, position.topic_id.low);
  codec::put_varint(out, static_cast<std::uint64_t>(position.offset));
  if (position.until.has_value()) {
    codec::put_varint(out, static_cast<std::uint64_t>(*position.until));
  }
  return out;
}

Result<PartitionPosition> decode_position(std::string_view bytes) {
  codec::Reader in(bytes);
  const bool known = in.u8() == kPositionVersion;
  PartitionPosition position;
  position.topic_id.high = in.u64();
  position.topic_id.low = in.u64();
  position.offset = static_cast<std::int64_t>(in.varint());
  if (!in.failed() && !in.at_end()) {
    position.until = static_cast<std::int64_t>(in.varint());
  }
  if (!known || in.failed() || !in.at_end() || position.offset < 0 ||
      position.until.value_or(0) < 0) {
    return fail(ErrorCode::kRefused,
                "a stored position in a topic cannot be read by this build: run the version of "
                "Rheon that wrote it, or a newer one");
  }
  return position;
}

}  // namespace rheon::connect::kafka
