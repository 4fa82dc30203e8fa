// open(): lock, identity, recovery, streams; what comes out is a CommittingLog.

#include "log/files/file_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "log/files/committer.h"
#include "log/files/committing_log.h"
#include "log/files/identity.h"
#include "log/files/recovery.h"

namespace rheon::log::files {

namespace {

constexpr std::uint64_t kMinSegmentBytes = 1 << 20;

Status check_options(const OpenOptions& options) {
  std::set<std::string> names;
  for (const StreamDeclaration& stream : options.streams) {
    const std::string& name = stream.name;
    if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos ||
        name.find('\0') != std::string::npos) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("'{}' cannot be the name of a stream: it becomes a directory's name, "
                              "so it must not be empty, begin with a dot or contain a slash",
                              name));
    }
    if (stream.partitions == 0) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("stream {} is declared with no partitions", name));
    }
    if (stream.partitions > kMaxStreamPartitions) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("stream {} is declared with {} partitions; at most {} are possible",
                              name, stream.partitions, kMaxStreamPartitions));
    }
    if (!names.insert(name).second) {
      return fail(ErrorCode::kInvalidInput, fmt::format("stream {} is declared twice", name));
    }
  }
  return {};
}

class Opening {
 public:
  Opening(env::Env& env, const OpenOptions& options)
      : env_(env),
        files_(env.files()),
        options_(options),
        compaction_({options.snapshot_after_bytes, options.slice_bytes}) {}

  Result<OpenResult> run() {
    RHEON_TRY(check_options(options_));
    RHEON_TRY(take_directory());
    RHEON_TRY(take_identity());
    RHEON_TRY(recover());
    RHEON_TRY(take_key_groups());
    RHEON_TRY(check_streams());
    return make();
  }

 private:
  [[nodiscard]] std::string path(const char* name) const {
    return env::join(options_.directory, name);
  }

  Status take_directory() {
    if (options_.key_groups == kKeyGroupsAsStored) {
      RHEON_TRY(require_data_directory(files_, options_.directory));
    }
    RHEON_TRY(files_.make_directories(options_.directory));
    RHEON_TRY(check_not_foreign());
    auto lock = lock_directory(files_, options_.directory, options_.job);
    if (!lock.has_value()) {
      Error error = std::move(lock).error();
      if (is_held_by_another(error)) {
        error.message += ", or give this run a directory of its own (--data-dir)";
      }
      return tl::unexpected(std::move(error));
    }
    lock_ = std::move(*lock);
    RHEON_ASSIGN(std::string warning,
                 check_file_system(files_, options_.directory, options_.allow_network_file_system));
    add_notice(std::move(warning));
    return {};
  }

  /// A directory without an identity is empty, the root of a fresh file system, or what a start
  /// that was killed has left.
  Status check_not_foreign() {
    constexpr std::array kOwn{kIdentityFile,    kLockFile,         kWitnessFile,
                              kBallastFile,     kJournalDirectory, kSnapshotDirectory,
                              kStreamDirectory, "control",         "lost+found"};
    RHEON_ASSIGN(const std::vector<std::string> names, files_.list(options_.directory));
    if (std::find(names.begin(), names.end(), kIdentityFile) != names.end()) {
      return {};
    }
    for (const std::string& name : names) {
      const bool own = std::any_of(kOwn.begin(), kOwn.end(), [&](const std::string& one) {
        return name == one || name == one + ".tmp";
      });
      if (!own && !name.starts_with('.')) {
        return fail(ErrorCode::kRefused,
                    fmt::format("'{}' holds '{}' and no data of a job: give --data-dir a directory "
                                "of its own, new or empty",
                                options_.directory, name));
      }
    }
    return {};
  }

  Status take_identity() {
    auto record = read_identity(files_, options_.directory);
    if (!record.has_value()) {
      if (record.error().code != ErrorCode::kNotFound) {
        return tl::unexpected(std::move(record).error());
      }
      return make_fresh();
    }
    record_ = std::move(*record);
    RHEON_TRY(check_identity(files_, options_.directory, record_, options_.job));
    if (record_.identity.key_groups == 0 && options_.key_groups != kKeyGroupsAsStored) {
      record_.identity.key_groups = options_.key_groups;  // after a reset
      RHEON_TRY(write_identity(files_, options_.directory, record_));
    }
    RHEON_TRY(make_directories());  // a copy may have left out the empty ones
    return sync_names();
  }

  Status nothing_there() const {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("nothing has run in {}: there are no key groups yet", options_.directory));
  }

  Status make_directories() {
    for (const char* name : {kJournalDirectory, kSnapshotDirectory, kStreamDirectory}) {
      RHEON_TRY(files_.make_directories(path(name)));
    }
    return {};
  }

  /// The identity comes last: once it stands, all else that a fresh directory has is durable.
  Status make_fresh() {
    if (options_.key_groups == kKeyGroupsAsStored) {
      return nothing_there();
    }
    RHEON_ASSIGN(const auto segments, numbered_files(files_, path(kJournalDirectory)));
    if (!segments.empty()) {
      return tl::unexpected(
          damage(path(kIdentityFile), 0, "the file is missing, though there is a journal"));
    }
    fresh_ = true;
    record_.identity = {options_.job, random_id(env_.random()), random_id(env_.random()),
                        options_.key_groups};
    RHEON_ASSIGN(record_.lock_inode, lock_inode(files_, options_.directory));
    RHEON_TRY(make_directories());
    RHEON_TRY(write_first_witness(files_, options_.directory,
                                  {record_.identity.lineage, Epoch{0}, Chain{}}));
    RHEON_TRY(sync_names());
    return write_identity(files_, options_.directory, record_);
  }

  /// Also on a later start: names that a killed process has made may not be durable yet.
  Status sync_names() {
    RHEON_TRY(files_.sync_directory(options_.directory));
    return files_.sync_directory(env::directory_of(options_.directory));
  }

  Status recover() {
    RecoveryInput input;
    input.directory = options_.directory;
    input.identity = record_;
    RHEON_ASSIGN(input.witness, read_witness(files_, options_.directory, record_));
    // Deltas are counted in a second pass, when the slices are known: see recover_journal().
    input.on_standing = [this](const Standing& standing) {
      for (const auto& [key, set] : standing.slices) {
        compaction_.set_slices(set);
      }
    };
    input.on_delta = [this](Epoch epoch, std::string_view blob) -> Status {
      if (!compaction_.add_delta(epoch, blob)) {
        return fail(ErrorCode::kCorrupt,
                    fmt::format("a delta of epoch {} in {} cannot be read though it checks: it was "
                                "written by another version of this program",
                                epoch.value, path(kJournalDirectory)));
      }
      return {};
    };
    RHEON_ASSIGN(recovered_, recover_journal(files_, input));
    if (recovered_.undecided) {
      RHEON_ASSIGN(const bool counts, ask_who_decides());
      if (!counts) {
        input.discard = recovered_.standing.epoch;
        compaction_ = Compaction({options_.snapshot_after_bytes, options_.slice_bytes});
        RHEON_ASSIGN(recovered_, recover_journal(files_, input));
      }
    }
    add_notice(recovered_.notice);
    return repair_journal(files_, options_.directory, recovered_);
  }

  /// A split of key groups is made by its commit: the identity follows.
  Status take_key_groups() {
    std::uint32_t& groups = record_.identity.key_groups;
    const Facts& facts = recovered_.standing.facts;
    RHEON_ASSIGN(const std::uint32_t number, key_groups_of(facts, groups));
    if (std::exchange(groups, number) != number) {
      RHEON_TRY(write_identity(files_, options_.directory, record_));
    }
    if (groups == kKeyGroupsAsStored) {
      return nothing_there();
    }
    if (options_.key_groups == kKeyGroupsAsStored || options_.key_groups == groups) {
      return {};
    }
    return fail(ErrorCode::kRefused,
                fmt::format("{} has {} key groups, and the job now asks for {}. {}",
                            options_.directory, groups, options_.key_groups,
                            options_.key_groups > groups
                                ? "`split-key-groups` makes as many of them, while the job does "
                                  "not run"
                                : "They can be split, and not be joined: `reset` starts over with "
                                  "another number"));
  }

  Status check_streams() const {
    std::string orphans;
    for (const auto& known : recovered_.standing.streams) {
      const bool declared =
          std::any_of(options_.streams.begin(), options_.streams.end(),
                      [&known](const auto& one) { return one.name == known.first; });
      if (!declared) {
        orphans += (orphans.empty() ? "'" : ", '") + known.first + "'";
      }
    }
    if (orphans.empty() || !options_.all_streams) {
      return {};
    }
    return fail(ErrorCode::kRefused,
                fmt::format("this job does not write a stream any more that {} holds, and whoever "
                            "reads it would wait: {}. Bring it back under its name, or start over "
                            "with `reset`",
                            options_.directory, orphans));
  }

  Result<bool> ask_who_decides() {
    if (!options_.decide) {
      return fail(
          ErrorCode::kRefused,
          fmt::format("epoch {} in {} was prepared, and whether it counts was decided by a "
                      "transaction. Run the job once more as it was: with the sink that writes to "
                      "a topic, with its number of key groups, and without --guarantee "
                      "at-least-once.",
                      recovered_.standing.epoch.value, path(kJournalDirectory)));
    }
    const Standing& standing = recovered_.standing;
    return options_.decide({standing.epoch, record_.identity, record_.ancestors, standing.facts});
  }

  Result<std::unique_ptr<StreamWriter>> open_stream_writer(const std::string& name,
                                                           const StreamDeclaration* declaration) {
    const auto committed = recovered_.standing.streams.find(name);
    StreamWriterOptions stream;
    stream.directory = env::join(path(kStreamDirectory), name);
    stream.name = name;
    stream.uid = record_.identity.uid;
    stream.lineage = record_.identity.lineage;
    stream.new_incarnation = random_id(env_.random());
    stream.segment_bytes = options_.stream_segment_bytes;
    if (declaration != nullptr && declaration->retention.bytes.has_value()) {
      // Whole segments go: a few of them are what shall be kept.
      stream.segment_bytes = std::min(
          stream.segment_bytes, std::max(*declaration->retention.bytes / 4, kMinSegmentBytes));
    }
    stream.step_bytes = options_.allocate_ahead_bytes;
    stream.sync = options_.sync;
    const bool is_there = committed != recovered_.standing.streams.end();
    RHEON_ASSIGN(auto writer,
                 StreamWriter::open(files_, std::move(stream),
                                    is_there ? &committed->second : nullptr, declaration));
    RHEON_TRY(writer->publish_first(recovered_.standing.epoch, recovered_.standing.complete));
    return writer;
  }

  Result<std::map<std::string, std::unique_ptr<StreamWriter>, std::less<>>> open_streams() {
    std::map<std::string, std::unique_ptr<StreamWriter>, std::less<>> streams;
    for (const StreamDeclaration& declaration : options_.streams) {
      RHEON_ASSIGN(streams[declaration.name], open_stream_writer(declaration.name, &declaration));
    }
    for (const auto& [name, committed] : recovered_.standing.streams) {
      if (!streams.contains(name)) {
        RHEON_ASSIGN(streams[name], open_stream_writer(name, nullptr));
      }
    }
    return streams;
  }

  Result<OpenResult> make() {
    const Standing& standing = recovered_.standing;
    const Identity& identity = record_.identity;
    RHEON_ASSIGN(auto streams, open_streams());
    RHEON_ASSIGN(SlotFile witness, SlotFile::open(files_, path(kWitnessFile), witness_layout()));
    RHEON_TRY(witness.fill(encode(Witnessed{identity.lineage, standing.epoch, standing.chain})));
    Journal journal(files_, {path(kJournalDirectory), identity, options_.journal_segment_bytes,
                             options_.allocate_ahead_bytes, options_.sync});
    journal.follow(recovered_.segments, recovered_.last_commit);
    if (!recovered_.segments.empty() && recovered_.lineage == identity.lineage) {
      RHEON_TRY(journal.append_to_last());
    }
    SnapshotStore snapshots(files_, {path(kSnapshotDirectory), identity.lineage,
                                     options_.journal_segment_bytes, options_.sync});
    RHEON_TRY(snapshots.resume(standing));
    SpaceKeeper space(files_,
                      {options_.directory, options_.ballast_bytes, options_.min_free_bytes});
    space.keep_ballast();

    OpenResult result;
    result.opened = {fresh_,         identity,          standing.epoch, standing.complete,
                     standing.facts, record_.ancestors, notice_};
    CommittingLog::Parts parts{std::move(lock_), nullptr, std::move(compaction_),
                               plan_restore(options_.directory, standing, recovered_.segments),
                               options_.waker};
    parts.committer = std::make_unique<Committer>(
        env_, CommitterParts{options_.directory, identity, std::move(recovered_.standing),
                             std::move(journal), std::move(snapshots), std::move(streams),
                             std::move(witness), std::move(space), options_.sync});
    result.log = std::make_unique<CommittingLog>(env_, std::move(parts));
    return result;
  }

  void add_notice(std::string sentence) {
    if (!sentence.empty()) {
      notice_ += (notice_.empty() ? "" : "; ") + std::move(sentence);
    }
  }

  env::Env& env_;
  env::Files& files_;
  const OpenOptions& options_;
  Compaction compaction_;
  std::unique_ptr<env::FileLock> lock_;
  IdentityRecord record_;
  bool fresh_ = false;
  Recovered recovered_;
  std::string notice_;
};

}  // namespace

Result<OpenResult> open(env::Env& env, const OpenOptions& options) {
  auto result = Opening(env, options).run();
  if (!result.has_value() && result.error().code == ErrorCode::kCorrupt) {
    return fail(ErrorCode::kRefused, std::move(result).error().message);
  }
  return result;
}

}  // namespace rheon::log::files
