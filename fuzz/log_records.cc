// What stands in the frames of the log (log/files/records.h), behind their checksums.

#include <iterator>

#include "log/files/frame.h"
#include "log/files/journal.h"
#include "log/files/records.h"
#include "log/files/stream_writer.h"
#include "support/input.h"
#include "support/same.h"
#include "support/seeds.h"

namespace rheon::fuzz {
namespace {

using namespace log::files;

template <class Record>
[[nodiscard]] std::optional<Record> decoded(std::string_view bytes) {
  Record record;
  return decode(bytes, record) ? std::optional(std::move(record)) : std::nullopt;
}

template <class Record>
void check_record(std::string_view bytes) {
  check_round_trip(bytes, decoded<Record>, [](const Record& record) { return encode(record); });
}

void check_facts(std::string_view bytes) {
  log::Facts facts;
  if (!apply_facts(bytes, facts)) {
    return;
  }
  std::vector<log::FactChange> changes;
  for (const auto& [key, value] : facts) {
    changes.push_back({key, value});
  }
  log::Facts again;
  RHEON_ASSERT(apply_facts(encode(changes), again) && again == facts, "facts have changed");
}

void check_segment_head(std::string_view bytes) {
  constexpr std::size_t kOwnerBytes = sizeof(log::Id);
  check_round_trip(
      bytes,
      [](std::string_view rest) {
        log::Identity identity;
        return decode_segment_head(rest, identity) ? std::optional(identity) : std::nullopt;
      },
      [](const log::Identity& identity) {
        return encode_segment_head(identity).substr(kOwnerBytes);
      });
  check_round_trip(
      bytes,
      [](std::string_view rest) {
        std::vector<std::uint64_t> next;
        return decode_stream_segment_head(rest, next) ? std::optional(next) : std::nullopt;
      },
      [](const std::vector<std::uint64_t>& next) {
        return encode_stream_segment_head({}, next).substr(kOwnerBytes);
      });
}

/// A base and the commit behind it make a standing that can be the next base.
void check_commit(std::string_view base, std::string_view commit) {
  auto standing = decoded<Standing>(base);
  const auto record = decoded<CommitRecord>(commit);
  if (standing.has_value() && record.has_value()) {
    apply(*standing, Epoch{standing->epoch.value + 1}, *record, commit);
    RHEON_ASSERT(decoded<Standing>(encode(*standing)).has_value(), "a standing cannot be read");
  }
}

void check_file(std::string_view bytes) {
  for (const auto& [kind, type] : {std::pair(FileKind::kIdentity, FrameType::kIdentity),
                                   std::pair(FileKind::kStreamHeader, FrameType::kStreamHeader)}) {
    const FileAddress address{{}, kind, {}, 0};
    static_cast<void>(open_single_frame(bytes, "it", address, type));
    const std::string sealed = single_frame(address, type, bytes);
    const auto opened = open_single_frame(sealed, "it", address, type);
    RHEON_ASSERT(opened.has_value() && *opened == bytes, "a frame does not hold its payload");
  }
}

[[nodiscard]] Standing a_standing() {
  Standing standing;
  standing.epoch = Epoch{60};
  standing.chain = {1, 2};
  standing.wall = EventTime{1'795'424'761'945'131};
  standing.first_segment = 3;
  standing.facts = {{"clock", "12345678"}, {"position/lines/17", "p"}};
  const log::SliceAddress address{StateId{1}, KeyGroup{2}, 0, UINT32_MAX};
  standing.slices[{address.state, address.group}] = {
      address.state, address.group, {{address, Epoch{50}, 1, 64, 300}}};
  standing.streams["out"] = {"out", {3, 4}, {300, 0, 5}, {{1, 1024, EventTime{7}}, {2, 64, {}}}};
  return standing;
}

[[nodiscard]] CommitRecord a_commit() {
  CommitRecord record;
  record.previous = {1, 2};
  record.frames = {0x11111111, 0x22222222};
  record.complete = true;
  record.first_segment = 4;
  record.slices = {{StateId{1}, KeyGroup{2}, {}}};
  record.streams = {{{"out", {3, 4}, {301, 0, 5}, {{2, 640, EventTime{9}}}}, 2}};
  return record;
}

}  // namespace

Seeds seeds() {
  IdentityRecord identity;
  identity.identity = {"job", {1, 2}, {3, 4}, 1024};
  identity.ancestors = {{5, 6}};
  PublishedRecord published;
  published.sealed = true;
  published.last_segment = 2;
  published.end = 640;
  published.next = {301, 0, 5};
  const auto seed = [](std::string_view base, std::string_view rest) {
    std::string out;
    codec::put_bytes(out, base);
    return out.append(rest);
  };
  return {
      {"identity", seed("", encode(identity))},
      {"commit", seed(encode(a_standing()), encode(a_commit()))},
      {"base", seed("", encode(a_standing()))},
      {"facts", seed("", encode({log::FactChange{"clock", "12345678"}, {"gone", {}}}))},
      {"published", seed("", encode(published))},
      {"header", seed("", encode(StreamHeaderRecord{"out", {3, 4}, {1, 2}, {5, 6}, 3, "text"}))},
      {"batch", seed("", encode(BatchLabel{1, 300, 7, EventTime{9}}))},
      {"segment", seed("", encode_segment_head({"job", {1, 2}, {3, 4}, 1024}).substr(16))}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const std::string_view base = in.text();
  const std::string_view bytes = in.rest();
  fuzz::check_record<log::files::IdentityRecord>(bytes);
  fuzz::check_record<log::files::CommitRecord>(bytes);
  fuzz::check_record<log::files::Standing>(bytes);
  fuzz::check_record<log::files::PublishedRecord>(bytes);
  fuzz::check_record<log::files::StreamHeaderRecord>(bytes);
  fuzz::check_record<log::files::BatchLabel>(bytes);
  fuzz::check_segment_head(bytes);
  fuzz::check_facts(bytes);
  fuzz::check_commit(base, bytes);
  fuzz::check_file(bytes);
  return 0;
}
