#include "engine/publisher.h"

#include <utility>

#include "engine/fact_names.h"

namespace rheon::engine {

namespace {
constexpr std::chrono::milliseconds kLookForSpaceEvery{100};
}  // namespace

Publisher::Publisher(env::Env& env, env::Waker& waker) : task_(env.io(), &waker) {}

void Publisher::add(std::string sink, std::unique_ptr<SinkCommitter> committer) {
  if (committer->wants_published()) {
    sinks_.push_back({std::move(sink), std::move(committer)});
  }
}

void Publisher::committed(Epoch epoch) {
  committed_ = epoch;
  if (sinks_.empty()) {
    published_ = epoch;
  }
}

Status Publisher::step(env::Monotonic now, const log::Facts& facts) {
  if (task_.pending()) {
    return {};
  }
  if (under_way_.has_value()) {
    RHEON_TRY(take_outcome(now));
  }
  if (!done() && (!retry_at_.has_value() || now >= *retry_at_)) {
    begin(facts);
  }
  return {};
}

Status Publisher::take_outcome(env::Monotonic now) {
  const Epoch attempted = *std::exchange(under_way_, std::nullopt);
  Status outcome = std::exchange(outcome_, Status{});
  if (outcome.has_value()) {
    published_ = attempted;
    retry_at_.reset();
    return {};
  }
  if (outcome.error().code != ErrorCode::kNoSpace) {
    return outcome;
  }
  retry_at_ = now + kLookForSpaceEvery;
  return {};
}

void Publisher::begin(const log::Facts& facts) {
  under_way_ = committed_;
  std::vector<std::pair<SinkCommitter*, SinkFacts>> work;
  work.reserve(sinks_.size());
  for (const Sink& sink : sinks_) {
    work.emplace_back(sink.committer.get(), facts_of_sink(facts, sink.name));
  }
  task_.submit([this, work = std::move(work), epoch = committed_] {
    for (const auto& [committer, sink_facts] : work) {
      Status status = committer->published(epoch, sink_facts);
      if (!status.has_value() &&
          (outcome_.has_value() || outcome_.error().code == ErrorCode::kNoSpace)) {
        outcome_ = std::move(status);  // of several errors that which ends the waiting for space
      }
    }
  });
}

}  // namespace rheon::engine
