#include "engine/source_task.h"

#include <algorithm>

#include "codec/wire.h"
#include "engine/epoch_part.h"
#include "engine/processor.h"
#include "engine/source.h"
#include "engine/user_code.h"
#include "env/env.h"

namespace rheon::engine {

namespace {
constexpr std::uint8_t kPositionVersion = 1;
constexpr std::chrono::seconds kLongPause{1};
constexpr std::chrono::seconds kLongestWaitForReader{1};
constexpr std::chrono::seconds kBetweenLooks{1};  // for trouble, while records come
}  // namespace

std::string encode_position(const PositionFact& fact) {
  std::string out;
  codec::put_u8(out, kPositionVersion);
  codec::put_bytes(out, fact.label);
  codec::put_bytes(out, fact.position);
  codec::put_i64(out, fact.time.latest.micros);
  codec::put_u8(out, fact.time.idle ? 1 : 0);
  return out;
}

Result<PositionFact> decode_position(std::string_view key, std::string_view value) {
  codec::Reader in(value);
  PositionFact fact;
  const std::uint8_t version = in.u8();
  fact.label = in.bytes();
  fact.position = in.bytes();
  fact.time.latest = EventTime{in.i64()};
  fact.time.idle = in.u8() != 0;
  if (in.failed() || !in.at_end() || version != kPositionVersion) {
    return fail(ErrorCode::kCorrupt,
                "the stored position '" + std::string(key) + "' cannot be read by this build.");
  }
  return fact;
}

SourceTaskBase::SourceTaskBase(const std::string& name, WatermarkStrategy strategy,
                               std::shared_ptr<AnySourceReader> reader, ShardContext& shard,
                               OnThrow on_throw)
    : Task(shard),
      name_(name),
      reader_(std::move(reader)),
      max_future_(strategy.max_future),
      watermarks_(strategy),
      on_throw_(on_throw) {}

SourceTaskBase::~SourceTaskBase() = default;

void SourceTaskBase::connect(const Target& target) {
  port().add(target);
  targets_.push_back(target);
}

void SourceTaskBase::assign(const SourcePartition& partition, const PartitionTime& time) {
  partitions_.push_back(partition);
  places_.push_back({name_, partition.label});
  reported_.emplace_back("position/" + name_ + "/" + partition.id, std::string());
  watermarks_.add(time);
  reader_->assign(partition);
  ended_ = false;
}

Result<Poll> SourceTaskBase::poll() {
  reading_.emitted = 0;
  reading_.kept_out = 0;
  reading_.limit = records_of_a_poll(cost_.each(), shard().shards);
  const Work caused = stage().caused();
  const env::Monotonic began = shard().env->clock().monotonic();
  reading_.now = shard().now;
  reading_.latest_allowed = reading_.now + max_future_;
  if (reading_.until_sample == 0) {
    reading_.until_sample = shard().trace_every;
  }
  Result<Poll> result = reader_->poll_any(output());
  port().flush();
  stage().flush();
  if (const std::size_t read = reading_.emitted + reading_.kept_out; read > 0) {
    cost_.add(read, shard().env->clock().monotonic() - began + stage().caused() - caused);
  }
  count(reading_.emitted, port().take_emitted());
  return result;
}

void SourceTaskBase::select(std::size_t partition) {
  if (partition != reading_.partition) {
    port().flush();  // what is processed together comes from one partition
  }
  reading_.partition = partition;
  read_from_ = Origins(places_[partition], reader_->offset(partition));
}

void SourceTaskBase::trace(const observe::TraceContext& context, std::size_t pending) {
  if (wants_traces() && pending > 0 && !reading_.refused) {
    follow(context, /*parent=*/context.span, pending);
  }
}

void SourceTaskBase::time_of_threw(const std::string& record) {
  reading_.refused = true;
  if (on_throw_ == OnThrow::kQuarantine) {
    quarantine(record, read_from_.text(), thrown());
  } else {
    stop_at_record(shard(), "the event_time of source '" + name_ + "'", record);
  }
}

void SourceTaskBase::quarantine(std::string_view bytes, std::string_view place,
                                std::string_view reason) {
  ++reading_.kept_out;
  ++counters_.in;
  ++counters_.quarantined;
  shard().quarantine({name_, std::string(place), std::string(reason),
                      std::string(bytes.substr(0, kMaxQuarantinedBytes)), shard().now});
}

void SourceTaskBase::refuse(std::string_view bytes, EventTime time) {
  reading_.refused = true;
  quarantine(bytes, read_from_.text(),
             "event time " + std::to_string(time.micros) +
                 " us lies further in the future than max_future allows");
}

void SourceTaskBase::sample(std::size_t pending) {
  reading_.until_sample = shard().trace_every;
  env::Random& random = shard().env->random();
  const std::uint64_t high = random.next();
  follow({high, random.next(), 0}, /*parent=*/0, pending);
}

void SourceTaskBase::follow(observe::TraceContext context, std::uint64_t parent,
                            std::size_t pending) {
  context.span = shard().env->random().next() | 1;
  shard().end_span({context, parent, name_}, shard().env->clock().monotonic());  // it is read
  port().trace(pending - 1, pending, context);
}

void SourceTaskBase::count(std::uint64_t emitted, std::uint64_t out) {
  counters_.in += emitted;
  counters_.emitted += emitted;
  counters_.out += out;
  shard().records_in += emitted;
  shard().activity += emitted;  // also when the reader is at its end now
}

SourceTime SourceTaskBase::time() const {
  SourceTime time{partitions_.size(), ended_ || partitions_.empty(),
                  told_.idle || partitions_.empty(), told_.time};
  if (const std::size_t slowest = watermarks_.slowest(); slowest < partitions_.size()) {
    time.held_by = partitions_[slowest].label;
  }
  return time;
}

void SourceTaskBase::tell_watermark(const Watermark& watermark) {
  if (watermark == told_) {
    return;
  }
  told_ = watermark;
  ++shard().time_changes;
  for (const Target& target : targets_) {
    target.receiver->on_watermark(watermark);
  }
}

void SourceTaskBase::cut(const Barrier& barrier) {
  if (barrier.drain) {
    tell_watermark({EventTime::max(), false});
    if (!stage().resume()) {
      return;  // the barrier waits behind the burst of timers
    }
  }
  requested_ = nullptr;
  for (const Target& target : targets_) {
    target.receiver->on_barrier(barrier);
  }
  pass(barrier, nullptr);
}

void SourceTaskBase::held_up() {
  if (!held_up_since_.has_value()) {
    held_up_since_ = shard().monotonic;
  }
}

StepResult SourceTaskBase::take_input() {
  if (requested_ != nullptr) {
    cut(*requested_);
    return {Progress::kWorked, env::Monotonic::max()};
  }
  if (ended_ || partitions_.empty()) {
    ended_ = ended_ || !waits_for_partitions_;
    tell_watermark({told_.time, true});
    return {Progress::kIdle, env::Monotonic::max()};
  }
  if (shard().paused) {
    held_up();
    return {Progress::kBlocked, env::Monotonic::max()};
  }
  shard().reading = &read_from_;
  const Result<Poll> polled = poll();
  shard().reading = nullptr;
  if (!polled.has_value()) {
    shard().fail(polled.error());
    return {Progress::kIdle, env::Monotonic::max()};
  }
  // What the reader saw before a pause says nothing about now: the limit counts anew.
  const bool stale =
      held_up_since_.has_value() && shard().monotonic - *held_up_since_ >= kLongPause;
  held_up_since_.reset();
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    watermarks_.at_end(i, !stale && reader_->at_end(i), shard().now);
  }
  ended_ = *polled == Poll::kEnded;
  const Watermark now = watermarks_.current();
  tell_watermark({now.time, now.idle || ended_});
  look_for_trouble(*polled);
  switch (*polled) {
    case Poll::kWorked:
      worked_at_ = shard().monotonic;
      ++shard().activity;
      return {Progress::kWorked, env::Monotonic::max()};
    case Poll::kWaiting:
      return {Progress::kIdle, shard().monotonic + std::clamp<env::Monotonic>(
                                                       reader_->deadline() - shard().monotonic,
                                                       kFirstIdlePoll, kLongestWaitForReader)};
    default:
      return {Progress::kIdle,
              shard().monotonic + std::clamp<env::Monotonic>((shard().monotonic - worked_at_) / 8,
                                                             kFirstIdlePoll, kLastIdlePoll)};
  }
}

void SourceTaskBase::look_for_trouble(Poll polled) {
  // Some partitions may be in trouble while others are read: asked now and then.
  if (polled == Poll::kWorked && trouble_.empty() && shard().monotonic < look_for_trouble_at_) {
    return;
  }
  look_for_trouble_at_ = shard().monotonic + kBetweenLooks;
  std::string why = ended_ ? std::string() : reader_->trouble();
  if (why.empty()) {
    in_trouble_since_.reset();
    trouble_.clear();
    return;
  }
  in_trouble_since_ = in_trouble_since_.value_or(shard().monotonic);
  // The first sentence stays: each attempt may fail in words of its own.
  if (trouble_.empty() && shard().monotonic - *in_trouble_since_ >= kLongTrouble) {
    while (why.ends_with('.') || why.ends_with('?')) {
      why.pop_back();
    }
    trouble_ = "source '" + name_ + "' waits: " + why +
               ". Nothing is lost: it tries again and goes on by itself.";
  }
}

void SourceTaskBase::report(EpochPart& part) {
  counters_.report(name_, part.ledger);
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    PositionFact fact{partitions_[i].label, reader_->position(i), watermarks_.partition(i)};
    std::string value = encode_position(fact);
    if (value != reported_[i].second) {
      reported_[i].second = value;
      part.facts.push_back({reported_[i].first, std::move(value)});
    }
  }
  part.sources_ended = part.sources_ended && ended_;
  part.source_times.emplace_back(name_, time());
}

}  // namespace rheon::engine
