#pragma once

// Reading the small parts of which Kafka's messages are made (protocol guide, "Protocol primitive
// types"): big-endian integers, varints, lengths with their bytes. A reader never reads past its
// end: after the first mistake failed() is true and everything it returns is zero or empty.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace rheon::kafka::wire {

class Reader {
 public:
  /// What it returns shows these bytes.
  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  [[nodiscard]] bool failed() const { return failed_; }
  /// Nothing of it is read by this.
  [[nodiscard]] std::string_view rest() const { return {at_, left()}; }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  /// INT8 to INT64, by their type.
  template <class Integer>
  Integer integer() {
    if (left() < sizeof(Integer)) {
      fail();
      return 0;
    }
    std::make_unsigned_t<Integer> value = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
      value = static_cast<std::make_unsigned_t<Integer>>((static_cast<std::uint64_t>(value) << 8) |
                                                         static_cast<std::uint8_t>(at_[i]));
    }
    at_ += sizeof(Integer);
    return static_cast<Integer>(value);
  }

  /// UNSIGNED_VARINT: at most five bytes.
  std::uint32_t unsigned_varint() {
    return static_cast<std::uint32_t>(varint_bits(/*most_bits=*/32));
  }
  /// VARINT and VARLONG: zigzag, at most five and ten bytes.
  std::int32_t varint() {
    const auto bits = static_cast<std::uint32_t>(varint_bits(32));
    return static_cast<std::int32_t>((bits >> 1) ^ (0 - (bits & 1)));
  }
  std::int64_t varlong() {
    const std::uint64_t bits = varint_bits(64);
    return static_cast<std::int64_t>((bits >> 1) ^ (0 - (bits & 1)));
  }

  /// The next `size` bytes.
  std::string_view take(std::size_t size) {
    if (size > left()) {
      fail();
      return {};
    }
    const std::string_view taken(at_, size);
    at_ += size;
    return taken;
  }

  void fail() {
    failed_ = true;
    at_ = end_;
  }

 private:
  std::uint64_t varint_bits(unsigned most_bits) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < most_bits; shift += 7) {
      if (at_ == end_) {
        break;
      }
      const auto byte = static_cast<std::uint8_t>(*at_++);
      const std::uint64_t bits = byte & 0x7f;
      if (shift + 7 > most_bits && (bits >> (most_bits - shift)) != 0) {
        break;  // bits that the type does not have
      }
      value |= bits << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    fail();
    return 0;
  }

  const char* at_;
  const char* end_;
  bool failed_ = false;
};

}  // namespace rheon::kafka::wire
