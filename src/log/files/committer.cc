#include "log/files/committer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace rheon::log::files {

CommitOutcome Committer::commit(const Commit& commit, const std::vector<SliceSet>& sets,
                                std::uint64_t first_segment) {
  const env::Monotonic start = env_.clock().monotonic();
  CommitOutcome outcome;
  outcome.decided = decide(commit, sets, first_segment);
  if (!outcome.decided.has_value() && outcome.decided.error().code == ErrorCode::kNoSpace &&
      parts_.space.drop_ballast()) {
    outcome.decided = decide(commit, sets, first_segment);
  }
  if (outcome.decided.has_value() && !commit.prepared) {
    outcome.after = tell_even_if_full();
  }
  outcome.shortage = parts_.space.shortage();
  const auto took = env_.clock().monotonic() - start;
  outcome.micros = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  return outcome;
}

CommitOutcome Committer::decided() {
  CommitOutcome outcome;
  outcome.after = tell_even_if_full();
  outcome.shortage = parts_.space.shortage();
  return outcome;
}

/// A file system that copies on write may have no room even here.
Status Committer::tell_even_if_full() {
  const auto full = [](const Status& status) {
    return !status.has_value() && status.error().code == ErrorCode::kNoSpace;
  };
  Status status = tell();
  if (full(status) && parts_.space.drop_ballast()) {
    status = tell();
  }
  if (full(status) && !parts_.standing.complete) {
    return {};  // both files are allowed to be behind; the next commit brings them up
  }
  return status;
}

Status Committer::decide(const Commit& commit, const std::vector<SliceSet>& sets,
                         std::uint64_t first_segment) {
  CommitRecord record;
  record.complete = commit.complete;
  record.prepared = commit.prepared;
  record.wall = env_.clock().wall();
  record.first_segment = first_segment;
  record.slices = sets;
  RHEON_TRY(write_streams(commit, record));
  RHEON_ASSIGN(
      const std::string payload,
      parts_.journal.append({commit.epoch, commit.deltas, commit.facts, parts_.standing}, record));
  Standing& standing = parts_.standing;
  seal_changed_ = seal_changed_ || standing.complete != commit.complete;
  slices_changed_ = slices_changed_ || !sets.empty();
  for (const FactChange& change : commit.facts) {
    if (change.value.has_value()) {
      standing.facts.insert_or_assign(change.key, *change.value);
    } else {
      standing.facts.erase(change.key);
    }
  }
  apply(standing, commit.epoch, record, payload);
  for (auto& [name, stream] : parts_.streams) {
    stream->accept(standing.streams.find(name)->second);
  }
  return {};
}

Status Committer::write_streams(const Commit& commit, CommitRecord& record) {
  std::map<std::string_view, std::vector<const StreamAppend*>> by_stream;
  for (const StreamAppend& append : commit.appends) {
    by_stream[append.stream].push_back(&append);
  }
  for (auto& [name, stream] : parts_.streams) {
    if (const auto appends = by_stream.find(name); appends != by_stream.end()) {
      RHEON_ASSIGN(auto change, stream->write(appends->second, commit.epoch));
      record.streams.push_back(std::move(change));
    } else if (!parts_.standing.streams.contains(name)) {
      record.streams.push_back(stream->unchanged());
    }
  }
  return {};
}

Status Committer::tell() {
  const Standing& standing = parts_.standing;
  RHEON_TRY(parts_.witness.write(
      encode(Witnessed{parts_.identity.lineage, standing.epoch, standing.chain})));
  for (auto& [name, stream] : parts_.streams) {
    if (stream->unpublished() || seal_changed_) {
      RHEON_TRY(stream->publish(standing.epoch, standing.complete));
    }
    if (standing.complete && parts_.sync) {
      RHEON_TRY(stream->sync_published());
    }
  }
  seal_changed_ = false;
  return {};
}

bool Committer::wants_witness_sync() const {
  return parts_.sync && parts_.witness.writes_since_sync() >= kSlotSyncCommits;
}

bool Committer::wants_tidying() const {
  const Standing& standing = parts_.standing;
  const auto& segments = parts_.journal.segments();
  return parts_.journal.wants_room() || wants_witness_sync() ||
         (!segments.empty() && segments.front().number < standing.first_segment) ||
         std::any_of(parts_.streams.begin(), parts_.streams.end(), [](const auto& stream) {
           return stream.second->wants_sync() || stream.second->has_old();
         });
}

TidyOutcome Committer::tidy(const std::vector<Slice>& slices,
                            std::optional<std::uint64_t> keep_from) {
  TidyOutcome outcome;
  outcome.status = tidy_files(keep_from);
  if (outcome.status.has_value()) {
    make_room(outcome);
  }
  if (outcome.status.has_value()) {
    write_slices(slices, outcome);
  }
  if (outcome.shortage.empty()) {
    outcome.shortage = parts_.space.shortage();
  }
  if (outcome.shortage.empty() && outcome.status.has_value()) {
    parts_.space.keep_ballast();
  }
  return outcome;
}

Status Committer::tidy_files(std::optional<std::uint64_t> keep_from) {
  RHEON_TRY(parts_.journal.remove_before(parts_.standing.first_segment));
  if (slices_changed_) {
    RHEON_TRY(parts_.snapshots.remove_dead(parts_.standing, keep_from));
    slices_changed_ = false;
  }
  for (auto& [name, stream] : parts_.streams) {
    RHEON_TRY(stream->remove_old());
    if (stream->wants_sync()) {
      RHEON_TRY(stream->sync_published());
    }
  }
  if (wants_witness_sync()) {
    RHEON_TRY(parts_.witness.sync());
  }
  return {};
}

void Committer::make_room(TidyOutcome& outcome) {
  if (!parts_.journal.wants_room()) {
    return;
  }
  auto status = parts_.journal.make_room();
  if (!status.has_value() && status.error().code == ErrorCode::kNoSpace) {
    outcome.shortage = status.error().message;
  } else {
    outcome.status = std::move(status);
  }
}

void Committer::write_slices(const std::vector<Slice>& slices, TidyOutcome& outcome) {
  if (slices.empty()) {
    return;
  }
  auto written = parts_.snapshots.write(slices, parts_.standing.epoch);
  if (written.has_value()) {
    outcome.written = std::move(*written);
    return;
  }
  if (written.error().code != ErrorCode::kNoSpace) {
    outcome.status = tl::unexpected(std::move(written).error());
    return;
  }
  outcome.shortage = written.error().message;
  for (const Slice& slice : slices) {
    outcome.not_written.push_back(slice.address);
  }
}

std::uint64_t Committer::segment_of(std::optional<Epoch> oldest) const {
  const auto& segments = parts_.journal.segments();
  for (const JournalSegment& segment : segments) {
    if (oldest.has_value() && segment.last_epoch >= *oldest) {
      return segment.number;
    }
  }
  return segments.empty() ? 1 : segments.back().number;
}

Status Committer::check(const Commit& commit) const {
  if (commit.epoch.value != parts_.standing.epoch.value + 1) {
    return fail(ErrorCode::kInternal, fmt::format("epoch {} was to be committed after epoch {}",
                                                  commit.epoch.value, parts_.standing.epoch.value));
  }
  for (const StreamAppend& append : commit.appends) {
    const auto stream = parts_.streams.find(append.stream);
    if (stream == parts_.streams.end() || !stream->second->has_partition(append.partition)) {
      return fail(ErrorCode::kInternal, fmt::format("a batch is for partition {} of stream {}, "
                                                    "which was not declared",
                                                    append.partition, append.stream));
    }
  }
  return {};
}

std::uint64_t Committer::old_journal_bytes() const {
  const auto& segments = parts_.journal.segments();
  return segments.empty() ? 0 : parts_.journal.bytes() - segments.back().bytes;
}

Usage Committer::usage() const {
  Usage usage;
  usage.journal_bytes = parts_.journal.bytes();
  usage.snapshot_bytes = parts_.snapshots.bytes();
  for (const auto& [name, stream] : parts_.standing.streams) {
    usage.stream_bytes += stream.bytes();
  }
  usage.last_commit_bytes = parts_.journal.last_append_bytes();
  return usage;
}

}  // namespace rheon::log::files
