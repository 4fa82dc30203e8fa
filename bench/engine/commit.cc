// A commit of 9,000 changed keys: from the barrier, when their tables begin to be captured, until
// the synced log says that it is durable.

#include <fmt/format.h>

#include "jobs.h"
#include "keyed_tables.h"
#include "rows.h"

namespace rheon::bench {

void measure_commit(const Setting& setting) {
  if (!setting.report.wanted("commit_9k_ms")) {
    return;
  }
  constexpr std::uint64_t kNoLimit = 1ull << 40;
  KeyedTables tables(
      setting.env, [](Job& job) { count_to_csv(job, std::make_shared<Gate>(1), 1); },
      setting.directory / "commit");
  const std::vector<std::string_view> words(dictionary().begin(), dictionary().end());
  Figure figure;
  const std::size_t commits = setting.quick ? 60 : 300;
  for (std::size_t i = 0; i < commits; ++i) {
    tables.put(words, [](void* value, std::size_t) { ++*static_cast<std::uint64_t*>(value); });
    figure.samples.add(time_here([&] { static_cast<void>(tables.commit(kNoLimit)); }).wall * 1e3);
  }
  figure.baseline = fmt::format("{} commits, every one synced", commits);
  setting.report.add("commit_9k_ms", std::move(figure));
}

}  // namespace rheon::bench
