#include "log/files/snapshot_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"
#include "log/files/frame_writer.h"

namespace rheon::log::files {

namespace {

bool lies_within(const SliceEntry& slice, std::uint64_t file_bytes) {
  return slice.bytes <= file_bytes && slice.offset <= file_bytes - slice.bytes;
}

}  // namespace

std::string encode_slice_address(const SliceAddress& address) {
  std::string out;
  codec::put_u32(out, address.state.value);
  codec::put_u32(out, address.group.value);
  codec::put_u32(out, address.first_hash);
  codec::put_u32(out, address.last_hash);
  return out;
}

SnapshotStore::SnapshotStore(env::Files& files, Options options)
    : files_(files), options_(std::move(options)) {}

std::string SnapshotStore::path_of(std::uint64_t number) const {
  return env::join(options_.directory, number_name(number));
}

Status SnapshotStore::resume(const Standing& standing) {
  RHEON_ASSIGN(const auto numbers, numbered_files(files_, options_.directory));
  for (const std::uint64_t number : numbers) {
    RHEON_ASSIGN(const env::FileInfo info, files_.info(path_of(number)));
    sizes_[number] = info.size;
    last_number_ = number;
  }
  for (const auto& [key, set] : standing.slices) {
    for (const SliceEntry& slice : set.slices) {
      const auto size = sizes_.find(slice.file);
      if (size == sizes_.end()) {
        return tl::unexpected(damage(path_of(slice.file), 0, "the file is missing"));
      }
      if (!lies_within(slice, size->second)) {
        return tl::unexpected(
            damage(path_of(slice.file), size->second, "the file is shorter than was committed"));
      }
    }
  }
  return remove_dead(standing, std::nullopt);
}

Status SnapshotStore::begin_file() {
  number_ = last_number_ + 1;
  RHEON_ASSIGN(file_, files_.open(path_of(number_), env::OpenMode::kCreate));
  seed_ = seed_of({options_.lineage, FileKind::kSnapshot, {}, number_});
  end_ = 0;
  in_directory_ = false;
  return {};
}

Result<std::vector<SliceEntry>> SnapshotStore::write(const std::vector<Slice>& slices,
                                                     Epoch as_of) {
  if (file_ == nullptr || end_ >= options_.file_bytes) {
    RHEON_TRY(begin_file());
  }
  FrameWriter writer(*file_, seed_, end_);
  if (end_ == 0) {
    std::string head;
    put_id(head, options_.lineage);
    writer.put({FrameType::kSnapshotFile, as_of, {}}, head);
  }
  std::vector<SliceEntry> entries;
  for (const Slice& slice : slices) {
    const std::uint64_t offset = writer.end();
    const std::string extension = encode_slice_address(slice.address);
    writer.put({FrameType::kSlice, as_of, extension}, slice.blob);
    entries.push_back({slice.address, as_of, number_, offset, writer.end() - offset});
  }
  RHEON_TRY(writer.flush());
  if (options_.sync) {
    const auto stopped = [](Error error) {
      return fail(ErrorCode::kIo, std::move(error.message));  // never tried again
    };
    if (auto status = file_->sync(); !status.has_value()) {
      return stopped(std::move(status).error());
    }
    if (!in_directory_) {
      if (auto status = files_.sync_directory(options_.directory); !status.has_value()) {
        return stopped(std::move(status).error());
      }
    }
  }
  in_directory_ = true;
  last_number_ = number_;
  end_ = writer.end();
  sizes_[number_] = end_;
  return entries;
}

Status SnapshotStore::remove_dead(const Standing& standing,
                                  std::optional<std::uint64_t> keep_from) {
  std::set<std::uint64_t> live;
  for (const auto& [key, set] : standing.slices) {
    for (const SliceEntry& slice : set.slices) {
      live.insert(slice.file);
    }
  }
  for (auto file = sizes_.begin(); file != sizes_.end();) {
    const bool current = file_ != nullptr && file->first == number_;
    if (current || live.contains(file->first) || file->first >= keep_from.value_or(UINT64_MAX)) {
      ++file;
      continue;
    }
    RHEON_TRY(files_.remove(path_of(file->first)));
    file = sizes_.erase(file);
  }
  return {};
}

std::vector<CellKey> SnapshotStore::sparse_cells(const Standing& standing) const {
  std::map<std::uint64_t, std::uint64_t> live;
  for (const auto& [key, set] : standing.slices) {
    for (const SliceEntry& slice : set.slices) {
      live[slice.file] += slice.bytes;
    }
  }
  std::vector<CellKey> cells;
  for (const auto& [key, set] : standing.slices) {
    const bool sparse = std::any_of(set.slices.begin(), set.slices.end(), [&](const auto& slice) {
      const auto size = sizes_.find(slice.file);
      RHEON_ASSERT(size != sizes_.end(), "a live slice's file is not known");
      return slice.file != number_ && live[slice.file] * 4 < size->second;
    });
    if (sparse) {
      cells.push_back(key);
    }
  }
  return cells;
}

std::uint64_t SnapshotStore::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [number, size] : sizes_) {
    sum += size;
  }
  return sum;
}

Result<std::string_view> SliceReader::read(const SliceEntry& slice) {
  const std::string path = env::join(directory_, number_name(slice.file));
  if (file_ == nullptr || number_ != slice.file) {
    RHEON_ASSIGN(auto file, files_.open(path, env::OpenMode::kRead));
    RHEON_ASSIGN(const FileHead head,
                 read_file_head(*file, path, {{}, FileKind::kSnapshot, {}, slice.file},
                                FrameType::kSnapshotFile));
    RHEON_ASSIGN(const env::FileInfo info, file->info());
    file_ = std::move(file);
    number_ = slice.file;
    seed_ = head.seed;
    file_bytes_ = info.size;
  }
  if (!lies_within(slice, file_bytes_)) {  // before room is made for what it says
    return tl::unexpected(damage(path, file_bytes_, "the file is shorter than was committed"));
  }
  buffer_.resize(slice.bytes);
  RHEON_ASSIGN(const std::size_t got,
               file_->read_at(slice.offset, std::as_writable_bytes(std::span(buffer_))));
  const std::string_view bytes(buffer_.data(), got);
  if (got == slice.bytes && got >= kFrameHeaderBytes + kSliceExtensionBytes) {
    const FrameHeader header = parse_frame_header(bytes);
    const std::string_view blob = bytes.substr(kFrameHeaderBytes + kSliceExtensionBytes);
    if (header.type == FrameType::kSlice && header.version == kFormatVersion &&
        header.extension == kSliceExtensionBytes && header.frame_bytes() == slice.bytes &&
        header.epoch == slice.as_of && header_checks(header, seed_, slice.offset, bytes) &&
        payload_checks(header, blob) &&
        bytes.substr(kFrameHeaderBytes, kSliceExtensionBytes) ==
            encode_slice_address(slice.address)) {
      return blob;
    }
  }
  return tl::unexpected(damage(path, slice.offset,
                               fmt::format("the slice of state {}, key group {} does not check",
                                           slice.address.state.value, slice.address.group.value)));
}

}  // namespace rheon::log::files
