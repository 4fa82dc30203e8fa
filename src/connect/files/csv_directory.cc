#include "connect/files/csv_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace rheon::connect::csv {
namespace {

constexpr std::string_view kMarkerTitle = "rheon csv directory 1";
constexpr std::string_view kOwnDirectory = ".rheon";

std::string marker_path(const std::string& directory) {
  return env::join(env::join(directory, kOwnDirectory), "marker");
}

/// The next line of `text`, without its end; false when no whole line is left.
bool next_line(std::string_view& text, std::string_view& line) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) {
    return false;
  }
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

/// The value of "<name> <value>".
bool take_field(std::string_view& text, std::string_view name, std::string& value) {
  std::string_view line;
  if (!next_line(text, line) || !line.starts_with(name) || line.size() <= name.size()) {
    return false;
  }
  value = line.substr(name.size() + 1);
  return true;
}

}  // namespace

std::string committed_path(const std::string& directory) {
  return env::join(env::join(directory, kOwnDirectory), "committed");
}

std::string committed_text(const std::string& directory,
                           const std::map<std::string, FileFact>& files) {
  std::string text;
  for (const auto& [path, fact] : files) {
    const std::string name(name_of(path));
    if (path == env::join(directory, name)) {
      fmt::format_to(std::back_inserter(text), "{} {} {}\n", name, fact.length,
                     fact.closed ? 1 : 0);
    }
  }
  return text;
}

Marker marker_of(const engine::SinkEnvironment& environment) {
  const log::Identity& identity = environment.identity;
  return {identity.job, log::to_string(identity.uid), log::to_string(identity.lineage),
          environment.sink};
}

std::string to_text(const Marker& marker) {
  return fmt::format("{}\njob {}\nuid {}\nlineage {}\nsink {}\n", kMarkerTitle, marker.job,
                     marker.uid, marker.lineage, marker.sink);
}

Result<std::optional<Marker>> read_marker(env::Files& files, const std::string& directory) {
  const std::string path = marker_path(directory);
  const auto text = env::read_whole(files, path);
  if (!text) {
    if (text.error().code == ErrorCode::kNotFound) {
      return std::nullopt;
    }
    return tl::unexpected(text.error());
  }
  std::string_view left = *text;
  std::string_view title;
  Marker marker;
  if (!next_line(left, title) || title != kMarkerTitle || !take_field(left, "job", marker.job) ||
      !take_field(left, "uid", marker.uid) || !take_field(left, "lineage", marker.lineage) ||
      !take_field(left, "sink", marker.sink)) {
    return fail(ErrorCode::kRefused,
                fmt::format("'{}' is not a marker that this build knows: use another output "
                            "directory, or the version of Rheon that wrote it.",
                            path));
  }
  return marker;
}

CsvRecovery::CsvRecovery(const engine::SinkEnvironment& environment, std::string directory,
                         const CsvFacts& known)
    : environment_(environment),
      files_(environment.env->files()),
      directory_(std::move(directory)),
      own_(marker_of(environment)),
      known_(known) {}

Status CsvRecovery::run(engine::SinkRecovery& done) {
  if (directory_.empty()) {
    return fail(ErrorCode::kInvalidInput,
                "the output directory has no name: name one ('.' is the working directory)");
  }
  if (const auto info = files_.info(directory_); info.has_value() && !info->is_directory) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("output directory '{}' is no directory: name another place", directory_));
  }
  RHEON_TRY(check_marker());
  std::map<std::string, bool> directories{{directory_, true}};  // and whether they are ours
  for (const auto& [path, fact] : known_.files) {
    const std::string directory = env::directory_of(path);
    if (!directories.contains(directory)) {
      RHEON_ASSIGN(directories[directory], is_ours(directory));
    }
    RHEON_TRY(directories[directory] ? check_file(path, fact) : check_given_away(path, fact));
  }
  for (const auto& [directory, ours] : directories) {
    if (ours) {
      RHEON_TRY(check_not_ahead(directory));
      RHEON_TRY(check_names(directory));
    }
  }
  RHEON_TRY(change_files(done.changes));
  notice_taken_back(done.notices);
  notice_gone(done.notices);
  notice_elsewhere(done.notices);
  for (const auto& [directory, ours] : directories) {
    if (ours && files_.info(env::join(directory, kOwnDirectory))) {
      RHEON_TRY(
          env::replace_whole(files_, committed_path(directory), committed_text(directory, kept_)));
    }
  }
  return {};
}

Status CsvRecovery::check_marker() {
  RHEON_ASSIGN(const std::optional<Marker> marker, read_marker(files_, directory_));
  fresh_ = !marker.has_value();
  if (fresh_ || *marker == own_) {
    // Under this lineage nothing is committed yet: an earlier start may have ended before.
    adopted_ = !fresh_ && !known_.lineage.empty() && known_.lineage != own_.lineage;
    return {};
  }
  if (marker->uid != own_.uid) {
    const std::string whose = marker->job != own_.job
                                  ? fmt::format("not to '{}'", own_.job)
                                  : fmt::format(
                                        "with another data directory (its id is {}, that of "
                                        "this one {})",
                                        marker->uid, own_.uid);
    return fail(ErrorCode::kRefused,
                fmt::format("output directory '{}' belongs to job '{}', {}. Use another output "
                            "directory, or remove '{}' with its files.",
                            directory_, marker->job, whose, directory_));
  }
  if (marker->sink != own_.sink) {
    return fail(
        ErrorCode::kRefused,
        fmt::format("output directory '{}' belongs to the sink '{}', not to '{}'. Give each "
                    "sink a directory of its own.",
                    directory_, marker->sink, own_.sink));
  }
  const auto& ancestors = environment_.ancestors;
  adopted_ = known_.lineage == marker->lineage ||
             std::any_of(ancestors.begin(), ancestors.end(), [&](const log::Id& ancestor) {
               return log::to_string(ancestor) == marker->lineage;
             });
  if (!adopted_) {
    return fail(
        ErrorCode::kRefused,
        fmt::format("output directory '{}' was written by another lineage of job '{}' (before "
                    "a `reset`, or by a copy of its data directory). Use another output "
                    "directory, or remove '{}', `.rheon` in it included.",
                    directory_, marker->job, directory_));
  }
  return {};
}

/// A directory where the sink has written before may be gone, or another job's by now.
Result<bool> CsvRecovery::is_ours(const std::string& directory) const {
  if (directory == env::directory_of(path_of(directory_, "x"))) {
    return true;
  }
  RHEON_ASSIGN(const std::optional<Marker> marker, read_marker(files_, directory));
  return marker.has_value() && marker->uid == own_.uid && marker->sink == own_.sink;
}

Status CsvRecovery::check_given_away(const std::string& path, const FileFact& fact) {
  if (fact.closed) {
    gone_.push_back(path);
    return {};
  }
  return fail(ErrorCode::kRefused,
              fmt::format("file '{}' is needed: {} bytes of it were committed, and the job was "
                          "still writing it; but '{}' has no '.rheon' of this job and sink any "
                          "more. Put the directory back as it was, or start over with `reset`.",
                          path, fact.length, env::directory_of(path)));
}

/// The path of a file of ours with this name, in whatever directory; null when there is none.
const std::string* CsvRecovery::known_path(std::string_view name) const {
  const auto found = std::find_if(known_.files.begin(), known_.files.end(),
                                  [&](const auto& file) { return name_of(file.first) == name; });
  return found == known_.files.end() ? nullptr : &found->first;
}

/// What was published can only be what was committed: otherwise the log is older than the files.
Status CsvRecovery::check_not_ahead(const std::string& directory) const {
  const auto text = env::read_whole(files_, committed_path(directory));
  if (!text) {
    return text.error().code == ErrorCode::kNotFound ? Status{} : tl::unexpected(text.error());
  }
  std::string_view left = *text;
  std::string_view line;
  while (next_line(left, line)) {
    const std::size_t space = line.find(' ');
    const bool is_torn = line.find('\0') != std::string_view::npos;  // by a power cut: not synced
    if (space == std::string_view::npos || is_torn) {
      continue;
    }
    const std::string_view name = line.substr(0, space);
    const std::string path = env::join(directory, name);
    std::uint64_t length = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), length);
    const auto fact = known_.files.find(path);
    if (const std::string* known = known_path(name); fact == known_.files.end() && known) {
      return fail(
          ErrorCode::kRefused,
          fmt::format("output directory '{}' holds '{}', which this job wrote as '{}'. Give "
                      "the directory as before ('{}'), or use an empty one.",
                      directory, name, *known, env::directory_of(*known)));
    }
    if (fact == known_.files.end() || fact->second.length < length) {
      return fail(
          ErrorCode::kRefused,
          fmt::format("file '{}' has {} committed bytes, more than the log knows of ({}): the "
                      "data directory is older than the output (restored from a copy?). Give "
                      "the job its newest data directory, or start over with `reset` and "
                      "another output directory. When what is newer is lost for good, as after a "
                      "`salvage` that lost epochs, remove '{}': the job then takes back what it "
                      "does not know of, and writes it again.",
                      path, length, fact == known_.files.end() ? 0 : fact->second.length,
                      committed_path(directory)));
    }
  }
  return {};
}

Status CsvRecovery::check_file(const std::string& path, const FileFact& fact) {
  const auto info = files_.info(path);
  if (!info) {
    if (info.error().code != ErrorCode::kNotFound) {
      return tl::unexpected(info.error());
    }
    if (fact.closed) {
      gone_.push_back(path);  // a finished file may be taken away
      return {};
    }
    return fail(
        ErrorCode::kRefused,
        fmt::format("file '{}' is missing; {} bytes of it were committed, and the job was "
                    "still writing it. Put it back, or start over with `reset` and an empty "
                    "output directory.",
                    path, fact.length));
  }
  if (info->size < fact.length) {
    return fail(
        ErrorCode::kRefused,
        fmt::format("file '{}' has {} bytes, but {} were committed. Put it back as it was, or "
                    "start over with `reset` and an empty output directory.",
                    path, info->size, fact.length));
  }
  FileFact now = fact;
  if (!fact.closed && info->inode != fact.inode) {
    if (!adopted_) {
      return fail(
          ErrorCode::kRefused,
          fmt::format("file '{}' is not the file that the job wrote (inode {}, not {}). Put it "
                      "back, start over with `reset` and an empty output directory, or, when data "
                      "and output were restored together, run `adopt`.",
                      path, info->inode, fact.inode));
    }
    now.inode = info->inode;
  }
  const auto name = parse_file_name(name_of(path));
  if (!name.has_value() || name->shard >= environment_.shards ||
      path != env::join(directory_, name_of(path))) {
    now.closed = true;  // nobody goes on with it
  }
  if (info->size > fact.length) {
    cut_.push_back(path);
    taken_back_bytes_ += info->size - fact.length;
  }
  kept_.emplace(path, now);
  return {};
}

/// A file that the log does not know was either never committed or is not ours.
Status CsvRecovery::check_names(const std::string& directory) {
  const bool current = directory == directory_;
  auto names = files_.list(directory);
  if (!names) {
    return names.error().code == ErrorCode::kNotFound ? Status{} : tl::unexpected(names.error());
  }
  for (const std::string& entry : *names) {
    const std::string path = env::join(directory, entry);
    if (entry == kOwnDirectory || known_.files.contains(path)) {
      continue;
    }
    const auto name = parse_file_name(entry);
    if (name.has_value() && !(current && fresh_) &&
        name->sequence > known_.sequence_of(name->shard)) {
      uncommitted_.push_back(path);
      RHEON_ASSIGN(const env::FileInfo info, files_.info(path));
      taken_back_bytes_ += info.size;
    } else if (current) {
      return fail(
          ErrorCode::kRefused,
          fmt::format("output directory '{}' holds '{}', which this job did not write. Use an "
                      "empty directory, or move that file away.",
                      directory, entry));
    }
  }
  return {};
}

Status CsvRecovery::change_files(engine::SinkFactChanges& changes) {
  RHEON_TRY(files_.make_directories(env::join(directory_, kOwnDirectory)));
  if (fresh_ || adopted_) {
    RHEON_TRY(env::replace_whole(files_, marker_path(directory_), to_text(own_)));
  }
  for (const std::string& path : cut_) {
    RHEON_ASSIGN(const auto file, files_.open(path, env::OpenMode::kReadWrite));
    RHEON_TRY(file->truncate(kept_.at(path).length));
    RHEON_TRY(file->sync());
  }
  for (const std::string& path : uncommitted_) {
    RHEON_TRY(files_.remove(path));
    RHEON_TRY(files_.sync_directory(env::directory_of(path)));
  }
  for (const std::string& path : gone_) {
    changes.push_back({std::string(kFilePrefix) + path, std::nullopt});
  }
  for (const std::string& key : known_.misspelled) {
    changes.push_back({key, std::nullopt});
  }
  for (const auto& [path, fact] : kept_) {
    if (fact != known_.files.at(path) || !known_.misspelled.empty()) {
      changes.push_back(file_change(path, fact));
    }
  }
  if (known_.lineage != own_.lineage) {
    changes.push_back({std::string(kLineageFact), own_.lineage});
  }
  return {};
}

void CsvRecovery::notice_taken_back(std::vector<std::string>& notices) const {
  if (taken_back_bytes_ == 0) {
    return;
  }
  const std::size_t files = cut_.size() + uncommitted_.size();
  notices.push_back(fmt::format(
      "sink '{}': took back {} bytes of {} file{} behind the last commit, the first of them '{}': "
      "what the job had written there it writes again",
      environment_.sink, taken_back_bytes_, files, files == 1 ? "" : "s",
      cut_.empty() ? uncommitted_.front() : cut_.front()));
}

void CsvRecovery::notice_gone(std::vector<std::string>& notices) const {
  if (gone_.empty()) {
    return;
  }
  std::uint64_t bytes = 0;
  for (const std::string& path : gone_) {
    bytes += known_.files.at(path).length;
  }
  notices.push_back(fmt::format(
      "sink '{}': {} finished file{} with {} bytes {} gone, or in a directory that is not the "
      "job's any more, the first of them '{}'. The job goes on behind what stood there and no "
      "longer counts it as its own: a copy belongs elsewhere. `reset` starts over",
      environment_.sink, gone_.size(), gone_.size() == 1 ? "" : "s", bytes,
      gone_.size() == 1 ? "is" : "are", gone_.front()));
}

/// Once: later runs have files of their own in the new directory.
void CsvRecovery::notice_elsewhere(std::vector<std::string>& notices) const {
  const auto is_here = [this](const auto& file) {
    return env::directory_of(file.first) == env::directory_of(env::join(directory_, "x"));
  };
  if (kept_.empty() || std::any_of(kept_.begin(), kept_.end(), is_here)) {
    return;
  }
  notices.push_back(
      fmt::format("sink '{}' has written to '{}' before: that stays there, and what is new goes to "
                  "'{}'. `reset` starts over",
                  environment_.sink, env::directory_of(kept_.begin()->first), directory_));
}

}  // namespace rheon::connect::csv
