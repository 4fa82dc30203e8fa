#include <algorithm>
#include <utility>

#include "base/stable_hash.h"
#include "codec/wire.h"
#include "engine/quarantine.h"
#include "engine/restore.h"
#include "engine/stored_names.h"
#include "run/job_view.h"
#include "run/state_entry.h"

namespace rheon::run {

namespace {

constexpr std::string_view kLedgerPrefix = "ledger/";

class RestView final : public JobView {
 public:
  RestView(env::Env& env, engine::Plan plan, log::files::OpenResult opened, engine::Catalog catalog)
      : env_(env),
        plan_(std::move(plan)),
        log_(std::move(opened.log)),
        opened_(std::move(opened.opened)),
        catalog_(std::move(catalog)) {}

  bool running() const override { return false; }
  const engine::Plan& plan() const override { return plan_; }
  const engine::Catalog& catalog() const override { return catalog_; }

  Result<engine::WorkerStats> stats() override {
    engine::WorkerStats stats;
    stats.epoch = opened_.epoch;
    stats.complete = opened_.complete;
    return stats;
  }

  Result<engine::Ledger> ledger() override {
    engine::Ledger ledger;
    for (auto at = opened_.facts.lower_bound(kLedgerPrefix);
         at != opened_.facts.end() && at->first.starts_with(kLedgerPrefix); ++at) {
      ledger.set(std::string_view(at->first).substr(kLedgerPrefix.size()),
                 codec::Reader(at->second).u64());
    }
    return ledger;
  }

  Result<std::string> entry(const engine::Catalog::Place& place, const std::string& key) override {
    const KeyGroup group{static_cast<std::uint32_t>(stable_hash(key)) &
                         (plan_.graph.key_groups - 1)};
    std::vector<engine::KeyGroups> groups = engine::make_key_groups(plan_, catalog_);
    const auto wanted = [group](KeyGroup candidate) { return candidate == group; };
    engine::Restore restore(catalog_, groups, wanted);
    RHEON_TRY(log_->restore(wanted, restore));
    return encode_entry(groups[place.node][group.value]->table(place.state),
                        catalog_.sets()[place.node]->declarations[place.state], key);
  }

  Result<StateSize> size(const engine::Catalog::Place& place) override {
    if (all_.empty()) {
      all_ = engine::make_key_groups(plan_, catalog_);
      RHEON_TRY(engine::restore_all(env_, *log_, plan_, catalog_,
                                    std::max(1u, env_.process().cores()), all_));
    }
    StateSize sum;
    for (const auto& group : all_[place.node]) {
      sum.keys += group->table(place.state).size();
      sum.bytes += group->table(place.state).bytes();
    }
    return sum;
  }

  Status scale(std::uint32_t) override {
    return fail(ErrorCode::kNotFound,
                "job '" + plan_.graph.job +
                    "' does not run. Start it with `run --shards N`: any number can go on.");
  }

 private:
  env::Env& env_;
  engine::Plan plan_;
  std::unique_ptr<log::Log> log_;
  log::Opened opened_;
  engine::Catalog catalog_;
  std::vector<engine::KeyGroups> all_;
};

}  // namespace

Result<std::unique_ptr<JobView>> view_at_rest(env::Env& env, const graph::Graph& graph,
                                              const std::string& directory) {
  log::files::OpenOptions options;
  options.directory = directory;
  options.job = graph.job;
  options.key_groups = graph.key_groups;
  options.streams.push_back(engine::quarantine_declaration());
  options.allow_network_file_system = true;
  RHEON_ASSIGN(log::files::OpenResult opened, log::files::open(env, options));
  engine::Plan plan = engine::make_plan(graph);
  std::vector<log::FactChange> changes;  // stay unwritten: this is only a look
  // What has no place in the graph is shown all the same: parameters make it, and may be others.
  static_cast<void>(engine::place_stored_names(graph, opened.opened.facts, changes));
  RHEON_ASSIGN(engine::Catalog catalog,
               engine::Catalog::make(plan, opened.opened.facts, env.random().next(), changes));
  return std::make_unique<RestView>(env, std::move(plan), std::move(opened), std::move(catalog));
}

}  // namespace rheon::run
