#include "base/crc32c.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace rheon {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as little-endian");

// Polynomials over GF(2) modulo the CRC's, bit 31 the lowest power of x. A checksum is the
// remainder of its bytes; to append n zero bytes is to multiply by x^(8n).
constexpr std::uint32_t kPolynomial = 0x82f63b78;
constexpr std::uint32_t kOne = 0x80000000;

constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (std::uint32_t bit = kOne; bit != 0; bit >>= 1) {
    product ^= (a & bit) != 0 ? b : 0;
    b = (b >> 1) ^ ((b & 1) != 0 ? kPolynomial : 0);
  }
  return product;
}

/// x^(8 * bytes).
constexpr std::uint32_t power_of_bytes(std::uint64_t bytes) {
  std::uint32_t power = kOne;
  std::uint32_t square = kOne >> 8;  // x^8
  for (; bytes != 0; bytes >>= 1) {
    power = (bytes & 1) != 0 ? multiply(power, square) : power;
    square = multiply(square, square);
  }
  return power;
}

using Table = std::array<std::uint32_t, 256>;

/// [k][b]: byte b followed by k zero bytes.
constexpr std::array<Table, 8> make_byte_tables() {
  std::array<Table, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (Table& table : tables) {
      for (int bit = 0; bit < 8; ++bit) {
        crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
      }
      table[byte] = crc;
    }
  }
  return tables;
}
constexpr std::array<Table, 8> kByteTables = make_byte_tables();

template <class Word>
Word read(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

std::uint32_t next_byte_portable(std::uint32_t crc, char byte) {
  return (crc >> 8) ^ kByteTables[0][(crc ^ static_cast<unsigned char>(byte)) & 0xff];
}

std::uint32_t next_word_portable(std::uint32_t crc, std::uint64_t word) {
  word ^= crc;
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    next ^= kByteTables[7 - i][(word >> (8 * i)) & 0xff];
  }
  return next;
}

#if defined(__SSE4_2__)
#define RHEON_CRC32C_INSTRUCTION 1
std::uint32_t next_byte(std::uint32_t crc, char byte) {
  return _mm_crc32_u8(crc, static_cast<unsigned char>(byte));
}
std::uint32_t next_word(std::uint32_t crc, std::uint64_t word) {
  return static_cast<std::uint32_t>(_mm_crc32_u64(crc, word));
}
#elif defined(__ARM_FEATURE_CRC32)
#define RHEON_CRC32C_INSTRUCTION 1
std::uint32_t next_byte(std::uint32_t crc, char byte) {
  return __crc32cb(crc, static_cast<unsigned char>(byte));
}
std::uint32_t next_word(std::uint32_t crc, std::uint64_t word) { return __crc32cd(crc, word); }
#endif

#if defined(RHEON_CRC32C_INSTRUCTION)

/// The instruction takes three cycles and can start each cycle: three lanes side by side, joined by
/// a multiplication with x^(8 * LaneBytes) from tables.
template <std::size_t LaneBytes>
struct Lanes {
  static constexpr std::array<Table, 4> make_shift() {
    std::array<Table, 4> tables{};
    const std::uint32_t power = power_of_bytes(LaneBytes);
    for (std::uint32_t k = 0; k < 4; ++k) {
      for (std::uint32_t byte = 0; byte < 256; ++byte) {
        tables[k][byte] = multiply(power, byte << (8 * k));
      }
    }
    return tables;
  }
  static constexpr std::array<Table, 4> kShift = make_shift();

  static std::uint32_t shift(std::uint32_t crc) {
    return kShift[0][crc & 0xff] ^ kShift[1][(crc >> 8) & 0xff] ^ kShift[2][(crc >> 16) & 0xff] ^
           kShift[3][crc >> 24];
  }

  static std::uint32_t consume(std::uint32_t crc, std::string_view& bytes) {
    while (bytes.size() >= 3 * LaneBytes) {
      const char* at = bytes.data();
      std::uint32_t second = 0;
      std::uint32_t third = 0;
      for (std::size_t i = 0; i < LaneBytes; i += 8) {
        crc = next_word(crc, read<std::uint64_t>(at + i));
        second = next_word(second, read<std::uint64_t>(at + LaneBytes + i));
        third = next_word(third, read<std::uint64_t>(at + 2 * LaneBytes + i));
      }
      crc = shift(shift(crc) ^ second) ^ third;
      bytes.remove_prefix(3 * LaneBytes);
    }
    return crc;
  }
};

#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t initial) {
#if defined(RHEON_CRC32C_INSTRUCTION)
  std::uint32_t crc = ~initial;
  crc = Lanes<4096>::consume(crc, bytes);
  crc = Lanes<256>::consume(crc, bytes);
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    crc = next_word(crc, read<std::uint64_t>(bytes.data()));
  }
  for (const char byte : bytes) {
    crc = next_byte(crc, byte);
  }
  return ~crc;
#else
  return crc32c_portable(bytes, initial);
#endif
}

std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t initial) {
  std::uint32_t crc = ~initial;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    crc = next_word_portable(crc, read<std::uint64_t>(bytes.data()));
  }
  for (const char byte : bytes) {
    crc = next_byte_portable(crc, byte);
  }
  return ~crc;
}

std::uint32_t crc32c_combine(std::uint32_t first, std::uint32_t second, std::uint64_t second_size) {
  return multiply(power_of_bytes(second_size), first) ^ second;
}

}  // namespace rheon
