#include "run/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "run/figures.h"
#include "run/table.h"

namespace rheon::run {

namespace {

using Json = nlohmann::ordered_json;

/// A conversion would take a fraction or a negative number as well, and make of it what it likes.
[[nodiscard]] std::uint64_t count(const Json& json) {
  return json.get_ref<const Json::number_unsigned_t&>();
}
[[nodiscard]] std::uint64_t count(const Json& json, const char* name) {
  const auto at = json.find(name);
  return at == json.end() ? 0 : count(*at);
}
[[nodiscard]] std::string word(const Json& json, const char* name) {
  return json.value(name, std::string());
}

/// An array of an answer; empty when it is not there.
[[nodiscard]] const Json& rows(const Json& json, const char* name) {
  static const Json kNone = Json::array();
  const auto at = json.find(name);
  return at == json.end() ? kNone : *at;
}

/// Text as it is, everything else as JSON.
[[nodiscard]] std::string plain(const Json& json) {
  return json.is_string() ? json.get<std::string>() : json.dump();
}

[[nodiscard]] std::string dropped_of(const Json& op) {
  std::uint64_t sum = 0;
  std::string reasons;
  for (const auto& [name, value] : op.items()) {
    if (name.starts_with("dropped/")) {
      sum += count(value);
      reasons += (reasons.empty() ? " (" : ", ") + name.substr(name.find('/') + 1);
    }
  }
  return with_commas(sum) + (reasons.empty() ? "" : reasons + ")");
}

std::string source_text(const Json& source) {
  const std::string name = word(source, "name");
  if (source.value("ended", false)) {
    return fmt::format("{}: read to its end", name);
  }
  if (source.value("idle", false)) {
    return fmt::format("{}: idle, holds no watermark back", name);
  }
  const std::string watermark = source.contains("watermark") ? plain(source["watermark"]) : "none";
  const std::string held_by = word(source, "held_by");
  return fmt::format("{}: watermark {}{}{}", name, watermark,
                     held_by.empty() ? "" : ", held by " + held_by,
                     count(source, "partitions") > 1
                         ? fmt::format(" (of {} partitions)", count(source, "partitions"))
                         : "");
}

std::string status_text(const Json& json) {
  const std::string job = word(json, "job");
  const std::string quarantine =
      count(json, "quarantined") == 0
          ? ""
          : fmt::format("  quarantine  {} records: `streams cat quarantine` shows them\n",
                        with_commas(count(json, "quarantined")));
  if (!json.value("running", false)) {
    return fmt::format(
               "{}: not running; last commit: epoch {}{}\n", job, with_commas(count(json, "epoch")),
               json.value("complete", false) ? "; the input has ended and the job is complete"
                                             : "") +
           quarantine;
  }
  std::string out = fmt::format(
      "{}: running as process {} on {} shard{}\n"
      "  records   in {}, out {} since it was started\n"
      "  epoch     {} (last commit {}, {})\n"
      "  state     {} keys, {}\n"
      "  rss       {}\n",
      job, count(json, "pid"), count(json, "shards"), count(json, "shards") == 1 ? "" : "s",
      with_commas(count(json, "records_in")), with_commas(count(json, "records_out")),
      with_commas(count(json, "epoch")), as_time(count(json, "commit_micros")),
      as_size(count(json, "commit_bytes")), with_commas(count(json, "state_keys")),
      as_size(count(json, "state_bytes")), as_size(count(json, "rss_bytes")));
  for (const Json& source : rows(json, "sources")) {
    out += "  source    " + source_text(source) + "\n";
  }
  if (json.contains("waiting")) {
    out += "  waiting   " + word(json, "waiting") + "\n";
  }
  out += quarantine;
  return out;
}

std::string ledger_text(const Json& json) {
  Table operators({"operator", "in", "emitted", "absorbed", "dropped", "late", "quarantined", "out",
                   "state", "balance"});
  std::string alarms;
  const auto balance = [&alarms](const Json& one) {
    if (!one.contains("imbalance")) {
      return std::string("ok");
    }
    alarms += "THE LEDGER DOES NOT BALANCE: " + word(one, "imbalance") + "\n";
    return std::string("OFF");
  };
  for (const Json& op : rows(json, "operators")) {
    operators.add({word(op, "name"), with_commas(count(op, "in")),
                   with_commas(count(op, "emitted")), with_commas(count(op, "absorbed")),
                   dropped_of(op), with_commas(count(op, "late")),
                   with_commas(count(op, "quarantined")), with_commas(count(op, "out")),
                   op.contains("at_rest") ? with_commas(count(op, "at_rest")) : "", balance(op)});
  }
  Table edges({"edge", "sent", "received", "quarantined", "balance"});
  for (const Json& edge : rows(json, "edges")) {
    edges.add({word(edge, "name"), with_commas(count(edge, "sent")),
               with_commas(count(edge, "received")), with_commas(count(edge, "quarantined")),
               balance(edge)});
  }
  return operators.text() + (rows(json, "edges").empty() ? "" : "\n" + edges.text()) +
         (alarms.empty() ? "" : "\n" + alarms);
}

std::string states_text(const Json& json) {
  if (rows(json, "states").empty()) {
    return "this job keeps no state\n";
  }
  Table table({"operator", "state", "kind", "key", "type", "lifetime", "keys", "memory"});
  for (const Json& state : rows(json, "states")) {
    table.add({word(state, "operator"), word(state, "state"), word(state, "kind"),
               word(state, "key"), word(state, "type"), word(state, "lifetime"),
               with_commas(count(state, "keys")), as_size(count(state, "bytes"))});
  }
  return table.text();
}

std::string state_text(const Json& json) {
  const std::string where =
      fmt::format("{}.{} of {}", word(json, "operator"), word(json, "state"), word(json, "key"));
  const std::uint64_t epoch = count(json, "epoch");
  const std::string as_of = json.value("running", false)
                                ? fmt::format("  as of now; committed is epoch {}\n", epoch)
                                : fmt::format("  as of epoch {}, the last one\n", epoch);
  if (!json.value("found", false)) {
    return where + ": not there\n";
  }
  std::string out;
  if (json.contains("value")) {
    out = fmt::format("{}: {}\n", where, plain(json["value"]));
  }
  if (json.contains("entries")) {
    out = fmt::format("{}: {} entries\n", where, json["entries"].size());
    for (const Json& entry : json["entries"]) {
      const char* name = entry.contains("key") ? "key" : "time";
      out += "  ";
      if (entry.contains(name)) {
        out += plain(entry[name]) + (entry.contains("value") ? ": " : "");
      }
      out += entry.contains("value") ? plain(entry["value"]) + "\n" : "\n";
    }
  }
  if (json.contains("last_write")) {
    out += "  last written at " + plain(json["last_write"]) + "\n";
  }
  return out + as_of;
}

/// `words` of an answer. The other end may be a program of another version, whose answers have
/// other fields or types.
template <typename Words>
[[nodiscard]] Result<std::string> shown(const std::string& answer, const Words& words) {
  try {
    return words(Json::parse(answer));
  } catch (const Json::exception& exception) {
    return fail(ErrorCode::kInternal,
                fmt::format("the answer of the job is not one this program knows ({}). If the job "
                            "runs another version, ask with that one, or with --json.",
                            exception.what()));
  }
}

}  // namespace

Result<std::string> show_status(const std::string& answer) { return shown(answer, status_text); }

Result<std::string> show_ledger(const std::string& answer) { return shown(answer, ledger_text); }

Result<std::string> show_states(const std::string& answer) { return shown(answer, states_text); }

Result<std::string> show_state(const std::string& answer) { return shown(answer, state_text); }

Result<std::string> show_scaled(const std::string& status, std::uint32_t shards) {
  return shown(status, [shards](const Json& json) -> Result<std::string> {
    if (!json.value("running", false)) {
      return fail(ErrorCode::kInternal,
                  fmt::format("{} ended before it ran on {} shards. `run --shards {}` starts it on "
                              "as many.",
                              word(json, "job"), shards, shards));
    }
    if (count(json, "shards") != shards) {
      return fail(ErrorCode::kNotFound, "not yet.");
    }
    const std::uint64_t micros = count(json, "last_rescale_micros");
    return fmt::format(
        "{}: runs on {} shard{}{}\n", word(json, "job"), shards, shards == 1 ? "" : "s",
        micros == 0 ? "" : fmt::format(" (the last change stopped it for {})", as_time(micros)));
  });
}

}  // namespace rheon::run
