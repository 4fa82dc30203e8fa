#include "env/fake/fake_disk.h"

#include <fnmatch.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.h"
#include "base/crc32c.h"
#include "env/fake/fake_handles.h"
#include "env/system_error.h"

namespace rheon::env::fake {

namespace {

/// "a//./b/" is a, b.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (!part.empty() && part != "." && part != "..") {
      parts.emplace_back(part);
    }
  }
  return parts;
}

bool holds(const InodePtr& directory, const InodePtr& wanted) {
  return directory == wanted ||
         std::any_of(directory->entries.visible().begin(), directory->entries.visible().end(),
                     [&](const auto& entry) { return holds(entry.second, wanted); });
}

void cut_power_below(FakeInode& inode, Survival survival, Generator& generator) {
  inode.content.cut_power(survival, generator);
  inode.entries.cut_power(survival, generator);
  for (const auto& [name, child] : inode.entries.visible()) {
    cut_power_below(*child, survival, generator);
  }
}

std::vector<const FakeInode*> named_below(const FakeInode& directory) {
  std::vector<const FakeInode*> found;
  for (const auto& [name, child] : directory.entries.visible()) {
    const auto deeper = named_below(*child);
    found.insert(found.end(), deeper.begin(), deeper.end());
    found.push_back(child.get());
  }
  return found;
}

/// 0 when `from` may take the name of `to`, which may be null.
int rename_error(const InodePtr& from, const InodePtr& to, const InodePtr& to_parent) {
  if (from->is_directory && holds(from, to_parent)) {
    return EINVAL;
  }
  if (to == nullptr) {
    return 0;
  }
  if (from->is_directory != to->is_directory) {
    return to->is_directory ? EISDIR : ENOTDIR;
  }
  return to->entries.visible().empty() ? 0 : ENOTEMPTY;
}

}  // namespace

FakeDisk::FakeDisk(std::uint64_t seed) : generator_(seed) { root_ = make_inode(true); }

InodePtr FakeDisk::make_inode(bool is_directory) {
  std::erase_if(inodes_, [](const auto& inode) { return inode.expired(); });
  auto inode = std::make_shared<FakeInode>(FakeInode{next_inode_++, is_directory});
  inodes_.push_back(inode);
  return inode;
}

void FakeDisk::check_running(std::uint64_t generation) const {
  if (halted_ || generation != generation_) {
    throw Crash{};
  }
}

int FakeDisk::begin(Operation operation) {
  check_running();
  if (crash_at_ && operations_ >= *crash_at_) {
    halted_ = true;
    throw Crash{};
  }
  if (on_operation) {
    on_operation();
  }
  const std::uint64_t number = operations_++;
  if (!fault_ || number < fault_->at) {
    return 0;
  }
  const Fault fault = fault_->fault;
  const bool takes_space = operation == Operation::kWrite || operation == Operation::kPreallocate ||
                           operation == Operation::kNewName;
  if ((fault == Fault::kNoSpace && !takes_space) ||
      (fault == Fault::kShortWrite && operation != Operation::kWrite) ||
      (fault == Fault::kFailedSync && operation != Operation::kSync)) {
    return 0;
  }
  fault_.reset();
  return fault == Fault::kNoSpace ? ENOSPC : EIO;
}

int FakeDisk::begin_read() {
  if (on_operation) {
    on_operation();
  }
  if (!failing_read_.has_value()) {
    return 0;
  }
  if (*failing_read_ > 0) {
    --*failing_read_;
    return 0;
  }
  failing_read_.reset();
  return EIO;
}

FakeDisk::Place FakeDisk::find(const std::string& path) const {
  const auto parts = parts_of(path);
  if (path.empty()) {
    return {nullptr, "", nullptr, ENOENT};
  }
  if (parts.empty()) {
    return {root_, "", root_};
  }
  InodePtr parent = root_;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    parent = parent->entries.find(parts[i]);
    if (parent == nullptr) {
      return {nullptr, "", nullptr, ENOENT};
    }
  }
  if (!parent->is_directory) {
    return {nullptr, "", nullptr, ENOTDIR};
  }
  return {parent, parts.back(), parent->entries.find(parts.back())};
}

Result<InodePtr> FakeDisk::open_inode(const std::string& path, OpenMode mode) {
  check_running();
  const Place place = find(path);
  const bool create = mode == OpenMode::kCreate || mode == OpenMode::kCreateNew;
  const std::string_view what = mode == OpenMode::kCreateNew ? "create" : "open";
  if (place.parent == nullptr || (place.inode == nullptr && !create)) {
    return fail_system(what, path, place.error != 0 ? place.error : ENOENT);
  }
  if (place.inode != nullptr && (place.inode->is_directory || mode == OpenMode::kCreateNew)) {
    return fail_system(what, path, mode == OpenMode::kCreateNew ? EEXIST : EISDIR);
  }
  if (place.inode != nullptr) {
    return place.inode;
  }
  if (const int error = begin(Operation::kNewName); error != 0) {
    return fail_system(what, path, error);
  }
  InodePtr inode = make_inode(false);
  place.parent->entries.put(place.name, inode);
  return inode;
}

Result<std::unique_ptr<File>> FakeDisk::open(const std::string& path, OpenMode mode) {
  RHEON_ASSIGN(InodePtr inode, open_inode(path, mode));
  return std::make_unique<FakeFile>(*this, std::move(inode), path, mode != OpenMode::kRead);
}

FileInfo FakeDisk::info_of(const FakeInode& inode) const {
  return {inode.content.visible().size(), inode.number, device_, inode.is_directory};
}

Result<FileInfo> FakeDisk::info(const std::string& path) {
  check_running();
  const Place place = find(path);
  if (place.inode == nullptr) {
    return fail_system("look at", path, place.error != 0 ? place.error : ENOENT);
  }
  return info_of(*place.inode);
}

Status FakeDisk::rename(const std::string& from, const std::string& to) {
  check_running();
  const std::string what = "rename to '" + to + "' the file";
  const Place source = find(from);
  const Place target = find(to);
  if (source.inode == nullptr || target.parent == nullptr) {
    const int error = source.inode == nullptr ? source.error : target.error;
    return fail_system(what, from, error != 0 ? error : ENOENT);
  }
  if (source.inode == target.inode) {
    return {};
  }
  if (const int error = rename_error(source.inode, target.inode, target.parent); error != 0) {
    return fail_system(what, from, error);
  }
  if (const int error = begin(Operation::kChangeName); error != 0) {
    return fail_system(what, from, error);
  }
  if (source.parent == target.parent) {
    source.parent->entries.rename(source.name, target.name);
  } else {
    target.parent->entries.put(target.name, source.inode);
    source.parent->entries.remove(source.name);
  }
  return {};
}

Status FakeDisk::remove(const std::string& path) {
  check_running();
  const Place place = find(path);
  if (place.inode == nullptr) {
    return fail_system("remove", path, place.error != 0 ? place.error : ENOENT);
  }
  if (!place.inode->entries.visible().empty()) {
    return fail_system("remove", path, ENOTEMPTY);
  }
  if (const int error = begin(Operation::kChangeName); error != 0) {
    return fail_system("remove", path, error);
  }
  place.parent->entries.remove(place.name);
  return {};
}

Status FakeDisk::make_directories(const std::string& path) {
  check_running();
  InodePtr at = root_;
  for (const std::string& part : parts_of(path)) {
    InodePtr next = at->entries.find(part);
    if (next == nullptr) {
      if (const int error = begin(Operation::kNewName); error != 0) {
        return fail_system("make the directory", path, error);
      }
      next = make_inode(true);
      at->entries.put(part, next);
      at->entries.sync();
    }
    if (!next->is_directory) {
      return fail(ErrorCode::kInvalidInput, "'" + path + "' is no directory: name another place");
    }
    at = next;
  }
  return {};
}

Status FakeDisk::sync_directory(const std::string& path) {
  check_running();
  const Place place = find(path);
  if (place.inode == nullptr || !place.inode->is_directory) {
    const int error = place.inode == nullptr ? ENOENT : ENOTDIR;
    return fail_system("open the directory", path, place.error != 0 ? place.error : error);
  }
  if (const int error = begin(Operation::kSync); error != 0) {
    return fail_system("sync the directory", path, error);
  }
  place.inode->entries.sync();
  return {};
}

Result<std::vector<std::string>> FakeDisk::list(const std::string& path) {
  check_running();
  const Place place = find(path);
  if (place.inode == nullptr || !place.inode->is_directory) {
    const int error = place.inode == nullptr ? ENOENT : ENOTDIR;
    return fail_system("list the directory", path, place.error != 0 ? place.error : error);
  }
  std::vector<std::string> names;
  for (const auto& [name, inode] : place.inode->entries.visible()) {
    names.push_back(name);
  }
  return names;
}

Result<std::vector<std::string>> FakeDisk::glob(const std::string& pattern) {
  check_running();
  std::vector<std::pair<std::string, InodePtr>> found{{pattern.starts_with('/') ? "/" : "", root_}};
  for (const std::string& part : parts_of(pattern)) {
    std::vector<std::pair<std::string, InodePtr>> deeper;
    for (const auto& [path, directory] : found) {
      for (const auto& [name, inode] : directory->entries.visible()) {
        if (::fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) {
          deeper.emplace_back(join(path, name), inode);
        }
      }
    }
    found = std::move(deeper);
  }
  std::vector<std::string> paths;
  for (auto& [path, inode] : found) {
    if (!inode->is_directory) {
      paths.push_back(std::move(path));
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::uint64_t FakeDisk::used_bytes() const {
  std::uint64_t used = 0;
  for (const FakeInode* inode : named_below(*root_)) {
    used += inode->open_files == 0 ? inode->content.visible().size() : 0;
  }
  for (const auto& weak : inodes_) {
    const InodePtr inode = weak.lock();
    used += inode != nullptr && inode->open_files > 0 ? inode->content.visible().size() : 0;
  }
  return used;
}

std::uint64_t FakeDisk::free_bytes() const {
  const std::uint64_t used = used_bytes();
  return used < capacity_ ? capacity_ - used : 0;
}

std::uint64_t FakeDisk::room_to_grow() const {
  return capacity_ == kUnlimited ? kUnlimited : free_bytes();
}

Result<Space> FakeDisk::space(const std::string& path) {
  check_running();
  const Place place = find(path);
  if (place.inode == nullptr) {
    return fail_system("look at the file system of", path, place.error != 0 ? place.error : ENOENT);
  }
  return Space{free_bytes(), capacity_, file_system_};
}

Result<std::unique_ptr<FileLock>> FakeDisk::lock(const std::string& path) {
  RHEON_ASSIGN(InodePtr inode, open_inode(path, OpenMode::kCreate));
  if (locked_.contains(inode->number) || locked_for_reading_.contains(inode->number)) {
    return fail(ErrorCode::kRefused, "cannot lock '" + path + "': another process holds it");
  }
  return std::make_unique<FakeLock>(*this, std::move(inode), /*shared=*/false);
}

Result<std::unique_ptr<FileLock>> FakeDisk::lock_for_reading(const std::string& path) {
  RHEON_ASSIGN(InodePtr inode, open_inode(path, OpenMode::kRead));
  if (locked_.contains(inode->number)) {
    return fail(ErrorCode::kRefused, "cannot lock '" + path + "': another process holds it");
  }
  return std::make_unique<FakeLock>(*this, std::move(inode), /*shared=*/true);
}

Result<bool> FakeDisk::is_locked(const std::string& path) {
  RHEON_ASSIGN(const FileInfo info, this->info(path));
  return locked_.contains(info.inode) || locked_for_reading_.contains(info.inode);
}

Status FakeDisk::write(FakeInode& inode, const std::string& path, std::uint64_t offset,
                       std::string_view bytes) {
  int error = begin(Operation::kWrite);
  std::size_t count = error == 0 ? bytes.size() : generator_() % bytes.size();
  const std::uint64_t limit = inode.content.visible().size() + room_to_grow();
  if (offset + count > limit) {
    error = ENOSPC;
    count = limit > offset ? limit - offset : 0;
  }
  inode.content.write(offset, bytes.substr(0, count));
  written_ = crc32c(bytes.substr(0, count), crc32c(path + "@" + std::to_string(offset), written_));
  return error == 0 ? Status{} : fail_system("write", path, error);
}

Status FakeDisk::sync(FakeInode& inode, const std::string& path) {
  if (const int error = begin(Operation::kSync); error != 0) {
    inode.content.fail_sync(generator_);
    return fail_system("sync", path, error);
  }
  inode.content.sync();
  return {};
}

Status FakeDisk::truncate(FakeInode& inode, const std::string& path, std::uint64_t size) {
  if (const int error = begin(Operation::kResize); error != 0) {
    return fail_system("truncate", path, error);
  }
  inode.content.resize(size);
  return {};
}

Status FakeDisk::preallocate(FakeInode& inode, const std::string& path, std::uint64_t size) {
  int error = begin(Operation::kPreallocate);
  const std::uint64_t now = inode.content.visible().size();
  if (error == 0 && size > now && size - now > room_to_grow()) {
    error = ENOSPC;
  }
  if (error != 0) {
    return fail_system("reserve space for", path, error);
  }
  if (size > now) {
    inode.content.resize(size);
  }
  return {};
}

void FakeDisk::fail_after(std::uint64_t operations, Fault fault) {
  fault_ = PlannedFault{operations_ + operations, fault};
}

void FakeDisk::crash_after(std::uint64_t operations) { crash_at_ = operations_ + operations; }

void FakeDisk::clear_faults() {
  fault_.reset();
  failing_read_.reset();
  crash_at_.reset();
}

void FakeDisk::cut_power(std::uint64_t seed, Survival survival) {
  Generator generator(seed);
  cut_power_below(*root_, survival, generator);
  halted_ = true;
}

void FakeDisk::restart() {
  clear_faults();
  locked_.clear();
  locked_for_reading_.clear();
  halted_ = false;
  ++generation_;
}

void FakeDisk::flip_bit(const std::string& path, std::uint64_t bit) {
  const Place place = find(path);
  RHEON_ASSERT(place.inode != nullptr, "the file whose bit is flipped exists");
  place.inode->content.flip_bit(bit);
}

}  // namespace rheon::env::fake
