#include "connect/files/csv_files.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/rare_branch.h"

namespace rheon::connect::csv {
namespace {

Status taken_away(const std::string& path) {
  return fail(ErrorCode::kRefused, "'" + path +
                                       "' was removed or moved away while the job was writing "
                                       "there. Put it back and run again, or start over with "
                                       "`reset` and an empty output directory.");
}

}  // namespace

CsvFiles::CsvFiles(env::Files& files, CsvPlace place, const CsvFacts& facts)
    : files_(files), place_(std::move(place)), sequence_(facts.sequence_of(place_.shard)) {
  for (const auto& [path, fact] : facts.files) {
    const auto name = parse_file_name(name_of(path));
    if (!name.has_value() || name->shard != place_.shard ||
        path != env::join(place_.directory, to_string(*name))) {
      continue;
    }
    sequence_ = std::max(sequence_, name->sequence);
    if (!fact.closed) {
      current_ = Current{path, fact, nullptr};
    }
  }
}

Status CsvFiles::append(std::string_view lines) {
  if (current_.has_value() && current_->file == nullptr) {
    RHEON_TRY(open_again());
  }
  if (current_.has_value() && current_->fact.length > 0 &&
      (current_->fact.length + lines.size() > place_.max_file_bytes ||
       (!current_->torn && rare_branch(RareBranch::kFile)))) {
    RHEON_TRY(close());
  }
  if (!current_.has_value()) {
    RHEON_TRY(create());
  }
  current_->unsynced = true;
  current_->torn = true;
  RHEON_TRY(current_->file->write_at(current_->fact.length, as_bytes(lines)));
  current_->torn = false;
  current_->fact.length += lines.size();
  changed_[current_->path] = current_->fact;
  return {};
}

Status CsvFiles::close() {
  if (!current_.has_value()) {
    return {};
  }
  if (current_->unsynced) {
    // Whatever the error is: a failed sync is never tried again.
    if (Status synced = current_->file->sync(); !synced) {
      return fail(ErrorCode::kIo, std::move(synced).error().message);
    }
  }
  RHEON_TRY(check_in_place());
  current_->fact.closed = true;
  changed_[current_->path] = current_->fact;
  current_.reset();
  return {};
}

Status CsvFiles::sync() {
  if (current_.has_value() && std::exchange(current_->unsynced, false)) {
    RHEON_TRY(current_->file->sync());
    RHEON_TRY(check_in_place());
  }
  if (std::exchange(directory_unsynced_, false)) {
    RHEON_TRY(files_.sync_directory(place_.directory));
  }
  return {};
}

Status CsvFiles::check_in_place() {
  RHEON_ASSIGN(const bool there, env::stands_at(files_, current_->path, current_->fact.inode));
  return there ? Status{} : taken_away(current_->path);
}

engine::SinkFactChanges CsvFiles::take_changes() {
  engine::SinkFactChanges changes;
  for (const auto& [path, fact] : std::exchange(changed_, {})) {
    changes.push_back(file_change(path, fact));
  }
  if (std::exchange(sequence_changed_, false)) {
    changes.push_back(sequence_change(place_.shard, sequence_));
  }
  return changes;
}

/// The file is as the last commit left it: recovery has seen to that.
Status CsvFiles::open_again() {
  RHEON_TRY(check_in_place());
  auto opened = files_.open(current_->path, env::OpenMode::kReadWrite);
  if (!opened && opened.error().code == ErrorCode::kNotFound) {
    return taken_away(current_->path);
  }
  RHEON_ASSIGN(auto file, std::move(opened));
  RHEON_ASSIGN(const env::FileInfo info, file->info());
  if (info.size != current_->fact.length) {
    return fail(ErrorCode::kRefused,
                "'" + current_->path + "' was changed by somebody else since the job started: it " +
                    "has " + std::to_string(info.size) + " bytes, not " +
                    std::to_string(current_->fact.length) +
                    ". Run the job again: it cuts away what it did not commit, or says what is "
                    "missing.");
  }
  current_->file = std::move(file);
  return {};
}

Status CsvFiles::create() {
  for (;;) {
    const std::string path =
        env::join(place_.directory, to_string(FileName{place_.shard, sequence_ + 1}));
    const auto there = files_.info(path);
    if (there) {
      ++sequence_;  // a name is never used twice
      continue;
    }
    if (there.error().code != ErrorCode::kNotFound) {
      return tl::unexpected(there.error());
    }
    auto opened = files_.open(path, env::OpenMode::kCreateNew);
    if (!opened && opened.error().code == ErrorCode::kNotFound) {
      return taken_away(place_.directory);
    }
    RHEON_ASSIGN(auto file, std::move(opened));
    ++sequence_;
    sequence_changed_ = directory_unsynced_ = true;
    RHEON_ASSIGN(const env::FileInfo info, file->info());
    current_ = Current{path, FileFact{info.inode, 0, false}, std::move(file)};
    return {};
  }
}

}  // namespace rheon::connect::csv
