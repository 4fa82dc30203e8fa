#include <utility>

#include "base/stable_hash.h"
#include "graph/assignment.h"
#include "run/job_view.h"
#include "run/state_entry.h"

namespace rheon::run {

namespace {

class RunningView final : public JobView {
 public:
  explicit RunningView(engine::Worker& worker) : worker_(worker) {}

  bool running() const override { return true; }
  const engine::Plan& plan() const override { return worker_.plan(); }
  const engine::Catalog& catalog() const override { return worker_.catalog(); }

  Result<engine::WorkerStats> stats() override {
    return ask<engine::WorkerStats>([](engine::Worker& worker) { return worker.stats(); });
  }
  Result<engine::Ledger> ledger() override {
    return ask<engine::Ledger>([](engine::Worker& worker) { return worker.ledger(); });
  }

  Result<std::string> entry(const engine::Catalog::Place& place, const std::string& key) override {
    const std::uint32_t groups = plan().graph.key_groups;
    const KeyGroup group{static_cast<std::uint32_t>(stable_hash(key)) & (groups - 1)};
    std::string found;
    const bool answered = worker_.ask_owner(group, [&](engine::Execution& execution) {
      const engine::KeyGroups* owned = groups_of(execution, place.node, group);
      if (owned != nullptr && (*owned)[group.value] != nullptr) {
        found = encode_entry((*owned)[group.value]->table(place.state), state_of(place), key);
      }
    });
    return answered ? Result<std::string>(std::move(found)) : stopped();
  }

  Result<StateSize> size(const engine::Catalog::Place& place) override {
    // Each shard is asked about the key groups it owns. When the job is rescaled in between, some
    // would be missing or counted twice: then once more.
    for (;;) {
      RHEON_ASSIGN(const engine::WorkerStats before, stats());
      StateSize sum;
      for (std::uint32_t shard = 0; shard < before.shards; ++shard) {
        RHEON_ASSIGN(const StateSize part, size_on(place, shard, before.shards));
        sum.keys += part.keys;
        sum.bytes += part.bytes;
      }
      RHEON_ASSIGN(const engine::WorkerStats after, stats());
      if (after.shards == before.shards) {
        return sum;
      }
    }
  }

  Status scale(std::uint32_t shards) override {
    worker_.request_shards(shards);
    return {};
  }

 private:
  static tl::unexpected<Error> stopped() {
    return fail(ErrorCode::kNotFound, "the job is stopping. Ask again when it has stopped.");
  }

  template <class T, class Fn>
  Result<T> ask(Fn fn) {
    T result{};
    if (!worker_.ask([&](engine::Worker& worker) { result = fn(worker); })) {
      return stopped();
    }
    return result;
  }

  const state::StateDeclaration& state_of(const engine::Catalog::Place& place) const {
    return catalog().sets()[place.node]->declarations[place.state];
  }

  const engine::KeyGroups* groups_of(engine::Execution& execution, std::size_t node,
                                     KeyGroup group) const {
    const auto shards = static_cast<std::uint32_t>(execution.shards().size());
    const ShardId owner = graph::owner(group, plan().graph.key_groups, shards);
    return execution.processor(node, owner.value)->groups();
  }

  Result<StateSize> size_on(const engine::Catalog::Place& place, std::uint32_t shard,
                            std::uint32_t shards) {
    const std::uint64_t groups = plan().graph.key_groups;
    const KeyGroup first{static_cast<std::uint32_t>((shard * groups + shards - 1) / shards)};
    StateSize sum;
    const bool answered = worker_.ask_owner(first, [&](engine::Execution& execution) {
      const engine::KeyGroups* owned = groups_of(execution, place.node, first);
      for (std::size_t g = 0; owned != nullptr && g < owned->size(); ++g) {
        if ((*owned)[g] != nullptr) {
          sum.keys += (*owned)[g]->table(place.state).size();
          sum.bytes += (*owned)[g]->table(place.state).bytes();
        }
      }
    });
    return answered ? Result<StateSize>(sum) : stopped();
  }

  engine::Worker& worker_;
};

}  // namespace

std::unique_ptr<JobView> view_running(engine::Worker& worker) {
  return std::make_unique<RunningView>(worker);
}

}  // namespace rheon::run
