#include "engine/sender.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "engine/channel.h"
#include "graph/assignment.h"

namespace rheon::engine {

struct Sender::Lane {
  Channel* channel = nullptr;
  std::deque<Message> waiting;
  Watermark told;
  bool told_any = false;
  bool unrung = false;  // the receiver has not been told of the last messages
  Work each{0};         // of the records being gathered, when they were begun
};

Sender::Sender(const std::string& edge, const std::vector<Channel*>& channels, ShardContext& shard)
    : edge_(edge), shard_(shard) {
  lanes_.resize(channels.size());
  filling_.resize(channels.size());
  for (std::size_t i = 0; i < channels.size(); ++i) {
    lanes_[i].channel = channels[i];
  }
}

Sender::~Sender() {
  for (const BatchBase* batch : filling_) {
    delete batch;
  }
  for (Lane& lane : lanes_) {
    for (const Message& message : lane.waiting) {
      delete message.batch;
    }
  }
}

BatchBase& Sender::begin_batch(std::size_t receiver, MakeBatch make) {
  BatchBase* const returned = lanes_[receiver].channel->take_returned();
  BatchBase* const batch = returned != nullptr ? returned : make();
  filling_[receiver] = batch;
  add_origins(*batch);
  lanes_[receiver].each = lanes_[receiver].channel->cost();
  batch->limit = records_at_once(receiver, batch->most());
  batch->reserve(batch->limit + kBatchSlack);
  return *batch;
}

std::size_t Sender::records_at_once(std::size_t receiver, std::size_t most) const {
  // What waits in the outbox stands before the next barrier, in however many messages.
  constexpr std::size_t kLeastBehindOthers = 64;
  const Lane& lane = lanes_[receiver];
  const std::size_t records = records_of_a_message(lane.each, most);
  return lane.waiting.empty() ? records : std::max(records, kLeastBehindOthers);
}

std::vector<std::uint16_t> Sender::owners(std::uint32_t key_groups) const {
  const auto receivers = static_cast<std::uint32_t>(lanes_.size());
  std::vector<std::uint16_t> result;
  result.reserve(key_groups);
  for (std::uint32_t group = 0; group < key_groups; ++group) {
    result.push_back(
        static_cast<std::uint16_t>(graph::owner(KeyGroup{group}, key_groups, receivers).value));
  }
  return result;
}

void Sender::push(Lane& lane, const Message& message) {
  if (lane.waiting.empty() && lane.channel->try_push(message)) {
    lane.unrung = true;
    if (lane.channel->cost() >= kQuick) {
      ring(lane);
    }
    return;
  }
  lane.waiting.push_back(message);
  ring(lane);
}

void Sender::ring(Lane& lane) {
  if (std::exchange(lane.unrung, false)) {
    lane.channel->ring_receiver();
  }
}

void Sender::send(std::size_t receiver) {
  Lane& lane = lanes_[receiver];
  BatchBase* const batch = filling_[receiver];
  if (batch == nullptr || batch->size() == 0) {
    return;
  }
  sent_ += batch->size();
  caused_ += lane.each * static_cast<std::int64_t>(batch->size());
  Message message;
  message.kind = Message::Kind::kBatch;
  message.batch = batch;
  message.watermark = watermark_;  // what comes behind it will not be in this batch
  lane.told = watermark_;
  lane.told_any = true;
  filling_[receiver] = nullptr;
  push(lane, message);
}

void Sender::flush() {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    send(i);
    Lane& lane = lanes_[i];
    tell_watermark(lane);
  }
}

void Sender::ring() {
  for (Lane& lane : lanes_) {
    ring(lane);
  }
}

void Sender::tell_watermark(Lane& lane) {
  if (lane.told_any && lane.told == watermark_) {
    return;
  }
  lane.told = watermark_;
  lane.told_any = true;
  Message message;
  message.kind = Message::Kind::kWatermark;
  message.watermark = watermark_;
  if (!lane.waiting.empty() && lane.waiting.back().kind == Message::Kind::kWatermark) {
    lane.waiting.back() = message;  // the newer one says it all
  } else {
    push(lane, message);
  }
}

void Sender::on_barrier(const Barrier& barrier) {
  flush();
  for (Lane& lane : lanes_) {
    Message message;
    message.kind = Message::Kind::kBarrier;
    message.barrier = &barrier;
    push(lane, message);
    ring(lane);
  }
}

bool Sender::drain() {
  bool all = true;
  for (Lane& lane : lanes_) {
    if (lane.waiting.empty()) {
      continue;
    }
    while (!lane.waiting.empty() && lane.channel->try_push(lane.waiting.front())) {
      lane.waiting.pop_front();
      lane.unrung = true;
    }
    ring(lane);
    all = all && lane.waiting.empty();
  }
  return all;
}

std::uint64_t Sender::take_sent() {
  const std::uint64_t sent = sent_;
  sent_ = 0;
  return sent;
}

std::uint64_t Sender::take_quarantined() { return std::exchange(quarantined_, 0); }

void Sender::key_of_threw(OnThrow policy, std::string record, EventTime time) {
  if (policy == OnThrow::kQuarantine) {
    shard_.quarantine({edge_, shard_.place(), thrown(), std::move(record), time});
    ++quarantined_;
  } else {
    stop_at_record(shard_, "the key_by of edge '" + edge_ + "'", record);
  }
}

Work Sender::caused() const {
  Work sum = caused_;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (filling_[i] != nullptr) {
      sum += lanes_[i].each * static_cast<std::int64_t>(filling_[i]->size());
    }
  }
  return sum;
}

CopySender::CopySender(const std::string& edge, const std::vector<Channel*>& channels,
                       ShardContext& shard, const RecordType& type, To to)
    : Sender(edge, channels, shard), type_(type), to_(to) {}

void CopySender::on_batch(std::uint32_t /*input*/, BatchBase& in) {
  note_origins();
  std::size_t from = 0;
  for (const TraceMark& trace : in.traces) {
    route(in, from, trace.index, nullptr);
    route(in, trace.index, trace.index + 1, &trace.context);
    from = trace.index + 1;
  }
  route(in, from, in.size(), nullptr);
}

void CopySender::route(const BatchBase& in, std::size_t from, std::size_t to,
                       const observe::TraceContext* context) {
  for (std::size_t i = 0; i < fan_out(); ++i) {
    if (to_ == To::kAll) {
      copy(in, from, to, 1, i, context);
    } else {
      copy(in, from + i, to, fan_out(), (next_ + i) % fan_out(), context);
    }
  }
  next_ = (next_ + to - from) % fan_out();
}

void CopySender::copy(const BatchBase& in, std::size_t from, std::size_t to, std::size_t stride,
                      std::size_t receiver, const observe::TraceContext* context) {
  while (from < to) {
    BatchBase& out = batch_for(receiver, type_.make);
    from = type_.append(out, in, from, to, stride);
    const std::size_t size = out.size();
    if (context != nullptr) {
      out.mark(size - 1, size, *context);
    }
    if (size >= out.limit || out.arena.bytes_used() >= kBatchBytes) {
      send(receiver);
    }
  }
}

}  // namespace rheon::engine
