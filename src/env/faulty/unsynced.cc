#include "env/faulty/unsynced.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace rheon::env::faulty {

Result<std::string> UnsyncedContent::read(std::uint64_t offset, std::uint64_t bytes) {
  std::string text(bytes, '\0');
  RHEON_ASSIGN(const std::size_t got,
               file_->read_at(offset, std::as_writable_bytes(std::span(text.data(), text.size()))));
  text.resize(got);
  return text;
}

Status UnsyncedContent::about_to_write(std::uint64_t offset, std::uint64_t bytes) {
  RHEON_ASSIGN(const FileInfo now, file_->info());
  RHEON_ASSIGN(std::string before, read(offset, bytes));
  changes_.push_back({offset, bytes, std::move(before), now.size});
  return {};
}

Status UnsyncedContent::about_to_resize(std::uint64_t size) {
  RHEON_ASSIGN(const FileInfo now, file_->info());
  RHEON_ASSIGN(std::string before, read(size, now.size - std::min(size, now.size)));
  changes_.push_back({size, 0, std::move(before), now.size});
  return {};
}

Status UnsyncedContent::take_back(std::size_t kept, Generator* torn) {
  while (changes_.size() > kept) {
    const Change change = std::move(changes_.back());
    changes_.pop_back();
    std::string stays;
    if (torn != nullptr && changes_.size() == kept && change.bytes > 0) {
      RHEON_ASSIGN(stays, read(change.offset, (*torn)() % change.bytes));
    }
    RHEON_TRY(file_->truncate(change.size));
    RHEON_TRY(file_->write_at(change.offset, as_bytes(change.before)));
    RHEON_TRY(file_->write_at(change.offset, as_bytes(stays)));
  }
  return {};
}

void UnsyncedNames::renamed(const std::string& from, const std::string& to,
                            const std::string& kept_at) {
  changes_.push_back({from, to, kept_at, to});
}

void UnsyncedNames::synced() {
  for (const Change& change : changes_) {
    if (!change.kept_at.empty()) {
      static_cast<void>(files_.remove(change.kept_at));  // room is all that it takes
    }
  }
  changes_.clear();
}

Status UnsyncedNames::take_back(std::size_t kept) {
  while (changes_.size() > kept) {
    const Change change = std::move(changes_.back());
    changes_.pop_back();
    if (!change.from.empty()) {
      RHEON_TRY(files_.rename(change.to, change.from));
    } else if (!change.to.empty()) {
      RHEON_TRY(files_.remove(change.to));
    }
    if (!change.kept_at.empty()) {
      RHEON_TRY(files_.rename(change.kept_at, change.belongs));
    }
  }
  return {};
}

}  // namespace rheon::env::faulty
