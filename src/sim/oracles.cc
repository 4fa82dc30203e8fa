#include "sim/oracles.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "codec/wire.h"
#include "engine/fact_names.h"
#include "engine/operator_counters.h"
#include "log/files/inspect.h"

namespace rheon::sim {

namespace {

[[nodiscard]] tl::unexpected<Error> broken(const std::string& sentence) {
  return fail(ErrorCode::kInternal, sentence);
}

/// The one counter that goes down: entries of state as of the commit.
[[nodiscard]] bool is_at_rest(std::string_view fact) {
  return engine::parse_counter(fact.substr(engine::kLedgerPrefix.size())).what == "at_rest";
}

[[nodiscard]] std::string show(const std::vector<std::uint64_t>& values) {
  std::string text = std::to_string(values.size()) + " values";
  for (std::size_t i = 0; i < std::min<std::size_t>(values.size(), 12); ++i) {
    text += (i == 0 ? ": " : " ") + std::to_string(values[i]);
  }
  return text;
}

[[nodiscard]] Answer sorted(Answer answer) {
  for (auto& [key, values] : answer) {
    std::sort(values.begin(), values.end());
  }
  return answer;
}

[[nodiscard]] Status compare(const Answer& found, const Answer& expected, std::string_view output) {
  for (const auto& [key, values] : expected) {
    const auto at = found.find(key);
    if (at == found.end() || at->second != values) {
      return broken(
          fmt::format("key '{}' should have {}, {} with {}.", key, show(values), output,
                      show(at == found.end() ? std::vector<std::uint64_t>{} : at->second)));
    }
  }
  if (found.size() != expected.size()) {
    return broken(fmt::format("{} has keys that the input does not have.", output));
  }
  return {};
}

[[nodiscard]] Status read_csv(const std::string& file, std::string_view text, Answer& found) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::size_t comma = line.rfind(',');
    if (end == std::string_view::npos || comma == std::string_view::npos) {
      return broken(file + " ends in a torn line.");
    }
    found[std::string(line.substr(0, comma))].push_back(
        std::stoull(std::string(line.substr(comma + 1))));
    text.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace

// ---- while it runs

Status Oracles::check_progress(const engine::Worker& worker, Look at_committed) {
  const std::uint64_t epoch = worker.stats().epoch.value;
  if (epoch < std::exchange(epoch_, epoch)) {
    return broken(fmt::format("epoch {} follows a later one.", epoch));
  }
  if (scenario_.writes_files && (at_committed == Look::kAlways || epoch % 4 == 0)) {
    RHEON_TRY(check_committed_text());
  }
  for (const auto& [key, value] : worker.facts()) {
    RHEON_TRY(check_fact(key, value));
  }
  return {};
}

Status Oracles::check_fact(const std::string& key, const std::string& value) {
  if (key == engine::kClockFact) {
    const auto clock = static_cast<std::int64_t>(engine::decode_u64(value));
    if (clock < std::exchange(job_clock_, clock)) {
      return broken(fmt::format("the job's clock went back to {}.", clock));
    }
  } else if (key.starts_with(engine::kLedgerPrefix) && !is_at_rest(key)) {
    const std::uint64_t count = engine::decode_u64(value);
    if (count < std::exchange(counted_[key], count)) {
      return broken(fmt::format("'{}' went back to {}.", key, count));
    }
  } else if (key.starts_with(engine::kWatermarkPrefix)) {
    return check_watermarks(key, value);
  }
  return {};
}

Status Oracles::check_watermarks(const std::string& key, const std::string& value) {
  std::vector<std::int64_t>& reached = watermarks_[key];
  codec::Reader in(value);
  while (!in.failed() && !in.at_end()) {
    const std::uint64_t first = in.varint();
    const std::uint64_t last = in.varint();
    const std::int64_t watermark = in.i64();
    if (in.failed() || last > 1024) {
      return broken(fmt::format("the fact '{}' cannot be read.", key));
    }
    reached.resize(std::max<std::size_t>(reached.size(), last + 1), INT64_MIN);
    for (std::uint64_t group = first; group <= last; ++group) {
      if (watermark < std::exchange(reached[group], watermark)) {
        return broken(fmt::format("the watermark of '{}', key group {}, went back to {}.", key,
                                  group, watermark));
      }
    }
  }
  return {};
}

/// A reader that takes from every file as many bytes as `committed` names never sees one of them
/// change. It may meet an error of the disk that was meant for the job.
Status Oracles::check_committed_text() {
  const auto list =
      env::read_whole(env_.files(), std::string(kOutputDirectory) + "/.rheon/committed");
  if (!list.has_value()) {
    const bool may_be = list.error().code == ErrorCode::kNotFound && committed_text_.empty();
    return may_be || caused_.take() ? Status{} : tl::unexpected<Error>(list.error());
  }
  std::map<std::string, std::uint64_t> told;
  std::string_view lines = *list;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const std::size_t space = std::min(line.find(' '), line.size());
    std::uint64_t bytes = 0;
    std::from_chars(line.data() + space + (space < line.size() ? 1 : 0), line.data() + line.size(),
                    bytes);
    told[std::string(line.substr(0, space))] = bytes;
  }
  for (const auto& [name, bytes] : told) {
    const auto text = env::read_whole(env_.files(), std::string(kOutputDirectory) + "/" + name);
    if (!text.has_value() && caused_.take()) {
      return {};
    }
    std::string& seen = committed_text_[name];
    if (!text.has_value() || text->size() < bytes || !text->starts_with(seen)) {
      return broken(fmt::format(
          "of '{}' {} bytes are told to be committed, and they, or what a reader had seen "
          "before, are not there.",
          name, bytes));
    }
    if (bytes > seen.size()) {
      seen = text->substr(0, bytes);
    }
  }
  for (const auto& [name, seen] : committed_text_) {
    if (caused_.in_all == 0 && !caused_.was_full && told[name] < seen.size()) {
      return broken(fmt::format("of '{}' {} bytes were told to be committed, and now {}.", name,
                                seen.size(), told[name]));
    }
  }
  return {};
}

Status Oracles::check_ledger(const engine::Ledger& ledger) const {
  for (const engine::Imbalance& imbalance : ledger.imbalances()) {
    return broken(imbalance.sentence);
  }
  for (const auto& [counter, count] : scenario_.ledger) {
    const std::uint64_t said = ledger.get(counter);  // 0 of one that has counted nothing
    if (said != count) {
      return broken("the ledger says " + counter + " = " + std::to_string(said) + ", it was " +
                    std::to_string(count) + ".");
    }
  }
  return {};
}

// ---- in the end

Status Oracles::check_end() {
  if (scenario_.brokers != nullptr) {
    RHEON_TRY(check_topic());
  }
  if (scenario_.writes_files) {
    RHEON_TRY(check_files());
  }
  return check_log();
}

Status Oracles::check_topic() const {
  Answer found;
  for (std::int32_t partition = 0; partition < kOutputPartitions; ++partition) {
    for (const std::string& record : scenario_.brokers->committed(kOutputTopic, partition)) {
      const std::size_t equals = record.rfind('=');
      found[record.substr(0, equals)].push_back(std::stoull(record.substr(equals + 1)));
    }
  }
  return compare(found, scenario_.expected, "the topic");
}

Status Oracles::check_files() {
  Answer found;
  RHEON_ASSIGN(const std::vector<std::string> files,
               env_.files().glob(std::string(kOutputDirectory) + "/*.csv"));
  for (const std::string& file : files) {
    RHEON_ASSIGN(const std::string text, env::read_whole(env_.files(), file));
    RHEON_TRY(check_published(file, text.size()));
    Answer here;
    RHEON_TRY(read_csv(file, text, here));
    for (const auto& [key, values] : here) {
      RHEON_TRY(check_order(file, key, values));
      found[key].insert(found[key].end(), values.begin(), values.end());
    }
  }
  return compare(sorted(std::move(found)), sorted(scenario_.expected), "the files");
}

Status Oracles::check_order(const std::string& file, const std::string& key,
                            const std::vector<std::uint64_t>& values) const {
  const auto known = scenario_.expected.find(key);
  if (known == scenario_.expected.end()) {
    return broken(fmt::format("{} has key '{}', which the input does not have.", file, key));
  }
  const std::vector<std::uint64_t>& all = known->second;
  auto at = all.begin();
  for (const std::uint64_t value : values) {
    at = std::find(at, all.end(), value);
    if (at == all.end()) {
      return broken(
          fmt::format("{} has for key '{}' {}, of {}.", file, key, show(values), show(all)));
    }
    ++at;
  }
  return {};
}

/// What readers are told is committed. An error of the disk may leave that to the next start.
Status Oracles::check_published(const std::string& file, std::uint64_t bytes) {
  if (caused_.in_all > 0) {
    return {};
  }
  RHEON_ASSIGN(const std::string committed,
               env::read_whole(env_.files(), std::string(kOutputDirectory) + "/.rheon/committed"));
  const std::string line = file.substr(file.rfind('/') + 1) + " " + std::to_string(bytes) + " ";
  if (("\n" + committed).find("\n" + line) == std::string::npos) {
    return broken("readers are not told '" + line + "', but:\n" + committed);
  }
  return {};
}

/// What `log check` says of the directory that the job has left.
Status Oracles::check_log() {
  RHEON_ASSIGN(const log::files::CheckReport report, log::files::check(env_.files(), "job.data"));
  for (const log::files::Finding& finding : report.findings) {
    if (finding.kind == log::files::Finding::Kind::kDamage) {
      return broken(fmt::format("log check: {}: {}", finding.file, finding.sentence));
    }
  }
  if (!report.complete || report.epoch.value < epoch_) {
    return broken(fmt::format("log check finds epoch {}, {}, after epoch {}.", report.epoch.value,
                              report.complete ? "complete" : "not complete", epoch_));
  }
  return {};
}

}  // namespace rheon::sim
