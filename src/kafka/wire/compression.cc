#include "kafka/wire/compression.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "base/assert.h"
#include "kafka/wire/reader.h"
#include "kafka/wire/writer.h"

namespace rheon::kafka::wire {

namespace {

constexpr std::size_t kFirstBytes = 16 << 10;
constexpr std::size_t kSnappyBlock = 32 << 10;
/// Before blocks of snappy, as the Java library frames them: its name, its version, the oldest one
/// that reads it; each block has its length before it.
constexpr std::string_view kSnappyHeader("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16);
constexpr std::size_t kSnappyName = 8;

tl::unexpected<Error> corrupt(std::string_view codec) {
  return fail(ErrorCode::kCorrupt,
              "its records are not what " + std::string(codec) + " has written");
}

tl::unexpected<Error> too_large(std::size_t most) {
  return fail(ErrorCode::kInvalidInput,
              "its records take more than " + std::to_string(most) + " bytes decompressed");
}

/// Room at the end of `out`, twice as much as there was; false: `most` is reached.
bool make_room(std::string& out, std::size_t used, std::size_t most) {
  if (used < out.size()) {
    return true;
  }
  if (used >= most) {
    return false;
  }
  out.resize(std::min(std::max(2 * used, kFirstBytes), most));
  return true;
}

Status gunzip(std::string_view in, std::string& out, std::size_t most) {
  constexpr int kGzipHeader = 16;
  z_stream stream{};
  RHEON_ASSERT(inflateInit2(&stream, MAX_WBITS + kGzipHeader) == Z_OK, "zlib has no memory");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  std::size_t used = 0;
  for (;;) {
    if (!make_room(out, used, most)) {
      return too_large(most);
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = static_cast<uInt>(out.size() - used);
    const int code = inflate(&stream, Z_NO_FLUSH);
    used = out.size() - stream.avail_out;
    if (code == Z_STREAM_END) {
      out.resize(used);
      return {};
    }
    if (code != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0)) {
      return corrupt("gzip");
    }
  }
}

/// One block behind what `out` holds.
/// Three bytes of a block stand for 64 at the most (Snappy's format_description.txt, "Copies").
constexpr std::size_t kMostSnappyGrowth = 22;

Status unsnap(std::string_view block, std::string& out, std::size_t most) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size) ||
      size > kMostSnappyGrowth * block.size()) {
    return corrupt("snappy");  // before memory is taken for what cannot come
  }
  if (size > most - out.size()) {
    return too_large(most);
  }
  const std::size_t at = out.size();
  out.resize(at + size);
  if (!snappy::RawUncompress(block.data(), block.size(), out.data() + at)) {
    return corrupt("snappy");
  }
  return {};
}

Status unsnap_all(std::string_view in, std::string& out, std::size_t most) {
  out.clear();
  if (!in.starts_with(kSnappyHeader.substr(0, kSnappyName))) {
    return unsnap(in, out, most);
  }
  Reader blocks(in);
  static_cast<void>(blocks.take(kSnappyHeader.size()));
  while (blocks.left() > 0) {
    const auto size = blocks.integer<std::int32_t>();
    if (size < 0) {
      return corrupt("snappy");
    }
    const std::string_view block = blocks.take(static_cast<std::size_t>(size));
    if (blocks.failed()) {
      return corrupt("snappy");
    }
    RHEON_TRY(unsnap(block, out, most));
  }
  return blocks.failed() ? corrupt("snappy") : Status{};
}

Status unlz4(std::string_view in, std::string& out, std::size_t most) {
  LZ4F_dctx* context = nullptr;
  RHEON_ASSERT(!LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)),
               "lz4 has no memory");
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> end(
      context, &LZ4F_freeDecompressionContext);
  std::size_t used = 0;
  for (;;) {
    if (!make_room(out, used, most)) {
      return too_large(most);
    }
    std::size_t written = out.size() - used;
    std::size_t read = in.size();
    const std::size_t wanted =
        LZ4F_decompress(context, out.data() + used, &written, in.data(), &read, nullptr);
    if (LZ4F_isError(wanted)) {
      return corrupt("lz4");
    }
    used += written;
    in.remove_prefix(read);
    if (wanted == 0) {
      out.resize(used);
      return {};
    }
    if (in.empty() && used < out.size()) {
      return corrupt("lz4");
    }
  }
}

Status unzstd(std::string_view in, std::string& out, std::size_t most) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          &ZSTD_freeDStream);
  RHEON_ASSERT(stream != nullptr, "zstd has no memory");
  ZSTD_inBuffer from{in.data(), in.size(), 0};
  std::size_t used = 0;
  for (;;) {
    if (!make_room(out, used, most)) {
      return too_large(most);
    }
    ZSTD_outBuffer to{out.data(), out.size(), used};
    const std::size_t left = ZSTD_decompressStream(stream.get(), &to, &from);
    if (ZSTD_isError(left) != 0) {
      return corrupt("zstd");
    }
    used = to.pos;
    if (left == 0) {
      out.resize(used);
      return {};
    }
    if (from.pos == from.size && used < out.size()) {
      return corrupt("zstd");
    }
  }
}

void gzip(std::string_view records, std::string& out) {
  constexpr int kGzipHeader = 16;
  constexpr int kMemoryLevel = 8;
  z_stream stream{};
  RHEON_ASSERT(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzipHeader,
                            kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK,
               "zlib has no memory");
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> end(&stream, &deflateEnd);
  const std::size_t at = out.size();
  out.resize(at + deflateBound(&stream, records.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(records.data()));
  stream.avail_in = static_cast<uInt>(records.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + at);
  stream.avail_out = static_cast<uInt>(out.size() - at);
  RHEON_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib has said how much room it needs");
  out.resize(out.size() - stream.avail_out);
}

void snap(std::string_view records, std::string& out) {
  out += kSnappyHeader;
  Writer writer(out);
  std::string block;
  while (!records.empty()) {
    const std::string_view part = records.substr(0, kSnappyBlock);
    snappy::Compress(part.data(), part.size(), &block);
    writer.integer(static_cast<std::int32_t>(block.size()));
    writer.bytes(block);
    records.remove_prefix(part.size());
  }
}

void lz4(std::string_view records, std::string& out) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;  // the only one that brokers accept
  const std::size_t at = out.size();
  out.resize(at + LZ4F_compressFrameBound(records.size(), &preferences));
  const std::size_t size = LZ4F_compressFrame(out.data() + at, out.size() - at, records.data(),
                                              records.size(), &preferences);
  RHEON_ASSERT(!LZ4F_isError(size), "lz4 has said how much room it needs");
  out.resize(at + size);
}

void zstd(std::string_view records, std::string& out) {
  const std::size_t at = out.size();
  out.resize(at + ZSTD_compressBound(records.size()));
  const std::size_t size = ZSTD_compress(out.data() + at, out.size() - at, records.data(),
                                         records.size(), ZSTD_CLEVEL_DEFAULT);
  RHEON_ASSERT(ZSTD_isError(size) == 0, "zstd has said how much room it needs");
  out.resize(at + size);
}

}  // namespace

Status decompress(std::uint8_t compression, std::string_view records, std::string& out,
                  std::size_t most) {
  switch (static_cast<Compression>(compression)) {
    case Compression::kNone:
      if (records.size() > most) {
        return too_large(most);
      }
      out = records;
      return {};
    case Compression::kGzip:
      return gunzip(records, out, most);
    case Compression::kSnappy:
      return unsnap_all(records, out, most);
    case Compression::kLz4:
      return unlz4(records, out, most);
    case Compression::kZstd:
      return unzstd(records, out, most);
  }
  return fail(ErrorCode::kCorrupt,
              "its records are compressed in a way that this build does not "
              "know: number " +
                  std::to_string(compression));
}

void compress(Compression compression, std::string_view records, std::string& out) {
  switch (compression) {
    case Compression::kNone:
      out += records;
      break;
    case Compression::kGzip:
      gzip(records, out);
      break;
    case Compression::kSnappy:
      snap(records, out);
      break;
    case Compression::kLz4:
      lz4(records, out);
      break;
    case Compression::kZstd:
      zstd(records, out);
      break;
  }
}

}  // namespace rheon::kafka::wire
