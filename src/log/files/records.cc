#include "log/files/records.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "codec/wire.h"
#include "log/files/frame.h"

namespace rheon::log::files {

namespace {

using codec::put_bytes;
using codec::put_i64;
using codec::put_u32;
using codec::put_u64;
using codec::put_u8;
using codec::put_varint;
using codec::Reader;

constexpr std::uint8_t kCompleteFlag = 1;
constexpr std::uint8_t kPreparedFlag = 2;

/// A count that cannot be larger than what is left to read: a broken one must not allocate.
std::size_t get_count(Reader& reader) {
  const std::uint64_t count = reader.varint();
  return count <= reader.left() ? static_cast<std::size_t>(count) : reader.left() + 1;
}

template <class T, class Get>
void get_list(Reader& reader, std::vector<T>& list, Get get) {
  const std::size_t count = get_count(reader);
  list.clear();
  for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
    list.push_back(get(reader));
  }
}

bool whole(const Reader& reader) { return !reader.failed() && reader.at_end(); }

void put_slices(std::string& out, const SliceSet& set) {
  put_varint(out, set.state.value);
  put_varint(out, set.group.value);
  put_varint(out, set.slices.size());
  for (const SliceEntry& slice : set.slices) {
    put_u32(out, slice.address.first_hash);
    put_u32(out, slice.address.last_hash);
    put_varint(out, slice.as_of.value);
    put_varint(out, slice.file);
    put_varint(out, slice.offset);
    put_varint(out, slice.bytes);
  }
}

SliceSet get_slices(Reader& reader) {
  SliceSet set;
  set.state = StateId{static_cast<std::uint32_t>(reader.varint())};
  set.group = KeyGroup{static_cast<std::uint32_t>(reader.varint())};
  get_list(reader, set.slices, [&set](Reader& r) {
    SliceEntry slice;
    slice.address = {set.state, set.group, r.u32(), 0};
    slice.address.last_hash = r.u32();
    slice.as_of = Epoch{r.varint()};
    slice.file = r.varint();
    slice.offset = r.varint();
    slice.bytes = r.varint();
    return slice;
  });
  return set;
}

void put_stream(std::string& out, const StreamState& stream) {
  put_bytes(out, stream.name);
  put_id(out, stream.incarnation);
  put_varint(out, stream.next.size());
  for (const std::uint64_t next : stream.next) {
    put_varint(out, next);
  }
  put_varint(out, stream.segments.size());
  for (const StreamSegment& segment : stream.segments) {
    put_varint(out, segment.number);
    put_varint(out, segment.bytes);
    put_i64(out, segment.max_time.micros);
  }
}

StreamState get_stream(Reader& reader) {
  StreamState stream;
  stream.name = std::string(reader.bytes());
  stream.incarnation = get_id(reader);
  get_list(reader, stream.next, [](Reader& r) { return r.varint(); });
  get_list(reader, stream.segments, [](Reader& r) {
    StreamSegment segment;
    segment.number = r.varint();
    segment.bytes = r.varint();
    segment.max_time = EventTime{r.i64()};
    return segment;
  });
  return stream;
}

void apply(StreamState& stream, const CommitRecord::StreamChange& change) {
  stream.name = change.state.name;
  stream.incarnation = change.state.incarnation;
  stream.next = change.state.next;
  std::erase_if(stream.segments,
                [&](const StreamSegment& s) { return s.number < change.first_segment; });
  for (const StreamSegment& segment : change.state.segments) {
    if (!stream.segments.empty() && stream.segments.back().number == segment.number) {
      stream.segments.back() = segment;
    } else {
      stream.segments.push_back(segment);
    }
  }
}

}  // namespace

bool IdentityRecord::knows(const Id& lineage) const {
  return lineage == identity.lineage ||
         std::find(ancestors.begin(), ancestors.end(), lineage) != ancestors.end();
}

std::uint64_t StreamState::bytes() const {
  std::uint64_t sum = 0;
  for (const StreamSegment& segment : segments) {
    sum += segment.bytes;
  }
  return sum;
}

Chain chain_of(std::string_view commit_payload, Epoch epoch) {
  const XXH128_hash_t hash =
      XXH3_128bits_withSeed(commit_payload.data(), commit_payload.size(), epoch.value);
  return {hash.high64, hash.low64};
}

void apply(Standing& standing, Epoch epoch, const CommitRecord& record, std::string_view payload) {
  standing.epoch = epoch;
  standing.chain = chain_of(payload, epoch);
  standing.complete = record.complete;
  standing.prepared = record.prepared;
  standing.wall = record.wall;
  standing.first_segment = record.first_segment;
  for (const SliceSet& set : record.slices) {
    if (set.slices.empty()) {
      standing.slices.erase({set.state, set.group});
    } else {
      standing.slices[{set.state, set.group}] = set;
    }
  }
  for (const CommitRecord::StreamChange& change : record.streams) {
    apply(standing.streams[change.state.name], change);
  }
}

std::string encode(const IdentityRecord& record) {
  std::string out;
  put_bytes(out, record.identity.job);
  put_id(out, record.identity.uid);
  put_id(out, record.identity.lineage);
  put_u32(out, record.identity.key_groups);
  put_u64(out, record.lock_inode);
  put_u8(out, record.resetting ? 1 : 0);
  put_varint(out, record.ancestors.size());
  for (const Id& ancestor : record.ancestors) {
    put_id(out, ancestor);
  }
  return out;
}

bool decode(std::string_view bytes, IdentityRecord& record) {
  Reader reader(bytes);
  record.identity.job = std::string(reader.bytes());
  record.identity.uid = get_id(reader);
  record.identity.lineage = get_id(reader);
  record.identity.key_groups = reader.u32();
  record.lock_inode = reader.u64();
  record.resetting = reader.u8() != 0;
  get_list(reader, record.ancestors, [](Reader& r) { return get_id(r); });
  return whole(reader);
}

std::string encode(const CommitRecord& record) {
  std::string out;
  put_id(out, record.previous);
  put_varint(out, record.frames.size());
  for (const std::uint32_t check : record.frames) {
    put_u32(out, check);
  }
  put_u8(out, static_cast<std::uint8_t>((record.complete ? kCompleteFlag : 0) |
                                        (record.prepared ? kPreparedFlag : 0)));
  put_i64(out, record.wall.micros);
  put_varint(out, record.first_segment);
  put_varint(out, record.slices.size());
  for (const SliceSet& set : record.slices) {
    put_slices(out, set);
  }
  put_varint(out, record.streams.size());
  for (const CommitRecord::StreamChange& change : record.streams) {
    put_varint(out, change.first_segment);
    put_stream(out, change.state);
  }
  return out;
}

bool decode(std::string_view bytes, CommitRecord& record) {
  Reader reader(bytes);
  record.previous = get_id(reader);
  get_list(reader, record.frames, [](Reader& r) { return r.u32(); });
  const std::uint8_t flags = reader.u8();
  record.complete = (flags & kCompleteFlag) != 0;
  record.prepared = (flags & kPreparedFlag) != 0;
  record.wall = EventTime{reader.i64()};
  record.first_segment = reader.varint();
  get_list(reader, record.slices, get_slices);
  get_list(reader, record.streams, [](Reader& r) {
    CommitRecord::StreamChange change;
    change.first_segment = r.varint();
    change.state = get_stream(r);
    return change;
  });
  return whole(reader);
}

std::string encode(const Standing& standing) {
  std::string out;
  put_u64(out, standing.epoch.value);
  put_id(out, standing.chain);
  put_u8(out, standing.complete ? kCompleteFlag : 0);
  put_i64(out, standing.wall.micros);
  put_varint(out, standing.first_segment);
  put_varint(out, standing.facts.size());
  for (const auto& [key, value] : standing.facts) {
    put_bytes(out, key);
    put_bytes(out, value);
  }
  put_varint(out, standing.slices.size());
  for (const auto& [key, set] : standing.slices) {
    put_slices(out, set);
  }
  put_varint(out, standing.streams.size());
  for (const auto& [name, stream] : standing.streams) {
    put_stream(out, stream);
  }
  return out;
}

bool decode(std::string_view bytes, Standing& standing) {
  Reader reader(bytes);
  standing = Standing{};
  standing.epoch = Epoch{reader.u64()};
  standing.chain = get_id(reader);
  standing.complete = (reader.u8() & kCompleteFlag) != 0;
  standing.wall = EventTime{reader.i64()};
  standing.first_segment = reader.varint();
  for (std::size_t left = get_count(reader); left > 0 && !reader.failed(); --left) {
    const std::string_view key = reader.bytes();
    standing.facts.insert_or_assign(std::string(key), std::string(reader.bytes()));
  }
  for (std::size_t left = get_count(reader); left > 0 && !reader.failed(); --left) {
    SliceSet set = get_slices(reader);
    const CellKey key{set.state, set.group};
    standing.slices.insert_or_assign(key, std::move(set));
  }
  for (std::size_t left = get_count(reader); left > 0 && !reader.failed(); --left) {
    StreamState stream = get_stream(reader);
    std::string name = stream.name;
    standing.streams.insert_or_assign(std::move(name), std::move(stream));
  }
  return whole(reader);
}

std::string encode(const std::vector<FactChange>& changes) {
  std::string out;
  for (const FactChange& change : changes) {
    put_u8(out, change.value.has_value() ? 1 : 0);
    put_bytes(out, change.key);
    if (change.value.has_value()) {
      put_bytes(out, *change.value);
    }
  }
  return out;
}

bool apply_facts(std::string_view bytes, Facts& facts) {
  Reader reader(bytes);
  while (!reader.failed() && !reader.at_end()) {
    const bool there = reader.u8() != 0;
    std::string key(reader.bytes());
    if (there) {
      facts.insert_or_assign(std::move(key), std::string(reader.bytes()));
    } else {
      facts.erase(key);
    }
  }
  return whole(reader);
}

std::string encode(const PublishedRecord& record) {
  std::string out;
  put_u8(out, record.sealed ? 1 : 0);
  put_u64(out, record.first_segment);
  put_u64(out, record.last_segment);
  put_u64(out, record.end);
  for (const std::uint64_t next : record.next) {
    put_u64(out, next);
  }
  return out;
}

bool decode(std::string_view bytes, PublishedRecord& record) {
  Reader reader(bytes);
  record.sealed = reader.u8() != 0;
  record.first_segment = reader.u64();
  record.last_segment = reader.u64();
  record.end = reader.u64();
  record.next.clear();
  while (!reader.failed() && !reader.at_end()) {
    record.next.push_back(reader.u64());
  }
  return whole(reader);
}

std::string encode(const StreamHeaderRecord& record) {
  std::string out;
  put_bytes(out, record.name);
  put_id(out, record.incarnation);
  put_id(out, record.uid);
  put_id(out, record.lineage);
  put_u32(out, record.partitions);
  put_bytes(out, record.type);
  return out;
}

bool decode(std::string_view bytes, StreamHeaderRecord& record) {
  Reader reader(bytes);
  record.name = std::string(reader.bytes());
  record.incarnation = get_id(reader);
  record.uid = get_id(reader);
  record.lineage = get_id(reader);
  record.partitions = reader.u32();
  record.type = std::string(reader.bytes());
  return whole(reader) && record.partitions > 0 && record.partitions <= kMaxStreamPartitions;
}

}  // namespace rheon::log::files
