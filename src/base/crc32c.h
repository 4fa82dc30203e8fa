#pragma once

#include <cstdint>
#include <string_view>

namespace rheon {

/// CRC-32C (Castagnoli; RFC 3720), the checksum of every stored frame and of Kafka's batches. Of a
/// text in pieces: `crc32c(second, crc32c(first))`. Uses the processor's instruction where the
/// build may assume it.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t initial = 0);

/// The checksum of first + second from those of the two, without looking at the bytes again.
[[nodiscard]] std::uint32_t crc32c_combine(std::uint32_t first, std::uint32_t second,
                                           std::uint64_t second_size);

/// The same as crc32c(), from tables alone: for processors without the instruction, and for tests.
[[nodiscard]] std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t initial = 0);

}  // namespace rheon
