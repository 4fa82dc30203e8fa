#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "codec/record.h"
#include "codec/wire.h"
#include "engine/source.h"

namespace rheon::detail {

/// What a pushed source is, whatever its records are.
class PushedBase {
 public:
  virtual ~PushedBase() = default;
  virtual void promise(EventTime watermark) = 0;
  virtual void end() = 0;
};

/// An input of one partition that a test writes and a job reads, as often as the job is started:
/// it stands outside of the job. One thread.
template <class T>
class PushedRecords final : public PushedBase {
 public:
  struct Item {
    bool is_record = true;
    T value;
    EventTime time;  // of the record; of a promise, its watermark
  };

  void push(const T& value, EventTime time) {
    items_.push_back({true, codec::place(value, arena_), time});
    wake();
  }
  void promise(EventTime watermark) override {
    items_.push_back({false, T{}, watermark});
    wake();
  }
  /// Nothing more will come.
  void end() override {
    ended_ = true;
    wake();
  }

  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] bool ended() const { return ended_; }
  void add_reader(env::Waker* waker) { wakers_.push_back(waker); }
  void remove_reader(env::Waker* waker) {
    wakers_.erase(std::find(wakers_.begin(), wakers_.end(), waker));
  }

 private:
  void wake() {
    for (env::Waker* waker : wakers_) {
      waker->wake();
    }
  }

  std::vector<Item> items_;
  Arena arena_;  // what the items show
  std::vector<env::Waker*> wakers_;
  bool ended_ = false;
};

template <class T>
class PushedReader final : public engine::SourceReader<T> {
 public:
  PushedReader(std::shared_ptr<PushedRecords<T>> records, env::Waker* waker)
      : records_(std::move(records)), waker_(waker) {
    records_->add_reader(waker_);
  }
  ~PushedReader() override { records_->remove_reader(waker_); }

  void assign(const engine::SourcePartition& partition) override {
    next_ = partition.position.empty() ? 0 : codec::Reader(partition.position).varint();
  }
  Result<engine::Poll> poll(engine::SourceOutput<T>& output) override {
    const auto& items = records_->items();
    if (next_ == items.size()) {
      return records_->ended() ? engine::Poll::kEnded : engine::Poll::kIdle;
    }
    output.select(0);
    while (next_ < items.size() && !output.full()) {
      const auto& item = items[next_++];
      if (item.is_record) {
        output.emit(item.value, item.time);
      } else {
        output.watermark(item.time);
        break;  // what comes behind it finds the watermark where the test has put it
      }
    }
    return engine::Poll::kWorked;
  }
  [[nodiscard]] std::string position(std::size_t /*partition*/) const override {
    std::string out;
    codec::put_varint(out, next_);
    return out;
  }
  [[nodiscard]] std::optional<std::uint64_t> offset(std::size_t /*partition*/) const override {
    return next_;
  }
  [[nodiscard]] bool at_end(std::size_t /*partition*/) const override {
    return next_ == records_->items().size();
  }

 private:
  std::shared_ptr<PushedRecords<T>> records_;
  env::Waker* waker_;
  std::size_t next_ = 0;
};

template <class T>
class PushedConnector final : public engine::SourceConnector<T> {
 public:
  explicit PushedConnector(std::shared_ptr<PushedRecords<T>> records)
      : records_(std::move(records)) {}

  [[nodiscard]] engine::SourceTraits traits() const override { return {.kind = "test"}; }
  [[nodiscard]] Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& /*environment*/,
      const std::vector<engine::SourcePartition>& known) const override {
    if (!known.empty()) {
      return known;
    }
    return std::vector<engine::SourcePartition>{{"0", "pushed by the test", ""}};
  }
  [[nodiscard]] std::unique_ptr<engine::SourceReader<T>> make_reader(
      const engine::SourceEnvironment& environment) const override {
    return std::make_unique<PushedReader<T>>(records_, environment.waker);
  }

 private:
  std::shared_ptr<PushedRecords<T>> records_;
};

}  // namespace rheon::detail
