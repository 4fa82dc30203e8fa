#include "connect/files/file_position.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <span>

#include "codec/wire.h"

namespace rheon::connect::files {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kEnded = 1;
constexpr std::uint8_t kCut = 2;

}  // namespace

std::string encode(const FilePosition& position) {
  std::string out;
  codec::put_u8(out, kVersion);
  codec::put_u8(
      out, static_cast<std::uint8_t>((position.ended ? kEnded : 0) | (position.cut ? kCut : 0)));
  codec::put_varint(out, position.offset);
  codec::put_varint(out, position.identity.inode);
  codec::put_varint(out, position.identity.length);
  codec::put_u64(out, position.identity.hash);
  codec::put_bytes(out, position.path);
  return out;
}

Result<FilePosition> decode_position(std::string_view bytes) {
  codec::Reader in(bytes);
  if (in.u8() != kVersion) {
    return fail(ErrorCode::kRefused,
                "a stored position in a file has a form that this build does not know: run the "
                "version of Rheon that wrote it, or a newer one");
  }
  FilePosition position;
  const std::uint8_t flags = in.u8();
  position.ended = (flags & kEnded) != 0;
  position.cut = (flags & kCut) != 0;
  position.offset = in.varint();
  position.identity.inode = in.varint();
  position.identity.length = static_cast<std::uint32_t>(in.varint());
  position.identity.hash = in.u64();
  position.path = in.bytes();
  if (in.failed() || !in.at_end()) {
    return fail(ErrorCode::kCorrupt, "a stored position in a file is broken");
  }
  return position;
}

Result<std::string> read_head(env::File& file) {
  std::string head(kFingerprintBytes, '\0');
  RHEON_ASSIGN(const std::size_t got,
               file.read_at(0, std::as_writable_bytes(std::span(head.data(), head.size()))));
  head.resize(got);
  return head;
}

FileIdentity identify(std::uint64_t inode, std::string_view head) {
  return {inode, static_cast<std::uint32_t>(head.size()), XXH3_64bits(head.data(), head.size())};
}

bool matches(const FileIdentity& identity, std::uint64_t inode, std::string_view head) {
  return identity.inode == inode && head.size() >= identity.length &&
         identify(inode, head.substr(0, identity.length)) == identity;
}

std::string partition_id(const FileIdentity& identity) {
  return fmt::format("{}-{}-{:016x}", identity.inode, identity.length, identity.hash);
}

}  // namespace rheon::connect::files
