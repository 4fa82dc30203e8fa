// reset() and adopt(): the two ways to start a new lineage, both explicit.

#include <fmt/format.h>

#include <utility>

#include "log/files/file_log.h"
#include "log/files/identity.h"
#include "log/files/recovery.h"
#include "log/files/snapshot_store.h"
#include "log/files/stream_writer.h"

namespace rheon::log::files {

namespace {

Status check_job(const IdentityRecord& record, const std::string& directory,
                 const std::string& job) {
  if (record.identity.job == job) {
    return {};
  }
  return fail(ErrorCode::kRefused, fmt::format("{} is the data of job {}, not of {}", directory,
                                               record.identity.job, job));
}

Result<std::unique_ptr<env::FileLock>> lock_existing(env::Files& files,
                                                     const std::string& directory,
                                                     const std::string& job) {
  auto info = files.info(directory);
  if (!info.has_value()) {
    if (info.error().code == ErrorCode::kNotFound) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("there is no data directory '{}': nothing has run there", directory));
    }
    return tl::unexpected(std::move(info).error());
  }
  return lock_directory(files, directory, job);
}

Status remove_files(env::Files& files, const std::string& directory) {
  auto names = files.list(directory);
  if (!names.has_value()) {
    return names.error().code == ErrorCode::kNotFound ? Status{}
                                                      : Status(tl::unexpected(names.error()));
  }
  for (const std::string& name : *names) {
    const std::string path = env::join(directory, name);
    RHEON_ASSIGN(const env::FileInfo info, files.info(path));
    if (info.is_directory) {
      RHEON_TRY(remove_files(files, path));
    }
    RHEON_TRY(files.remove(path));
  }
  return files.sync_directory(directory);
}

Status sync_file(env::Files& files, const std::string& path) {
  RHEON_ASSIGN(auto file, files.open(path, env::OpenMode::kReadWrite));
  return file->sync();
}

Status sync_numbered(env::Files& files, const std::string& directory) {
  RHEON_ASSIGN(const auto numbers, numbered_files(files, directory));
  for (const std::uint64_t number : numbers) {
    RHEON_TRY(sync_file(files, env::join(directory, number_name(number))));
  }
  return numbers.empty() ? Status{} : files.sync_directory(directory);
}

/// Copying does not sync: what a new lineage builds on must be on the device first.
Status sync_all(env::Files& files, const std::string& directory, const Standing& standing) {
  RHEON_TRY(sync_numbered(files, env::join(directory, kJournalDirectory)));
  RHEON_TRY(sync_numbered(files, env::join(directory, kSnapshotDirectory)));
  for (const auto& [name, stream] : standing.streams) {
    const std::string path = env::join(env::join(directory, kStreamDirectory), name);
    RHEON_TRY(sync_file(files, env::join(path, kStreamHeaderFile)));
    RHEON_TRY(sync_numbered(files, path));
  }
  return files.sync_directory(directory);
}

}  // namespace

Status reset(env::Env& env, const std::string& directory, const std::string& job) {
  env::Files& files = env.files();
  RHEON_ASSIGN(const auto lock, lock_existing(files, directory, job));
  // A damaged identity must not stand in the way of starting anew, a healthy one of another job
  // must.
  auto found = read_identity(files, directory);
  IdentityRecord record;
  if (found.has_value()) {
    record = std::move(*found);
    RHEON_TRY(check_job(record, directory, job));
  } else if (found.error().code == ErrorCode::kCorrupt) {
    record.identity = {job, random_id(env.random()), {}, 0};
  } else {
    return tl::unexpected(std::move(found).error());
  }
  record.resetting = true;
  RHEON_TRY(write_identity(files, directory, record));
  for (const char* name : {kJournalDirectory, kSnapshotDirectory, kStreamDirectory}) {
    RHEON_TRY(remove_files(files, env::join(directory, name)));
  }
  record.identity.lineage = random_id(env.random());
  record.identity.key_groups = 0;  // the next start chooses
  record.ancestors.clear();
  record.resetting = false;
  RHEON_ASSIGN(record.lock_inode, lock_inode(files, directory));
  RHEON_TRY(write_first_witness(files, directory, {record.identity.lineage, Epoch{0}, Chain{}}));
  RHEON_TRY(files.sync_directory(directory));
  return write_identity(files, directory, record);
}

Status adopt(env::Env& env, const std::string& directory, const std::string& job) {
  env::Files& files = env.files();
  RHEON_ASSIGN(const auto lock, lock_existing(files, directory, job));
  RHEON_ASSIGN(IdentityRecord record, read_identity(files, directory));
  RHEON_TRY(check_job(record, directory, job));
  if (record.resetting) {
    return fail(
        ErrorCode::kRefused,
        fmt::format("a `reset` of {} was begun and did not finish: run `reset` again", directory));
  }
  RecoveryInput input;
  input.directory = directory;
  input.identity = record;
  RHEON_ASSIGN(const Recovered recovered, recover_journal(files, input));
  RHEON_TRY(repair_journal(files, directory, recovered));
  RHEON_TRY(sync_all(files, directory, recovered.standing));
  const auto witness = read_witness(files, directory, record);
  const bool undecided =
      recovered.undecided && !(witness.has_value() && witness->epoch == recovered.standing.epoch &&
                               witness->chain == recovered.standing.chain);
  record.ancestors.push_back(record.identity.lineage);
  record.identity.lineage = random_id(env.random());
  RHEON_ASSIGN(record.lock_inode, lock_inode(files, directory));
  // The witness of the lineage before may be ahead or unreadable: it is replaced after the
  // identity, so that a crash in between leaves a directory that is refused, not one that goes on
  // unasked.
  RHEON_TRY(write_identity(files, directory, record));
  RHEON_TRY(write_first_witness(
      files, directory,
      undecided ? Witnessed{record.identity.lineage, Epoch{recovered.standing.epoch.value - 1},
                            recovered.before}
                : Witnessed{record.identity.lineage, recovered.standing.epoch,
                            recovered.standing.chain}));
  return files.sync_directory(directory);
}

}  // namespace rheon::log::files
