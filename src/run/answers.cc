#include "run/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "api/parameters.h"
#include "run/schema_text.h"
#include "run/state_entry.h"

namespace rheon::run {

namespace {

using Json = nlohmann::ordered_json;
using engine::Catalog;

[[nodiscard]] std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Where each source stands in event time, and who holds it there.
[[nodiscard]] Json sources(const engine::WorkerStats& stats) {
  Json json = Json::array();
  for (const auto& [name, time] : stats.sources) {
    Json one{{"name", name}, {"partitions", time.partitions}};
    if (time.partitions > 0 && time.ended) {
      one["ended"] = true;
    } else if (time.idle) {
      one["idle"] = true;
    } else {
      if (!time.held_by.empty()) {
        one["held_by"] = time.held_by;
      }
      if (time.watermark > EventTime::min()) {
        one["watermark"] = Json::parse(time_json(time.watermark));
      }
    }
    json.push_back(std::move(one));
  }
  return json;
}

[[nodiscard]] Result<Json> status(env::Env& env, JobView& view) {
  RHEON_ASSIGN(const engine::WorkerStats stats, view.stats());
  Json json{{"job", view.plan().graph.job}, {"running", view.running()}};
  json["epoch"] = stats.epoch.value;
  json["complete"] = stats.complete;
  RHEON_ASSIGN(const engine::Ledger ledger, view.ledger());
  json["quarantined"] = ledger.quarantined();
  if (!view.running()) {
    return json;
  }
  json["pid"] = env.process().id();
  json["shards"] = stats.shards;
  json["records_in"] = stats.records_in;
  json["records_out"] = stats.records_out;
  json["commit_micros"] = stats.commit_micros;
  json["commit_bytes"] = stats.commit_bytes;
  json["commit_share"] = stats.commit_share;
  json["state_keys"] = stats.state_keys;
  json["state_bytes"] = stats.state_bytes;
  json["last_rescale_micros"] = stats.rescale_micros;
  json["rss_bytes"] = env.process().usage().resident_bytes;
  json["sources"] = sources(stats);
  if (!stats.waiting.empty()) {
    json["waiting"] = stats.waiting;
  }
  return json;
}

struct EdgeCounts {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t quarantined = 0;  // before they were sent: by key_by

  void add(std::string_view what, std::uint64_t count) {
    (what == "sent" ? sent : what == "quarantined" ? quarantined : received) += count;
  }
};

/// Those of the graph, and behind them those that only the ledger knows: of an older build, or of
/// other parameters than these. Of the latter the graph may have some that have never run.
[[nodiscard]] std::vector<std::string> operators(const graph::Graph& graph,
                                                 const engine::Ledger& ledger) {
  std::vector<std::string> counted;
  for (const auto& [counter, count] : ledger.counters()) {
    const auto [kind, name, what] = engine::parse_counter(counter);
    if (kind == "operator" && (counted.empty() || counted.back() != name)) {
      counted.emplace_back(name);
    }
  }
  std::sort(counted.begin(), counted.end());  // a name may go on with what comes before a slash
  std::vector<std::string> names;
  std::vector<std::string> others = counted;
  for (const graph::Node& node : graph.nodes) {
    std::erase(others, node.name);
  }
  for (const graph::Node& node : graph.nodes) {
    if (others.empty() || std::binary_search(counted.begin(), counted.end(), node.name)) {
      names.push_back(node.name);
    }
  }
  names.insert(names.end(), others.begin(), others.end());
  return names;
}

[[nodiscard]] Result<Json> ledger(JobView& view) {
  RHEON_ASSIGN(const engine::Ledger ledger, view.ledger());
  std::map<std::string, std::string> imbalances;
  for (engine::Imbalance& imbalance : ledger.imbalances()) {
    imbalances[imbalance.what] = std::move(imbalance.sentence);
  }
  const graph::Graph& graph = view.plan().graph;
  Json json{{"job", graph.job}, {"balanced", imbalances.empty()}};
  json["operators"] = Json::array();
  for (const std::string& name : operators(graph, ledger)) {
    Json one{{"name", name}};
    const std::string prefix = "operator/" + name + "/";
    for (auto at = ledger.counters().lower_bound(prefix);
         at != ledger.counters().end() && at->first.starts_with(prefix); ++at) {
      one[at->first.substr(prefix.size())] = at->second;
    }
    if (const auto at = imbalances.find(name); at != imbalances.end()) {
      one["imbalance"] = at->second;
    }
    json["operators"].push_back(std::move(one));
  }
  json["edges"] = Json::array();
  std::map<std::string, EdgeCounts> edges;
  constexpr std::string_view kEdge = "edge/";
  for (auto at = ledger.counters().lower_bound(kEdge);
       at != ledger.counters().end() && at->first.starts_with(kEdge); ++at) {
    const auto [kind, name, what] = engine::parse_counter(at->first);
    edges[std::string(name)].add(what, at->second);
  }
  for (const auto& [name, counts] : edges) {
    Json one{{"name", name}, {"sent", counts.sent}, {"received", counts.received}};
    if (counts.quarantined > 0) {
      one["quarantined"] = counts.quarantined;
    }
    if (const auto at = imbalances.find(name); at != imbalances.end()) {
      one["imbalance"] = at->second;
    }
    json["edges"].push_back(std::move(one));
  }
  return json;
}

[[nodiscard]] const graph::Node& node_of(const JobView& view, const Catalog::Place& place) {
  return view.plan().graph.nodes[place.node];
}
[[nodiscard]] const state::StateDeclaration& state_of(const JobView& view,
                                                      const Catalog::Place& place) {
  return view.catalog().sets()[place.node]->declarations[place.state];
}

[[nodiscard]] std::vector<Catalog::Place> places(const JobView& view) {
  std::vector<Catalog::Place> result;
  const auto& sets = view.catalog().sets();
  for (std::size_t n = 0; n < sets.size(); ++n) {
    for (std::size_t s = 0; sets[n] != nullptr && s < sets[n]->declarations.size(); ++s) {
      result.push_back({n, s});
    }
  }
  return result;
}

[[nodiscard]] std::string lifetime_text(const state::Lifetime& lifetime) {
  if (!lifetime.ttl.has_value()) {
    return "unbounded";
  }
  return (lifetime.processing_time ? "processing-time ttl " : "ttl ") +
         format_duration(*lifetime.ttl);
}

[[nodiscard]] Result<Json> states(JobView& view) {
  Json json{{"job", view.plan().graph.job}, {"states", Json::array()}};
  for (const Catalog::Place& place : places(view)) {
    const state::StateDeclaration& state = state_of(view, place);
    RHEON_ASSIGN(const StateSize size, view.size(place));
    json["states"].push_back({{"operator", node_of(view, place).name},
                              {"state", state.name},
                              {"kind", to_string(state.kind)},
                              {"key", state.key_schema},
                              {"type", state.value_schema},
                              {"lifetime", lifetime_text(state.lifetime)},
                              {"keys", size.keys},
                              {"bytes", size.bytes}});
  }
  return json;
}

/// OPERATOR.STATE, or OPERATOR when it has one state that is not a timer.
[[nodiscard]] Result<Catalog::Place> find_state(const JobView& view, const std::string& address) {
  std::vector<Catalog::Place> found;
  std::string known;
  for (const Catalog::Place& place : places(view)) {
    const std::string& owner = node_of(view, place).name;
    const state::StateDeclaration& state = state_of(view, place);
    const std::string full = owner + "." + state.name;
    known += (known.empty() ? "" : ", ") + full;
    if (address == full) {
      return place;
    }
    if (address == owner && !state::is_timer(state.kind)) {
      found.push_back(place);
    }
  }
  if (found.size() == 1) {
    return found.front();
  }
  if (known.empty()) {
    return fail(ErrorCode::kInvalidInput, "this job keeps no state.");
  }
  return fail(
      ErrorCode::kInvalidInput,
      fmt::format("{} state '{}'. There are: {}.",
                  found.empty() ? "there is no" : "there is more than one", address, known));
}

[[nodiscard]] Result<Json> state_value(JobView& view, const Question& question) {
  RHEON_ASSIGN(const Catalog::Place place, find_state(view, question.address));
  const state::StateDeclaration& state = state_of(view, place);
  RHEON_ASSIGN(const std::string key, parse_key(state.key_schema, question.key));
  RHEON_ASSIGN(const std::string entry, view.entry(place, key));
  Json json{{"operator", node_of(view, place).name}, {"state", state.name}};
  json["kind"] = to_string(state.kind);
  json["type"] = state.value_schema;
  json["key"] = question.key;
  json["found"] = !entry.empty();
  RHEON_ASSIGN(const engine::WorkerStats stats, view.stats());
  json["epoch"] = stats.epoch.value;
  json["running"] = view.running();
  if (!entry.empty()) {
    RHEON_ASSIGN(const std::string text, entry_json(state, entry));
    json.update(Json::parse(text));
  }
  return json;
}

[[nodiscard]] Result<Json> scale(JobView& view, std::uint32_t shards) {
  const std::uint32_t most = view.plan().graph.key_groups;
  if (shards == 0 || shards > most) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the job can run on 1 to {} shards, not on {}.", most, shards));
  }
  RHEON_TRY(view.scale(shards));
  return Json{{"job", view.plan().graph.job}, {"shards_wanted", shards}};
}

[[nodiscard]] Status check_asked(env::Env& env, const JobView& view, const Question& question) {
  const std::string& job = view.plan().graph.job;
  if (!question.job.empty() && question.job != job) {
    return fail(ErrorCode::kRefused,
                fmt::format("job '{}' runs there, not '{}'. Ask it by its own program, or name "
                            "another directory with --data-dir.",
                            job, question.job));
  }
  if (question.until_micros != 0 && env.clock().wall().micros > question.until_micros) {
    return fail(ErrorCode::kRefused,
                "this was asked so long ago that nobody waits for it any more: ask again.");
  }
  return {};
}

[[nodiscard]] Result<Json> answer_json(env::Env& env, JobView& view, const Question& question) {
  RHEON_TRY(check_asked(env, view, question));
  if (question.ask == "status") {
    return status(env, view);
  }
  if (question.ask == "ledger") {
    return ledger(view);
  }
  if (question.ask == "states") {
    return states(view);
  }
  if (question.ask == "state") {
    return state_value(view, question);
  }
  if (question.ask == "scale") {
    return scale(view, question.shards);
  }
  return fail(ErrorCode::kInvalidInput, "there is no question '" + question.ask + "'.");
}

constexpr std::pair<ErrorCode, const char*> kCodes[] = {{ErrorCode::kInvalidInput, "invalid-input"},
                                                        {ErrorCode::kRefused, "refused"},
                                                        {ErrorCode::kNotFound, "not-found"},
                                                        {ErrorCode::kNoSpace, "no-space"},
                                                        {ErrorCode::kIo, "io"},
                                                        {ErrorCode::kClosed, "closed"},
                                                        {ErrorCode::kCorrupt, "corrupt"},
                                                        {ErrorCode::kInternal, "internal"}};

}  // namespace

std::string to_json(const Question& question) {
  Json json{{"ask", question.ask}};
  if (!question.address.empty()) {
    json["state"] = question.address;
    json["key"] = question.key;
  }
  if (question.shards != 0) {
    json["shards"] = question.shards;
  }
  if (!question.job.empty()) {
    json["job"] = question.job;
  }
  if (question.until_micros != 0) {
    json["until_micros"] = question.until_micros;
  }
  return dump(json);
}

Result<Question> question_of(const std::string& request) {
  const Json json = Json::parse(request, nullptr, /*allow_exceptions=*/false);
  const auto text = [&](const char* name) {
    return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
  };
  if (!json.is_object() || text("ask").empty()) {
    return fail(ErrorCode::kInvalidInput, "a question is a JSON object with \"ask\".");
  }
  Question question{
      .ask = text("ask"), .address = text("state"), .key = text("key"), .job = text("job")};
  if (json.contains("shards")) {
    const Json& shards = json["shards"];
    if (!shards.is_number_unsigned() ||
        !std::in_range<std::uint32_t>(shards.get<std::uint64_t>())) {
      return fail(ErrorCode::kInvalidInput, "\"shards\" is a number of shards.");
    }
    question.shards = shards.get<std::uint32_t>();
  }
  if (json.contains("job") && !json["job"].is_string()) {
    return fail(ErrorCode::kInvalidInput, "\"job\" is the name of a job.");
  }
  if (json.contains("until_micros")) {
    const Json& until = json["until_micros"];
    if (!until.is_number_unsigned() || !std::in_range<std::int64_t>(until.get<std::uint64_t>())) {
      return fail(ErrorCode::kInvalidInput, "\"until_micros\" is a Unix time in microseconds.");
    }
    question.until_micros = until.get<std::int64_t>();
  }
  return question;
}

std::string answer(env::Env& env, JobView& view, const Question& question) {
  const Result<Json> json = answer_json(env, view, question);
  return json.has_value() ? dump(*json) : error_answer(json.error());
}

std::string error_answer(const Error& error) {
  const char* name = "internal";
  for (const auto& [code, text] : kCodes) {
    name = code == error.code ? text : name;
  }
  return dump(Json{{"error", {{"code", name}, {"message", error.message}}}});
}

Result<std::string> open_answer(std::string answer) {
  const Json json = Json::parse(answer, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return fail(ErrorCode::kInternal, "the running job gave an answer that is not JSON.");
  }
  if (!json.contains("error")) {
    return answer;
  }
  const Json& error = json["error"];
  const auto word = [&error](const char* name) {
    return error.is_object() && error.contains(name) && error[name].is_string()
               ? error[name].get<std::string>()
               : std::string();
  };
  ErrorCode code = ErrorCode::kInternal;
  for (const auto& [known, text] : kCodes) {
    code = word("code") == text ? known : code;
  }
  const std::string message = word("message");
  return fail(code, message.empty() ? "the running job reports an error." : message);
}

}  // namespace rheon::run
