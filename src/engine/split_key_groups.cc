#include "engine/split_key_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/stable_hash.h"
#include "codec/delta.h"
#include "codec/wire.h"
#include "engine/catalog.h"
#include "engine/fact_names.h"
#include "engine/quarantine.h"
#include "engine/restore.h"
#include "engine/stored_names.h"
#include "log/files/file_log.h"
#include "state/key_group_state.h"
#include "state/state_table.h"

namespace rheon::engine {

namespace {

constexpr std::chrono::milliseconds kLookAgain{10};
constexpr std::uint64_t kMostParts = 65'536;  // of a table

/// What goes from one key group to others.
struct Moves {
  std::map<KeyGroup, codec::DeltaWriter> put;  // by new group
  codec::DeltaWriter removed;
  std::optional<std::string> last;  // entries of one key stand together

  void add(const state::StateTable& from, KeyGroup to, const codec::DeltaEntry& entry) {
    const auto [at, first] = put.try_emplace(to);
    if (first) {
      at->second.begin_section(from.state(), to);
    }
    if (entry.op == codec::DeltaOp::kPut) {
      at->second.put(entry.key, entry.value);
    } else {
      at->second.put_sub(entry.key, entry.sub, entry.value);
    }
    if (last == entry.key) {
      return;
    }
    if (removed.empty()) {
      removed.begin_section(from.state(), from.group());
    }
    removed.remove(last.emplace(entry.key));
  }
};

class Splitting {
 public:
  Splitting(env::Env& env, const Plan& plan, log::files::OpenResult opened, std::size_t blob_bytes)
      : env_(env),
        plan_(plan),
        blob_bytes_(blob_bytes),
        log_(std::move(opened.log)),
        opened_(std::move(opened.opened)),
        before_(opened_.identity.key_groups),
        after_(plan.graph.key_groups) {}

  Status run() {
    log::Facts facts = opened_.facts;
    commit_.epoch = Epoch{opened_.epoch.value + 1};
    commit_.complete = opened_.complete;
    RHEON_TRY(place_stored_names(plan_.graph, facts, commit_.facts));
    Plan as_it_was = plan_;
    as_it_was.graph.key_groups = before_;
    RHEON_ASSIGN(const Catalog catalog,
                 Catalog::make(as_it_was, facts, env_.random().next(), commit_.facts));
    std::vector<KeyGroups> groups = make_key_groups(as_it_was, catalog);
    RHEON_TRY(restore_all(env_, *log_, as_it_was, catalog, /*parallel=*/1, groups));
    for (std::size_t node = 0; node < groups.size(); ++node) {
      for (const auto& group : groups[node]) {
        for (std::size_t i = 0; i < group->states(); ++i) {
          RHEON_TRY(split(group->table(i)));
        }
      }
    }
    hand_over();
    split_watermarks(facts);
    std::string number;
    codec::put_u32(number, after_);
    commit_.facts.push_back({std::string(log::kKeyGroupsFact), number});
    return commit();
  }

 private:
  [[nodiscard]] std::uint32_t parts() const { return after_ / before_; }

  /// The low bits of a key's hash say which group it is in: one bit more of it for each doubling.
  /// What moves is put under its new group and removed under its old one. What stays stays as it
  /// is, under older ids too: a removal by today's id takes away what those have for the key.
  Status split(const state::StateTable& table) {
    // By ranges of the hash: each part of a large table is encoded, and is a frame, by itself.
    const std::uint64_t parts = std::bit_ceil(table.own_bytes() / blob_bytes_ + 1);
    const std::uint64_t width =
        (std::uint64_t{1} << 32) / std::min<std::uint64_t>(parts, kMostParts);
    for (std::uint64_t first = 0; first <= UINT32_MAX; first += width) {
      RHEON_TRY(split(table, static_cast<std::uint32_t>(first),
                      static_cast<std::uint32_t>(first + width - 1)));
    }
    return {};
  }
  Status split(const state::StateTable& table, std::uint32_t first_hash, std::uint32_t last_hash) {
    codec::DeltaWriter all;
    table.encode_slice(first_hash, last_hash, all);
    const std::string blob = all.take();
    Moves moves;
    codec::DeltaReader sections(blob);
    codec::DeltaSection section;
    while (sections.next(section)) {
      codec::DeltaEntryReader entries(section.entries);
      codec::DeltaEntry entry;
      while (entries.next(entry)) {
        const auto group = static_cast<std::uint32_t>(stable_hash(entry.key)) & (after_ - 1);
        if (group != table.group().value) {
          moves.add(table, KeyGroup{group}, entry);
        }
      }
      if (entries.failed()) {
        return broken(table.state());
      }
    }
    if (sections.failed()) {
      return broken(table.state());
    }
    for (auto& [group, writer] : moves.put) {
      add(std::move(writer));
    }
    add(std::move(moves.removed));
    return {};
  }

  /// A blob is a frame of the journal.
  void add(codec::DeltaWriter changes) {
    if (!changes.empty()) {
      blob_.append(std::move(changes));
    }
    if (blob_.size() >= blob_bytes_) {
      hand_over();
    }
  }
  void hand_over() {
    if (!blob_.empty()) {
      commit_.deltas.push_back(blob_.take());
    }
  }

  static Status broken(StateId state) {
    return fail(ErrorCode::kInternal,
                fmt::format("state id {} cannot be encoded and read again.", state.value));
  }

  /// Each part has seen what the whole had.
  void split_watermarks(const log::Facts& facts) {
    for (auto at = facts.lower_bound(kWatermarkPrefix);
         at != facts.end() && at->first.starts_with(kWatermarkPrefix); ++at) {
      std::string runs;
      for (std::uint32_t i = 0; i < parts(); ++i) {
        codec::Reader in(at->second);
        while (!in.failed() && !in.at_end()) {
          const std::uint64_t first = in.varint();
          const std::uint64_t last = in.varint();
          codec::put_varint(runs, first + i * before_);
          codec::put_varint(runs, last + i * before_);
          codec::put_i64(runs, in.i64());
        }
      }
      commit_.facts.push_back({at->first, std::move(runs)});
    }
  }

  Status commit() {
    const std::unique_ptr<env::Parker> parker = env_.threads().make_parker();
    log_->submit(std::move(commit_));
    for (;;) {
      const std::optional<log::Event> event = log_->poll();
      if (!event.has_value()) {
        parker->park_until(env_.clock().monotonic() + kLookAgain);
        continue;
      }
      switch (event->kind) {
        case log::Event::Kind::kCommitted:
          return {};
        case log::Event::Kind::kFailed:
          return fail(event->code, event->sentence);
        case log::Event::Kind::kWaiting:
          return fail(ErrorCode::kNoSpace, event->sentence + " Then split the key groups again.");
        default:
          break;
      }
    }
  }

  env::Env& env_;
  const Plan& plan_;
  const std::size_t blob_bytes_;
  std::unique_ptr<log::Log> log_;
  log::Opened opened_;
  std::uint32_t before_;
  std::uint32_t after_;
  log::Commit commit_;
  codec::DeltaWriter blob_;  // the next of its deltas
};

}  // namespace

Result<std::uint32_t> split_key_groups(env::Env& env, const Plan& plan,
                                       const std::string& directory, std::size_t blob_bytes) {
  log::files::OpenOptions options;
  options.directory = directory;
  options.job = plan.graph.job;
  options.key_groups = log::files::kKeyGroupsAsStored;
  options.streams.push_back(quarantine_declaration());
  options.allow_network_file_system = true;
  RHEON_ASSIGN(log::files::OpenResult opened, log::files::open(env, options));
  const std::uint32_t before = opened.opened.identity.key_groups;
  const std::uint32_t after = plan.graph.key_groups;
  if (after == before) {
    return before;
  }
  if (after < before) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("'{}' has {} key groups, and the job asks for {}: they can be split, "
                            "and not be joined. `reset` starts over with another number.",
                            directory, before, after));
  }
  RHEON_TRY(Splitting(env, plan, std::move(opened), blob_bytes).run());
  return before;
}

}  // namespace rheon::engine
