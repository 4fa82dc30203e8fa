#include <fmt/format.h>

#include <memory>
#include <utility>

#include "codec/delta.h"
#include "log/files/identity.h"
#include "log/files/inspect.h"
#include "log/files/stream_writer.h"

namespace rheon::log::files {

namespace {

const char* name_of(FrameType type) {
  switch (type) {
    case FrameType::kIdentity:
      return "identity";
    case FrameType::kJournalSegment:
      return "segment";
    case FrameType::kBase:
      return "base";
    case FrameType::kEcho:
      return "echo";
    case FrameType::kDelta:
      return "delta";
    case FrameType::kFacts:
      return "facts";
    case FrameType::kCommit:
      return "commit";
    case FrameType::kSnapshotFile:
      return "snapshot";
    case FrameType::kSlice:
      return "slice";
    case FrameType::kStreamHeader:
      return "stream";
    case FrameType::kStreamSegment:
      return "segment";
    case FrameType::kBatch:
      return "batch";
    case FrameType::kWitness:
      return "witness";
    case FrameType::kPublished:
      return "published";
  }
  return "unknown";
}

std::string detail_of_delta(std::string_view blob) {
  codec::DeltaReader reader(blob);
  codec::DeltaSection section;
  std::uint64_t sections = 0;
  std::uint64_t entries = 0;
  while (reader.next(section)) {
    ++sections;
    codec::DeltaEntryReader entry_reader(section.entries);
    codec::DeltaEntry entry;
    while (entry_reader.next(entry)) {
      ++entries;
    }
  }
  return fmt::format("{} entries in {} sections", entries, sections);
}

std::string detail_of_commit(std::string_view payload, Epoch epoch) {
  CommitRecord record;
  if (!decode(payload, record)) {
    return "cannot be read";
  }
  return fmt::format("chain {} after {}, {} frames, journal from {}, {} slice sets, {} streams{}{}",
                     to_string(chain_of(payload, epoch)), to_string(record.previous),
                     record.frames.size(), number_name(record.first_segment), record.slices.size(),
                     record.streams.size(), record.complete ? ", complete" : "",
                     record.prepared ? ", prepared" : "");
}

std::string detail_of_base(std::string_view payload) {
  Standing standing;
  if (!decode(payload, standing)) {
    return "cannot be read";
  }
  return fmt::format("as of epoch {}, {} facts, {} slice sets, {} streams", standing.epoch.value,
                     standing.facts.size(), standing.slices.size(), standing.streams.size());
}

std::string detail_of(const Frame& frame) {
  switch (frame.header.type) {
    case FrameType::kDelta:
      return detail_of_delta(frame.payload);
    case FrameType::kCommit:
      return detail_of_commit(frame.payload, frame.header.epoch);
    case FrameType::kBase:
      return detail_of_base(frame.payload);
    case FrameType::kSlice: {
      codec::Reader reader(frame.extension);
      const std::uint32_t state = reader.u32();
      const std::uint32_t group = reader.u32();
      const std::uint32_t first = reader.u32();
      return fmt::format("state {}, key group {}, hashes {:08x}-{:08x}", state, group, first,
                         reader.u32());
    }
    case FrameType::kBatch: {
      BatchLabel label;
      static_cast<void>(decode(frame.extension, label));
      return fmt::format("partition {}, sequence {}, {} records", label.partition, label.sequence,
                         label.records);
    }
    default:
      return {};
  }
}

std::string detail_of_slot(FrameType type, std::string_view payload) {
  if (type == FrameType::kWitness) {
    codec::Reader reader(payload);
    return fmt::format("chain {}", to_string(get_id(reader)));
  }
  PublishedRecord record;
  if (!decode(payload, record)) {
    return "cannot be read";
  }
  return fmt::format("segments {}-{} up to {}, next {}{}", record.first_segment,
                     record.last_segment, record.end, fmt::join(record.next, " "),
                     record.sealed ? ", sealed" : "");
}

class Dump {
 public:
  Dump(env::Files& files, const std::string& directory) : files_(files), directory_(directory) {}

  Result<std::vector<DumpLine>> run() {
    RHEON_TRY(require_data_directory(files_, directory_));
    RHEON_ASSIGN(const auto lock, lock_if_there(files_, directory_));
    RHEON_TRY(dump_identity());
    RHEON_TRY(dump_slots(kWitnessFile, witness_layout()));
    RHEON_TRY(dump_folder(kJournalDirectory, {{}, FileKind::kJournal, {}, 0},
                          FrameType::kJournalSegment));
    RHEON_TRY(dump_folder(kSnapshotDirectory, {{}, FileKind::kSnapshot, {}, 0},
                          FrameType::kSnapshotFile));
    RHEON_TRY(dump_streams());
    return std::move(lines_);
  }

 private:
  Status dump_streams() {
    const auto streams = files_.list(env::join(directory_, kStreamDirectory));
    if (!streams.has_value()) {
      return streams.error().code == ErrorCode::kNotFound ? Status{}
                                                          : tl::unexpected(streams.error());
    }
    for (const std::string& name : *streams) {
      RHEON_ASSIGN(const env::FileInfo info,
                   files_.info(env::join(env::join(directory_, kStreamDirectory), name)));
      if (!info.is_directory) {
        continue;  // not ours
      }
      const std::string folder = env::join(kStreamDirectory, name);
      RHEON_TRY(dump_stream_header(folder));
      RHEON_TRY(dump_folder(folder, {{}, FileKind::kStream, name, 0}, FrameType::kStreamSegment));
    }
    return {};
  }

  Status dump_stream_header(const std::string& folder) {
    const std::string file = env::join(folder, kStreamHeaderFile);
    const auto header = read_stream_header(files_, env::join(directory_, folder));
    if (!header.has_value()) {
      if (header.error().code == ErrorCode::kIo) {
        return tl::unexpected(header.error());
      }
      lines_.push_back({file, 0, 0, "broken", Epoch{0}, header.error().message});
      return {};
    }
    lines_.push_back({file, 0, stream_header_bytes(*header).size(),
                      name_of(FrameType::kStreamHeader), Epoch{0},
                      fmt::format("{} partitions of type {}, incarnation {}", header->partitions,
                                  header->type, to_string(header->incarnation))});
    return dump_slots(env::join(folder, kPublishedFile),
                      published_layout(header->name, header->partitions));
  }

  Status dump_slots(const std::string& name, const SlotLayout& layout) {
    const auto file = files_.open(env::join(directory_, name), env::OpenMode::kRead);
    if (!file.has_value()) {
      if (file.error().code != ErrorCode::kNotFound) {
        return tl::unexpected(file.error());
      }
      lines_.push_back({name, 0, 0, "broken", Epoch{0}, "the file is missing"});
      return {};
    }
    RHEON_ASSIGN(const Slots slots, read_slots(**file, layout));
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::uint64_t at = i * layout.stride();
      if (slots[i].has_value()) {
        const std::uint64_t bytes = kFrameHeaderBytes + sizeof(Id) + slots[i]->payload.size();
        lines_.push_back({name, at, bytes, name_of(layout.type), slots[i]->epoch,
                          detail_of_slot(layout.type, slots[i]->payload)});
      } else {
        lines_.push_back({name, at, 0, newest(slots) == nullptr ? "broken" : "torn", Epoch{0},
                          "the slot cannot be read; a crash can leave one of two so"});
      }
    }
    return {};
  }

  Status dump_identity() {
    auto record = read_identity(files_, directory_);
    const bool there = record.has_value();
    if (!there && record.error().code == ErrorCode::kIo) {
      return tl::unexpected(std::move(record).error());
    }
    lines_.push_back(
        {kIdentityFile, 0, 0, there ? name_of(FrameType::kIdentity) : "broken", Epoch{0},
         there ? fmt::format("job {}, uid {}, lineage {}, {} key groups", record->identity.job,
                             to_string(record->identity.uid), to_string(record->identity.lineage),
                             record->identity.key_groups)
               : record.error().message});
    return {};
  }

  Status dump_folder(const std::string& folder, FileAddress address, FrameType head_type) {
    const std::string path = env::join(directory_, folder);
    RHEON_ASSIGN(const auto numbers, numbered_files(files_, path));
    for (const std::uint64_t number : numbers) {
      address.number = number;
      RHEON_TRY(dump_file(env::join(folder, number_name(number)), address, head_type,
                          number == numbers.back()));
    }
    return {};
  }

  /// Only the newest file of a folder may be one that nothing was written into yet.
  Status dump_file(const std::string& name, const FileAddress& address, FrameType head_type,
                   bool newest) {
    const std::string path = env::join(directory_, name);
    RHEON_ASSIGN(const auto file, files_.open(path, env::OpenMode::kRead));
    RHEON_ASSIGN(const env::FileInfo info, file->info());
    auto head = read_file_head(*file, path, address, head_type);
    if (!head.has_value() && head.error().code != ErrorCode::kCorrupt) {
      return tl::unexpected(std::move(head).error());
    }
    if (!head.has_value()) {
      RHEON_ASSIGN(const bool zeros, only_zeros(*file, 0, info.size));
      const bool empty = zeros && newest;
      lines_.push_back({name, 0, empty ? info.size : 0, empty ? "empty" : "broken", Epoch{0},
                        empty ? "reserved for what comes next" : head.error().message});
      return {};
    }
    FrameScanner scanner(*file, head->seed, 0, info.size);
    Frame frame;
    for (;;) {
      const std::uint64_t at = scanner.offset();
      switch (scanner.next(frame)) {
        case ScanOutcome::kFrame:
          lines_.push_back({name, at, frame.header.frame_bytes(), name_of(frame.header.type),
                            frame.header.epoch, detail_of(frame)});
          break;
        case ScanOutcome::kEnd:
          return {};
        case ScanOutcome::kBroken:
          lines_.push_back({name, at, 0, "broken", Epoch{0}, scanner.fault()});
          return {};
        case ScanOutcome::kFailed:
          return tl::unexpected(scanner.error());
      }
    }
  }

  env::Files& files_;
  const std::string& directory_;
  std::vector<DumpLine> lines_;
};

}  // namespace

Result<std::vector<DumpLine>> dump(env::Files& files, const std::string& directory) {
  return Dump(files, directory).run();
}

}  // namespace rheon::log::files
