#include "connect/kafka/position.h"

#include "codec/wire.h"

namespace rheon::connect::kafka {

namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kVersionBefore = 1;  // without an epoch and flags
constexpr std::uint8_t kHasUntil = 1;
constexpr std::uint8_t kGapless = 2;

}  // namespace

std::string encode(const PartitionPosition& position) {
  std::string out;
  codec::put_u8(out, kVersion);
  codec::put_u64(out, position.topic_id.high);
  codec::put_u64(out, position.topic_id.low);
  codec::put_varint(out, static_cast<std::uint64_t>(position.offset));
  codec::put_varint(out, static_cast<std::uint64_t>(std::int64_t{position.leader_epoch} + 1));
  codec::put_u8(out, static_cast<std::uint8_t>((position.until.has_value() ? kHasUntil : 0) |
                                               (position.gapless ? kGapless : 0)));
  if (position.until.has_value()) {
    codec::put_varint(out, static_cast<std::uint64_t>(*position.until));
  }
  return out;
}

Result<PartitionPosition> decode_position(std::string_view bytes) {
  codec::Reader in(bytes);
  const std::uint8_t version = in.u8();
  PartitionPosition position;
  position.topic_id.high = in.u64();
  position.topic_id.low = in.u64();
  position.offset = static_cast<std::int64_t>(in.varint());
  std::uint64_t epoch_behind = 0;
  bool has_until = !in.failed() && !in.at_end();
  if (version == kVersion) {
    epoch_behind = in.varint();
    const std::uint8_t flags = in.u8();
    has_until = (flags & kHasUntil) != 0;
    position.gapless = (flags & kGapless) != 0;
  }
  position.leader_epoch = static_cast<std::int32_t>(static_cast<std::int64_t>(epoch_behind) - 1);
  if (has_until) {
    position.until = static_cast<std::int64_t>(in.varint());
  }
  const bool known =
      (version == kVersion || version == kVersionBefore) && epoch_behind <= INT32_MAX;
  if (!known || in.failed() || !in.at_end() || position.offset < 0 ||
      position.until.value_or(0) < 0) {
    return fail(ErrorCode::kRefused,
                "a stored position in a topic cannot be read by this build: run the version of "
                "Rheon that wrote it, or a newer one");
  }
  return position;
}

}  // namespace rheon::connect::kafka
