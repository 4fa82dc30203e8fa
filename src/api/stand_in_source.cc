#include "api/stand_in_source.h"

#include <algorithm>

#include "codec/wire.h"
#include "env/io_pool.h"

namespace rheon::detail {

PushedBase::~PushedBase() = default;

void PushedBase::promise(EventTime watermark) { add({false, watermark, 0}); }

void PushedBase::end() {
  ended_ = true;
  wake();
}

void PushedBase::add_reader(env::Waker* waker) { wakers_.push_back(waker); }

void PushedBase::remove_reader(env::Waker* waker) {
  wakers_.erase(std::find(wakers_.begin(), wakers_.end(), waker));
}

void PushedBase::add(const Item& item) {
  items_.push_back(item);
  wake();
}

void PushedBase::wake() {
  for (env::Waker* waker : wakers_) {
    waker->wake();
  }
}

PushedCursor::PushedCursor(PushedBase& items, env::Waker* waker) : items_(items), waker_(waker) {
  items_.add_reader(waker_);
}

PushedCursor::~PushedCursor() { items_.remove_reader(waker_); }

void PushedCursor::seek(const std::string& position) {
  next_ = position.empty() ? 0 : codec::Reader(position).varint();
}

std::string PushedCursor::position() const {
  std::string out;
  codec::put_varint(out, next_);
  return out;
}

std::vector<engine::SourcePartition> pushed_partitions(
    const std::vector<engine::SourcePartition>& known) {
  return known.empty() ? std::vector<engine::SourcePartition>{{"0", "pushed by the test", ""}}
                       : known;
}

}  // namespace rheon::detail
