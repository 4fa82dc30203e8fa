#include "log/files/slot_file.h"

#include <span>
#include <utility>

#include "base/bytes.h"

namespace rheon::log::files {

namespace {

std::optional<SlotContents> parse_slot(std::string_view bytes, const SlotLayout& layout,
                                       std::uint64_t offset) {
  if (bytes.size() < kFrameHeaderBytes + sizeof(Id)) {
    return std::nullopt;
  }
  const FrameHeader header = parse_frame_header(bytes);
  if (header.type != layout.type || header.version != kFormatVersion || header.extension != 0 ||
      header.length < sizeof(Id) || header.frame_bytes() > bytes.size()) {
    return std::nullopt;
  }
  const std::string_view payload = bytes.substr(kFrameHeaderBytes, header.length);
  codec::Reader reader(payload);
  FileAddress address = layout.address;
  address.owner = get_id(reader);
  if (!header_checks(header, seed_of(address), offset, bytes) || !payload_checks(header, payload)) {
    return std::nullopt;
  }
  return SlotContents{address.owner, header.epoch, std::string(payload.substr(sizeof(Id)))};
}

}  // namespace

std::uint64_t SlotLayout::stride() const {
  const std::uint64_t bytes = kFrameHeaderBytes + sizeof(Id) + payload_bytes;
  return (bytes + kSlotAlignment - 1) / kSlotAlignment * kSlotAlignment;
}

Result<Slots> read_slots(env::File& file, const SlotLayout& layout) {
  Slots slots;
  std::string bytes(2 * layout.stride(), '\0');
  RHEON_ASSIGN(const std::size_t got, file.read_at(0, std::as_writable_bytes(std::span(bytes))));
  const std::string_view there = std::string_view(bytes).substr(0, got);
  for (unsigned i = 0; i < slots.size(); ++i) {
    const std::uint64_t offset = i * layout.stride();
    if (offset < there.size()) {
      slots[i] = parse_slot(there.substr(offset, layout.stride()), layout, offset);
    }
  }
  return slots;
}

const SlotContents* newest(const Slots& slots) {
  const SlotContents* result = nullptr;
  for (const auto& slot : slots) {
    if (slot.has_value() && (result == nullptr || slot->epoch >= result->epoch)) {
      result = &*slot;
    }
  }
  return result;
}

SlotFile::SlotFile(std::unique_ptr<env::File> file, SlotLayout layout, Slots found)
    : file_(std::move(file)), layout_(std::move(layout)), found_(std::move(found)) {
  const SlotContents* best = newest(found_);
  turn_ = found_[0].has_value() && best == &*found_[0] ? 1 : 0;
}

Result<SlotFile> SlotFile::open(env::Files& files, const std::string& path, SlotLayout layout) {
  RHEON_ASSIGN(std::unique_ptr<env::File> file, files.open(path, env::OpenMode::kCreate));
  RHEON_ASSIGN(Slots found, read_slots(*file, layout));
  RHEON_ASSIGN(const env::FileInfo info, file->info());
  if (info.size < 2 * layout.stride()) {
    RHEON_TRY(file->preallocate(2 * layout.stride()));
  }
  return SlotFile(std::move(file), std::move(layout), std::move(found));
}

Status SlotFile::write(const SlotContents& contents) {
  FileAddress address = layout_.address;
  address.owner = contents.owner;
  std::string payload;
  put_id(payload, contents.owner);
  payload += contents.payload;
  const std::uint64_t offset = turn_ * layout_.stride();
  std::string bytes;
  put_frame(bytes, seed_of(address), offset, {layout_.type, contents.epoch, {}}, payload);
  ++writes_since_sync_;
  return file_->write_at(offset, as_bytes(bytes));
}

Status SlotFile::fill(const SlotContents& contents) {
  for (unsigned i = 0; i < found_.size(); ++i) {
    RHEON_TRY(write(contents));
    RHEON_TRY(sync());
  }
  return {};
}

Status SlotFile::sync() {
  if (auto status = file_->sync(); !status.has_value()) {
    // Not kNoSpace, whatever the system said: a failed sync is never tried again.
    return fail(ErrorCode::kIo, std::move(status).error().message);
  }
  turn_ ^= 1;
  writes_since_sync_ = 0;
  return {};
}

}  // namespace rheon::log::files
