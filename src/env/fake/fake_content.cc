#include "env/fake/fake_content.h"

#include <algorithm>
#include <utility>

namespace rheon::env::fake {

namespace {

constexpr std::uint64_t kSectorBytes = 512;

}  // namespace

void FakeContent::write(std::uint64_t offset, std::string_view bytes) {
  if (!bytes.empty()) {
    make({offset, std::string(bytes)});
  }
}

void FakeContent::resize(std::uint64_t size) { make({size, {}}); }

void FakeContent::make(Change change) {
  apply(change, visible_);
  unsynced_.push_back(std::move(change));
}

void FakeContent::apply(const Change& change, std::string& to) {
  if (change.bytes.empty()) {
    to.resize(change.offset);
    return;
  }
  to.resize(std::max<std::size_t>(to.size(), change.offset + change.bytes.size()));
  to.replace(change.offset, change.bytes.size(), change.bytes);
}

void FakeContent::flip_bit(std::uint64_t bit) {
  const auto mask = static_cast<char>(1 << (bit % 8));
  for (std::string* content : {&visible_, &durable_}) {
    if (bit / 8 < content->size()) {
      (*content)[bit / 8] = static_cast<char>((*content)[bit / 8] ^ mask);
    }
  }
}

void FakeContent::sync() {
  for (const Change& change : unsynced_) {
    apply(change, durable_);
  }
  unsynced_.clear();
}

void FakeContent::take_random_prefix(Generator& generator) {
  const std::size_t whole = generator() % (unsynced_.size() + 1);
  for (std::size_t i = 0; i < whole; ++i) {
    apply(unsynced_[i], durable_);
  }
  if (whole < unsynced_.size() && !unsynced_[whole].bytes.empty()) {
    Change& torn = unsynced_[whole];
    torn.bytes.resize(generator() % torn.bytes.size());
    if (!torn.bytes.empty()) {
      apply(torn, durable_);
    }
  }
  unsynced_.clear();
}

void FakeContent::take_random_sectors(Generator& generator) {
  const std::uint64_t kept_of_four = generator() % 4;  // sometimes nearly all, sometimes hardly any
  const auto keeps = [&] { return generator() % 4 <= kept_of_four && generator() % 8 != 0; };
  for (const Change& change : unsynced_) {
    if (change.bytes.empty()) {
      if (keeps()) {
        apply(change, durable_);
      }
      continue;
    }
    const std::uint64_t end = change.offset + change.bytes.size();
    for (std::uint64_t from = change.offset, to = 0; from < end; from = to) {
      to = std::min(end, (from / kSectorBytes + 1) * kSectorBytes);
      if (keeps()) {
        apply({from, change.bytes.substr(from - change.offset, to - from)}, durable_);
      }
    }
  }
  unsynced_.clear();
}

void FakeContent::fail_sync(Generator& generator) {
  if (generator() % 2 == 0) {
    take_random_prefix(generator);
  } else {
    take_random_sectors(generator);
  }
}

void FakeContent::cut_power(Survival survival, Generator& generator) {
  switch (survival) {
    case Survival::kAll:
      sync();
      break;
    case Survival::kSynced:
      unsynced_.clear();
      break;
    case Survival::kTorn:
      take_random_prefix(generator);
      break;
    case Survival::kScattered:
      take_random_sectors(generator);
      break;
  }
  visible_ = durable_;
}

}  // namespace rheon::env::fake
