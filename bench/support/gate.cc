#include "gate.h"

#include <algorithm>

#include "engine/batch.h"

namespace rheon::bench {

Stint Gate::burst(const Words& words, std::size_t records) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return assigned_ == lanes_.size(); });
  has_begun_ = false;
  has_ended_ = false;
  arrived_.store(0, std::memory_order_relaxed);
  awaited_ = records;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    const std::size_t n = lanes_.size();
    lane.begin = words.views.data() + words.size() * i / n;
    lane.end = words.views.data() + words.size() * (i + 1) / n;
    lane.at = lane.begin;
    lane.left = records * (i + 1) / n - records * i / n;
  }
  for (Lane& lane : lanes_) {
    lane.burst.fetch_add(1, std::memory_order_release);
    lane.waker->wake();
  }
  changed_.wait(lock, [this] { return has_ended_; });
  const double wall = end_.wall - begin_.wall;
  return {wall, wall - (end_.queued - begin_.queued), end_cpu_ - begin_cpu_};
}

void Gate::stream(const Words& words, double records_per_second) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return assigned_ == lanes_.size(); });
  arrived_.store(0, std::memory_order_relaxed);
  awaited_ = UINT64_MAX;
  Lane& lane = lanes_.front();
  lane.begin = words.views.data();
  lane.end = lane.begin + words.size();
  lane.at = lane.begin;
  lane.left = SIZE_MAX;
  lane.per_second = records_per_second;
  lane.since = now_seconds();
  lane.sent = 0;
  lane.burst.fetch_add(1, std::memory_order_release);
  lane.waker->wake();
}

std::size_t Gate::due(Lane& lane, std::size_t room) {
  if (lane.per_second == 0) {
    return lane.left;
  }
  const double sent = (now_seconds() - lane.since) * lane.per_second;
  const double more = std::min(sent - lane.sent, static_cast<double>(room));
  if (more < 1) {
    return 0;
  }
  const auto records = static_cast<std::size_t>(more);
  lane.sent = std::max(lane.sent + static_cast<double>(records), sent - lane.per_second);
  return std::min(records, lane.left);
}

void Gate::close() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return assigned_ == lanes_.size(); });
  closed_.store(true, std::memory_order_release);
  for (const Lane& lane : lanes_) {
    lane.waker->wake();
  }
}

void Gate::assign(std::size_t partition, env::Waker* waker) {
  const std::lock_guard lock(mutex_);
  assigned_ += lanes_[partition].waker == nullptr ? 1 : 0;
  lanes_[partition].waker = waker;
  changed_.notify_all();
}

void Gate::begun() {
  const std::lock_guard lock(mutex_);
  if (!has_begun_) {
    has_begun_ = true;
    begin_cpu_ = process_cpu_seconds();
    begin_ = thread_time();
  }
}

void Gate::ended() {
  const ThreadTime end = thread_time();
  const double cpu = process_cpu_seconds();
  const std::lock_guard lock(mutex_);
  end_ = end;
  end_cpu_ = cpu;
  has_ended_ = true;
  changed_.notify_all();
}

Result<engine::Poll> GateReader::poll(engine::SourceOutput<std::string_view>& output) {
  bool worked = false;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    Gate::Lane& lane = gate_->lane(partitions_[i]);
    if (const std::uint64_t burst = lane.burst.load(std::memory_order_acquire);
        burst != lane.taken) {
      lane.taken = burst;
      gate_->begun();
    } else if (lane.left == 0) {
      continue;
    }
    worked = true;
    if (gate_->closed()) {
      lane.left = 0;
      continue;
    }
    output.select(i);
    for (std::size_t due = Gate::due(lane, output.room()); due > 0 && !output.full();) {
      const std::size_t n =
          output.room_up_to(std::min(due, static_cast<std::size_t>(lane.end - lane.at)));
      due -= n;
      output.emit_all({lane.at, n}, EventTime::none());
      lane.left -= n;
      emitted_ += n;
      lane.at += n;
      if (lane.at == lane.end) {
        lane.at = lane.begin;
      }
    }
  }
  if (worked) {
    return engine::Poll::kWorked;
  }
  return gate_->closed() ? engine::Poll::kEnded : engine::Poll::kWaiting;
}

Result<std::vector<engine::SourcePartition>> GateConnector::discover(
    engine::SourceEnvironment&, const std::vector<engine::SourcePartition>& known) const {
  std::vector<engine::SourcePartition> found = known;
  for (std::size_t i = known.size(); i < partitions_; ++i) {
    found.push_back({std::to_string(i), std::to_string(i), ""});
  }
  return found;
}

}  // namespace rheon::bench
