#include "log/files/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "codec/wire.h"
#include "log/files/frame.h"

namespace rheon::log::files {

namespace {

constexpr std::string_view kHeld = "another process is running job ";
const FileAddress kIdentityAddress{{}, FileKind::kIdentity, {}, 0};

}  // namespace

bool is_held_by_another(const Error& error) {
  return error.code == ErrorCode::kRefused && error.message.starts_with(kHeld);
}

Result<std::unique_ptr<env::FileLock>> lock_directory(env::Files& files,
                                                      const std::string& directory,
                                                      const std::string& job) {
  auto lock = files.lock(env::join(directory, kLockFile));
  if (!lock.has_value() && lock.error().code == ErrorCode::kRefused) {
    const auto identity = read_identity(files, directory);
    const bool is_another = identity.has_value() && identity->identity.job != job;
    const std::string& running = is_another ? identity->identity.job : job;
    return fail(ErrorCode::kRefused, fmt::format("{}{} in {}{}: stop it first", kHeld, running,
                                                 directory, is_another ? ", not " + job : ""));
  }
  return lock;
}

Status require_data_directory(env::Files& files, const std::string& directory) {
  const auto info = files.info(directory);
  if (!info.has_value() && info.error().code != ErrorCode::kNotFound) {
    return tl::unexpected(info.error());
  }
  if (!info.has_value()) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no directory '{}'", directory));
  }
  if (!info->is_directory) {
    return fail(ErrorCode::kInvalidInput, fmt::format("'{}' is no directory", directory));
  }
  RHEON_ASSIGN(const auto names, files.list(directory));
  for (const char* name : {kIdentityFile, kLockFile, kWitnessFile, kJournalDirectory}) {
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return {};
    }
  }
  return fail(ErrorCode::kInvalidInput,
              fmt::format("'{}' is not the data directory of a job: there is no identity, lock, "
                          "witness or journal in it",
                          directory));
}

Result<std::unique_ptr<env::FileLock>> lock_if_there(env::Files& files,
                                                     const std::string& directory) {
  const std::string path = env::join(directory, kLockFile);
  if (const auto info = files.info(path); !info.has_value()) {
    return info.error().code == ErrorCode::kNotFound
               ? Result<std::unique_ptr<env::FileLock>>(nullptr)
               : tl::unexpected(info.error());
  }
  auto lock = files.lock_for_reading(path);
  if (!lock.has_value() && lock.error().code == ErrorCode::kRefused) {
    return fail(ErrorCode::kRefused,
                fmt::format("a process is running the job in {}: stop it first", directory));
  }
  return lock;
}

Result<IdentityRecord> read_identity(env::Files& files, const std::string& directory) {
  const std::string path = env::join(directory, kIdentityFile);
  RHEON_ASSIGN(const std::string bytes, env::read_whole(files, path));
  RHEON_ASSIGN(const std::string payload,
               open_single_frame(bytes, path, kIdentityAddress, FrameType::kIdentity));
  IdentityRecord record;
  if (!decode(payload, record)) {
    return tl::unexpected(damage(path, kFrameHeaderBytes, "the identity cannot be read"));
  }
  return record;
}

Status write_identity(env::Files& files, const std::string& directory,
                      const IdentityRecord& record) {
  return env::replace_whole(files, env::join(directory, kIdentityFile),
                            single_frame(kIdentityAddress, FrameType::kIdentity, encode(record)));
}

Result<std::uint64_t> lock_inode(env::Files& files, const std::string& directory) {
  RHEON_ASSIGN(const env::FileInfo info, files.info(env::join(directory, kLockFile)));
  return info.inode;
}

Result<std::uint32_t> key_groups_of(const Facts& facts, std::uint32_t in_identity) {
  const auto told = facts.find(kKeyGroupsFact);
  if (told == facts.end()) {
    return in_identity;
  }
  codec::Reader in(told->second);
  const std::uint32_t number = in.u32();
  if (in.failed() || !in.at_end() || !std::has_single_bit(number)) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("the last commit says that there are {} key groups, which is not a "
                            "number that a job can have",
                            number));
  }
  return number;
}

Status check_identity(env::Files& files, const std::string& directory, const IdentityRecord& record,
                      const std::string& job) {
  if (record.identity.job != job) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} is the data of job {}, not of {}: give this job another data "
                            "directory, or run it under its own name",
                            directory, record.identity.job, job));
  }
  if (record.resetting) {
    return fail(
        ErrorCode::kRefused,
        fmt::format("a `reset` of {} was begun and did not finish: run `reset` again", directory));
  }
  RHEON_ASSIGN(const std::uint64_t inode, lock_inode(files, directory));
  if (inode != record.lock_inode) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} was copied or put back from a backup: going on from it would "
                            "repeat what the original has already written. `adopt` goes on from "
                            "this copy as a new lineage, `reset` starts from nothing",
                            directory));
  }
  return {};
}

Id random_id(env::Random& random) {
  Id id;
  id.high = random.next();
  id.low = random.next();
  return id;
}

SlotLayout witness_layout() {
  return {{{}, FileKind::kWitness, {}, 0}, FrameType::kWitness, sizeof(Chain)};
}

SlotContents encode(const Witnessed& witness) {
  SlotContents contents{witness.lineage, witness.epoch, {}};
  put_id(contents.payload, witness.chain);
  return contents;
}

Result<Witnessed> decode_witness(const Slots& slots, const std::string& path,
                                 const IdentityRecord& identity) {
  const SlotContents* slot = newest(slots);
  if (slot == nullptr || slot->payload.size() != sizeof(Chain)) {
    return tl::unexpected(damage(path, 0,
                                 "neither of its two slots can be read, so nobody knows how far "
                                 "the job had come (`adopt` goes on from what the journal has)"));
  }
  if (!identity.knows(slot->owner)) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} belongs to another job or lineage: files of two directories were "
                            "mixed. Bring the right ones back",
                            path));
  }
  codec::Reader reader(slot->payload);
  return Witnessed{slot->owner, slot->epoch, get_id(reader)};
}

Result<Witnessed> read_witness(env::Files& files, const std::string& directory,
                               const IdentityRecord& identity) {
  const std::string path = env::join(directory, kWitnessFile);
  auto file = files.open(path, env::OpenMode::kRead);
  if (!file.has_value()) {
    return file.error().code == ErrorCode::kNotFound
               ? tl::unexpected(damage(path, 0, "the file is missing"))
               : tl::unexpected(std::move(file).error());
  }
  RHEON_ASSIGN(const Slots slots, read_slots(**file, witness_layout()));
  return decode_witness(slots, path, identity);
}

Status write_first_witness(env::Files& files, const std::string& directory,
                           const Witnessed& witness) {
  const std::string path = env::join(directory, kWitnessFile);
  if (auto removed = files.remove(path);
      !removed.has_value() && removed.error().code != ErrorCode::kNotFound) {
    return removed;
  }
  RHEON_ASSIGN(SlotFile file, SlotFile::open(files, path, witness_layout()));
  return file.fill(encode(witness));
}

Result<std::string> check_file_system(env::Files& files, const std::string& directory,
                                      bool allow_network) {
  RHEON_ASSIGN(const env::Space space, files.space(directory));
  if (space.file_system == "local") {
    return std::string();
  }
  if (space.file_system == "fuse") {
    return fmt::format("{} is on a FUSE file system: its promises about syncing are its own",
                       directory);
  }
  if (!allow_network) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} is on a network file system ({}), whose locks and syncs cannot be "
                            "relied on: use a local disk, or ask for it explicitly",
                            directory, space.file_system));
  }
  return fmt::format("{} is on a network file system ({}), as asked for", directory,
                     space.file_system);
}

}  // namespace rheon::log::files
