// The parts of a stream's files that its writer and its readers share.

#include "log/files/stream_writer.h"

namespace rheon::log::files {

namespace {

FileAddress header_address() { return {{}, FileKind::kStreamHeader, {}, 0}; }

}  // namespace

SlotLayout published_layout(const std::string& stream, std::size_t partitions) {
  PublishedRecord record;
  record.next.resize(partitions);
  return {{{}, FileKind::kPublished, stream, 0}, FrameType::kPublished, encode(record).size()};
}

SlotContents published_contents(const StreamState& state, Epoch epoch, bool sealed) {
  PublishedRecord record;
  record.sealed = sealed;
  record.next = state.next;
  if (!state.segments.empty()) {
    record.first_segment = state.segments.front().number;
    record.last_segment = state.segments.back().number;
    record.end = state.segments.back().bytes;
  }
  return {state.incarnation, epoch, encode(record)};
}

std::string stream_header_bytes(const StreamHeaderRecord& record) {
  return single_frame(header_address(), FrameType::kStreamHeader, encode(record));
}

Result<StreamHeaderRecord> read_stream_header(env::Files& files, const std::string& directory) {
  const std::string path = env::join(directory, kStreamHeaderFile);
  RHEON_ASSIGN(const std::string bytes, env::read_whole(files, path));
  RHEON_ASSIGN(const std::string payload,
               open_single_frame(bytes, path, header_address(), FrameType::kStreamHeader));
  StreamHeaderRecord record;
  if (!decode(payload, record)) {
    return tl::unexpected(damage(path, kFrameHeaderBytes, "the header cannot be read"));
  }
  return record;
}

std::string encode_stream_segment_head(const Id& incarnation,
                                       const std::vector<std::uint64_t>& next) {
  std::string out;
  put_id(out, incarnation);
  for (const std::uint64_t sequence : next) {
    codec::put_u64(out, sequence);
  }
  return out;
}

bool decode_stream_segment_head(std::string_view rest, std::vector<std::uint64_t>& next) {
  codec::Reader reader(rest);
  next.clear();
  while (!reader.failed() && !reader.at_end()) {
    next.push_back(reader.u64());
  }
  return !reader.failed();
}

std::string encode(const BatchLabel& label) {
  std::string out;
  codec::put_u32(out, label.partition);
  codec::put_u32(out, label.records);
  codec::put_u64(out, label.sequence);
  codec::put_i64(out, label.max_time.micros);
  return out;
}

bool decode(std::string_view extension, BatchLabel& label) {
  if (extension.size() != kBatchExtensionBytes) {
    return false;
  }
  codec::Reader reader(extension);
  label.partition = reader.u32();
  label.records = reader.u32();
  label.sequence = reader.u64();
  label.max_time = EventTime{reader.i64()};
  return !reader.failed();
}

}  // namespace rheon::log::files
