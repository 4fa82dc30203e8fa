#include "testing/topology.h"

#include <algorithm>

#include "engine/quarantine.h"

namespace rheon::testing {

namespace {
constexpr std::uint64_t kMostTurns = 1'000'000;
constexpr std::chrono::milliseconds kShortHop{1};
constexpr int kHopsOfAdvance = 64;
constexpr int kMostHopsToSettle = 100'000;
}  // namespace

Topology::Topology(JobDescription job, Parameters::Values parameters, const TopologyOptions& how)
    : stand_ins_(std::make_shared<detail::StandIns>()), shards_(how.shards) {
  SimulatedJobOptions options;
  options.parameters = std::move(parameters);
  options.ring_capacity_batches = how.ring_capacity_batches;
  options.budgets = how.budgets;
  options.trace_every = how.trace_every;
  options.log = small_log();
  options.commit_interval = kShortHop;
  job_ = std::make_unique<SimulatedJob>(
      env_,
      [ends = stand_ins_, describe = std::move(job)](Job& described) {
        described.replace_ends(ends);
        describe(described);
      },
      std::move(options));
  must(job_->start(shards_));
  settle();
}

void Topology::must(const Status& status) const {
  if (!status.has_value()) {
    throw std::runtime_error(status.error().message);
  }
}

void Topology::reopen_if_ended() {
  if (finished_ && job_->worker().state() == engine::WorkerState::kFinished) {
    job_->kill();
    must(job_->start(shards_));
  }
}

void Topology::settle() {
  for (int hops = 0; !finished_ && !held_; ++hops) {
    must(job_->settle(kMostTurns));
    finished_ = job_->worker().state() == engine::WorkerState::kFinished;
    if (finished_ || job_->worker().quiet()) {
      return;
    }
    if (hops == kMostHopsToSettle) {
      throw std::runtime_error("the job does not come to rest");
    }
    env_.clock().advance(kShortHop);
  }
}

void Topology::disturb() {
  if (!random_ || finished_) {
    return;
  }
  settle();
  switch (generator_() % 3) {
    case 0:
      random_ = false;
      crash_and_restore();
      random_ = true;
      break;
    case 1:
      random_ = false;
      rescale(static_cast<std::uint32_t>(1 + generator_() % 4));
      random_ = true;
      break;
    default:
      break;
  }
}

std::vector<engine::Quarantined> Topology::quarantined() {
  auto records = engine::read_quarantine(env_.files(), job_->directory());
  if (!records.has_value()) {
    throw std::runtime_error(records.error().message);
  }
  return *std::move(records);
}

Topology& Topology::watermark(EventTime time) {
  disturb();
  stand_ins_->for_each_source([time](detail::Pushed& source) { source.promise(time); });
  settle();
  return *this;
}

Topology& Topology::advance(std::chrono::microseconds duration) {
  disturb();
  for (int hop = 0; hop < kHopsOfAdvance && !finished_; ++hop) {
    env_.clock().advance(duration * (hop + 1) / kHopsOfAdvance - duration * hop / kHopsOfAdvance);
    settle();
  }
  return *this;
}

Topology& Topology::end() {
  disturb();
  stand_ins_->for_each_source([](detail::Pushed& source) { source.end(); });
  settle();
  return *this;
}

Topology& Topology::crash_and_restore() {
  if (!finished_) {
    job_->cut_power(env::fake::Survival::kTorn);
    must(job_->start(shards_));
    settle();
  }
  return *this;
}

Topology& Topology::rescale(std::uint32_t shards) {
  if (!finished_) {
    shards_ = shards;
    job_->rescale(shards);
    settle();
  }
  return *this;
}

Topology& Topology::hold() {
  held_ = true;
  return *this;
}

Topology& Topology::release() {
  held_ = false;
  settle();
  return *this;
}

Topology& Topology::at_random(std::uint64_t seed) {
  random_ = true;
  generator_.seed(seed);
  return *this;
}

}  // namespace rheon::testing
