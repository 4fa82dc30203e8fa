// The facts of a commit (log/log.h): the catalog of states, names, positions, the ledger.

#include <algorithm>

#include "connect/files/file_position.h"
#include "connect/kafka/position.h"
#include "connect/stream/stream_fetcher.h"
#include "engine/fact_names.h"
#include "engine/ledger.h"
#include "engine/source_task.h"
#include "engine/stored_names.h"
#include "log/files/records.h"
#include "support/input.h"
#include "support/job.h"
#include "support/same.h"
#include "support/seeds.h"

namespace rheon::fuzz {
namespace {

void change(log::Facts& facts, const std::vector<log::FactChange>& changes) {
  RHEON_ASSERT(log::files::apply_facts(log::files::encode(changes), facts),
               "changes of facts that were encoded cannot be read");
}

/// What a job takes it takes as it is once it has written its changes.
void check_start(log::Facts facts) {
  static const engine::Plan kPlan = plan_with(declared_states());
  std::vector<log::FactChange> changes;
  if (!engine::place_stored_names(kPlan.graph, facts, changes) ||
      !engine::Catalog::make(kPlan, facts, /*table_seed=*/1, changes)) {
    return;
  }
  change(facts, changes);
  changes.clear();
  RHEON_ASSERT(engine::place_stored_names(kPlan.graph, facts, changes) &&
                   engine::Catalog::make(kPlan, facts, /*table_seed=*/1, changes),
               "a job refuses what it has written");
  RHEON_ASSERT(changes.empty(), "a job changes what it has written");
}

void check_ledger(const log::Facts& facts) {
  engine::Ledger ledger;
  for (const auto& [key, value] : facts) {
    if (key.starts_with(engine::kLedgerPrefix)) {
      ledger.set(std::string_view(key).substr(engine::kLedgerPrefix.size()),
                 engine::decode_u64(value));
    }
  }
  static_cast<void>(ledger.imbalances());
}

void check_position(std::string_view bytes) {
  check_round_trip(
      bytes, [](std::string_view from) { return engine::decode_position("it", from); },
      [](const auto& position) { return engine::encode_position(position); });
  check_round_trip(
      bytes, [](std::string_view from) { return connect::files::decode_position(from); },
      [](const auto& position) { return connect::files::encode(position); });
  check_round_trip(
      bytes, [](std::string_view from) { return connect::stream::decode_position(from); },
      [](const auto& position) { return connect::stream::encode(position); });
  check_round_trip(
      bytes, [](std::string_view from) { return connect::kafka::decode_position(from); },
      [](const auto& position) { return connect::kafka::encode(position); });
}

}  // namespace

Seeds seeds() {
  const auto seed = [](const log::Facts& facts) {
    std::string out;
    for (const auto& [key, value] : facts) {
      codec::put_bytes(out, key);
      codec::put_bytes(out, value);
    }
    return out;
  };
  engine::PositionFact source;
  source.label = "a.txt";
  source.position = connect::files::encode({300, {17, 5, 42}, true, false, "texts/a.txt"});
  const std::string in_stream = connect::stream::encode({{{1, 2}, 300}, 5});
  const std::string in_topic = connect::kafka::encode({{1, 2}, 300, 500, 7, true});
  std::vector<log::FactChange> today;
  static_cast<void>(
      engine::Catalog::make(plan_with(declared_states()), {}, /*table_seed=*/1, today));
  log::Facts states;
  change(states, today);
  return {{"positions", seed({{"position/lines/17-5-2a", engine::encode_position(source)},
                              {"position/old lines/0", source.position},
                              {"sink/csv/lineage", in_stream},
                              {"position/words/0", in_topic},
                              {"watermark/states", "w"}})},
          {"ledger", seed({{"ledger/operator/states/in", engine::encode_u64(7)},
                           {"ledger/operator/states/dropped/old", engine::encode_u64(7)},
                           {"ledger/edge/lines->states.0/sent", engine::encode_u64(300)}})},
          {"states", seed(states)},
          {"older_states", seed(older_facts())}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  log::Facts facts;
  while (!in.empty()) {
    const std::string key(in.text());
    const std::string_view value = in.text();
    fuzz::check_position(value);
    facts[key] = value;
  }
  fuzz::check_ledger(facts);
  fuzz::check_start(std::move(facts));
  return 0;
}
