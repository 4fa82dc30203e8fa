#include "engine/decider.h"

#include <fmt/format.h>

#include "codec/wire.h"

namespace rheon::engine {

std::string encode(const Decision& decision) {
  std::string out;
  for (const log::Id& id : {decision.uid, decision.lineage}) {
    codec::put_u64(out, id.high);
    codec::put_u64(out, id.low);
  }
  codec::put_u64(out, decision.epoch.value);
  codec::put_u64(out, decision.token);
  codec::put_u64(out, decision.after);
  return out;
}

std::optional<Decision> decode_decision(std::string_view bytes) {
  codec::Reader in(bytes);
  Decision decision;
  for (log::Id* id : {&decision.uid, &decision.lineage}) {
    id->high = in.u64();
    id->low = in.u64();
  }
  decision.epoch = Epoch{in.u64()};
  decision.token = in.u64();
  decision.after = in.u64();
  return in.failed() || !in.at_end() ? std::nullopt : std::optional(decision);
}

Result<bool> counts(const Decision& prepared, const std::optional<Decision>& outside,
                    std::string_view place) {
  if (outside == prepared) {
    return true;
  }
  if ((outside.has_value() ? outside->token : 0) == prepared.after) {
    return false;
  }
  return fail(
      ErrorCode::kRefused,
      fmt::format("epoch {} was prepared, and {}, which alone knows whether it counts, {}. Is that "
                  "the cluster that this job writes to? If nobody can know it any more, `rheon log "
                  "salvage` makes a directory that takes the epoch as committed.",
                  prepared.epoch.value, place,
                  outside.has_value()
                      ? fmt::format("says that epoch {} was decided last, by another history",
                                    outside->epoch.value)
                      : std::string("holds no decision any more")));
}

Status check_one_history(const log::Identity& identity, const std::optional<Decision>& outside,
                         const std::optional<Decision>& log, std::string_view place) {
  if (outside == log) {
    return {};
  }
  // After `reset` and `adopt`, which say that a new history begins.
  const bool own = log.has_value() && log->lineage == identity.lineage;
  if (!outside.has_value()) {
    return own ? fail(ErrorCode::kRefused,
                      fmt::format("{} holds no decision any more, and this job's epoch {} was "
                                  "decided there. When it was removed on purpose, `adopt` goes on "
                                  "without it.",
                                  place, log->epoch.value))
               : Status();
  }
  if (outside->uid != identity.uid) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} holds the decisions of another job of the name '{}', or of this "
                            "one with a data directory that is gone. Bring that back, give this "
                            "job another name, or, when nobody needs them any more, remove the "
                            "topic and write to an output that is empty.",
                            place, identity.job));
  }
  if (!own && outside->lineage != identity.lineage) {
    return {};
  }
  if (own && outside->lineage == log->lineage && outside->epoch < log->epoch) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} says that epoch {} was decided last, and this data directory that "
                            "epoch {} was: the topic has lost records, after which what was "
                            "written last may be gone elsewhere, too. `adopt` goes on behind the "
                            "epoch of the directory.",
                            place, outside->epoch.value, log->epoch.value));
  }
  return fail(ErrorCode::kRefused,
              fmt::format("{} says that epoch {} was decided last, and this data directory knows "
                          "of {}: it is a copy or comes from a backup, and what was written since "
                          "would be written again. `adopt` goes on from it if that is what you "
                          "want.",
                          place, outside->epoch.value,
                          log.has_value() ? fmt::format("epoch {} only", log->epoch.value)
                                          : std::string("none")));
}

}  // namespace rheon::engine
