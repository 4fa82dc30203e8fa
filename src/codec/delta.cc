#include "codec/delta.h"

#include "base/assert.h"

namespace rheon::codec {

namespace {

// A value's length is written before its size is known: a varint padded to a fixed width.
constexpr std::size_t kPaddedVarintBytes = 4;
constexpr std::size_t kMaxValueBytes = (std::size_t{1} << (7 * kPaddedVarintBytes)) - 1;

void set_u32(std::string& out, std::size_t at, std::uint32_t v) {
  for (std::size_t i = 0; i < 4; ++i) {
    out[at + i] = static_cast<char>(static_cast<std::uint8_t>(v >> (8 * i)));
  }
}

}  // namespace

void DeltaWriter::close_section() {
  if (section_length_at_ == 0) {
    return;
  }
  const std::size_t length = blob_.size() - section_length_at_ - 4;
  RHEON_ASSERT(length <= UINT32_MAX, "a delta section is larger than 4 GiB");
  set_u32(blob_, section_length_at_, static_cast<std::uint32_t>(length));
  section_length_at_ = 0;
}

void DeltaWriter::begin_section(StateId state, KeyGroup group) {
  close_section();
  put_varint(blob_, state.value);
  put_varint(blob_, group.value);
  section_length_at_ = blob_.size();
  put_u32(blob_, 0);
}

void DeltaWriter::put(std::string_view key, std::string_view value) {
  put_u8(blob_, static_cast<std::uint8_t>(DeltaOp::kPut));
  put_bytes(blob_, key);
  put_bytes(blob_, value);
}

void DeltaWriter::remove(std::string_view key) {
  put_u8(blob_, static_cast<std::uint8_t>(DeltaOp::kRemove));
  put_bytes(blob_, key);
}

void DeltaWriter::put_sub(std::string_view key, std::string_view sub, std::string_view value) {
  put_u8(blob_, static_cast<std::uint8_t>(DeltaOp::kPutSub));
  put_bytes(blob_, key);
  put_bytes(blob_, sub);
  put_bytes(blob_, value);
}

void DeltaWriter::remove_sub(std::string_view key, std::string_view sub) {
  put_u8(blob_, static_cast<std::uint8_t>(DeltaOp::kRemoveSub));
  put_bytes(blob_, key);
  put_bytes(blob_, sub);
}

std::string& DeltaWriter::begin_put(std::string_view key) {
  put_u8(blob_, static_cast<std::uint8_t>(DeltaOp::kPut));
  put_bytes(blob_, key);
  value_length_at_ = blob_.size();
  blob_.append(kPaddedVarintBytes, '\0');
  return blob_;
}

std::string& DeltaWriter::begin_put_sub(std::string_view key, std::string_view sub) {
  put_u8(blob_, static_cast<std::uint8_t>(DeltaOp::kPutSub));
  put_bytes(blob_, key);
  put_bytes(blob_, sub);
  value_length_at_ = blob_.size();
  blob_.append(kPaddedVarintBytes, '\0');
  return blob_;
}

void DeltaWriter::end_value() {
  std::size_t length = blob_.size() - value_length_at_ - kPaddedVarintBytes;
  RHEON_ASSERT(length <= kMaxValueBytes, "one value of keyed state is larger than 256 MiB");
  if (length < 0x80) {  // the common case: a varint of one byte
    blob_.erase(value_length_at_ + 1, kPaddedVarintBytes - 1);
    blob_[value_length_at_] = static_cast<char>(length);
    return;
  }
  for (std::size_t i = 0; i < kPaddedVarintBytes; ++i) {
    const auto more = static_cast<std::uint8_t>(i + 1 < kPaddedVarintBytes ? 0x80 : 0);
    blob_[value_length_at_ + i] = static_cast<char>((length & 0x7f) | more);
    length >>= 7;
  }
}

void DeltaWriter::append(DeltaWriter&& other) {
  close_section();
  const std::string sections = other.take();
  blob_.append(sections, 1, std::string::npos);
}

std::string DeltaWriter::take() {
  close_section();
  std::string result = std::move(blob_);
  blob_.clear();
  put_u8(blob_, kDeltaVersion);
  return result;
}

DeltaReader::DeltaReader(std::string_view blob) : reader_(blob) {
  failed_ = reader_.u8() != kDeltaVersion;
}

bool DeltaReader::next(DeltaSection& section) {
  if (failed() || reader_.at_end()) {
    return false;
  }
  const std::uint64_t state = reader_.varint();
  const std::uint64_t group = reader_.varint();
  section.state = StateId{static_cast<std::uint32_t>(state)};
  section.group = KeyGroup{static_cast<std::uint32_t>(group)};
  section.entries = reader_.take(reader_.u32());
  failed_ = state > UINT32_MAX || group > UINT32_MAX;
  return !failed();
}

bool DeltaEntryReader::next(DeltaEntry& entry) {
  if (failed() || reader_.at_end()) {
    return false;
  }
  entry = DeltaEntry{};
  entry.op = static_cast<DeltaOp>(reader_.u8());
  entry.key = reader_.bytes();
  switch (entry.op) {
    case DeltaOp::kPut:
      entry.value = reader_.bytes();
      break;
    case DeltaOp::kRemove:
      break;
    case DeltaOp::kPutSub:
      entry.sub = reader_.bytes();
      entry.value = reader_.bytes();
      break;
    case DeltaOp::kRemoveSub:
      entry.sub = reader_.bytes();
      break;
    default:
      failed_ = true;
  }
  return !failed();
}

}  // namespace rheon::codec
