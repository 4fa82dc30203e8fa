#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "codec/record.h"
#include "engine/source.h"

namespace rheon::detail {

/// An input of one partition that a test writes and a job reads, as often as the job is started:
/// it stands outside of the job. One thread. What is the same for every type of record.
class PushedBase {
 public:
  struct Item {
    bool is_record = true;
    EventTime time;         // of the record; of a promise, its watermark
    std::size_t value = 0;  // of the record: its index among the records
  };

  virtual ~PushedBase();
  void promise(EventTime watermark);
  /// Nothing more will come.
  void end();

  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] bool ended() const { return ended_; }
  void add_reader(env::Waker* waker);
  void remove_reader(env::Waker* waker);

 protected:
  void add(const Item& item);

 private:
  void wake();

  std::vector<Item> items_;
  std::vector<env::Waker*> wakers_;
  bool ended_ = false;
};

template <class T>
class PushedRecords final : public PushedBase {
 public:
  void push(const T& value, EventTime time) {
    values_.push_back(codec::place(value, arena_));
    add({true, time, values_.size() - 1});
  }
  [[nodiscard]] const T& value(const Item& item) const { return values_[item.value]; }

 private:
  std::deque<T> values_;
  Arena arena_;  // what the values show
};

/// Where a reader stands.
class PushedCursor {
 public:
  PushedCursor(PushedBase& items, env::Waker* waker);
  ~PushedCursor();
  PushedCursor(const PushedCursor&) = delete;
  PushedCursor& operator=(const PushedCursor&) = delete;

  void seek(const std::string& position);
  [[nodiscard]] std::string position() const;
  [[nodiscard]] bool at_end() const { return next_ == items_.items().size(); }
  [[nodiscard]] std::uint64_t next() const { return next_; }
  [[nodiscard]] const PushedBase::Item& take() { return items_.items()[next_++]; }

 private:
  PushedBase& items_;
  env::Waker* waker_;
  std::size_t next_ = 0;
};

template <class T>
class PushedReader final : public engine::SourceReader<T> {
 public:
  PushedReader(std::shared_ptr<PushedRecords<T>> records, env::Waker* waker)
      : records_(std::move(records)), cursor_(*records_, waker) {}

  void assign(const engine::SourcePartition& partition) override {
    cursor_.seek(partition.position);
  }
  Result<engine::Poll> poll(engine::SourceOutput<T>& output) override {
    if (cursor_.at_end()) {
      return records_->ended() ? engine::Poll::kEnded : engine::Poll::kIdle;
    }
    output.select(0);
    while (!cursor_.at_end() && !output.full()) {
      const PushedBase::Item& item = cursor_.take();
      if (item.is_record) {
        output.emit(records_->value(item), item.time);
      } else {
        output.watermark(item.time);
        break;  // what comes behind it finds the watermark where the test has put it
      }
    }
    return engine::Poll::kWorked;
  }
  [[nodiscard]] std::string position(std::size_t /*partition*/) const override {
    return cursor_.position();
  }
  [[nodiscard]] std::optional<std::uint64_t> offset(std::size_t /*partition*/) const override {
    return cursor_.next();
  }
  [[nodiscard]] bool at_end(std::size_t /*partition*/) const override { return cursor_.at_end(); }

 private:
  std::shared_ptr<PushedRecords<T>> records_;
  PushedCursor cursor_;
};

/// `known`, or the one partition that there is.
[[nodiscard]] std::vector<engine::SourcePartition> pushed_partitions(
    const std::vector<engine::SourcePartition>& known);

template <class T>
class PushedConnector final : public engine::SourceConnector<T> {
 public:
  explicit PushedConnector(std::shared_ptr<PushedRecords<T>> records)
      : records_(std::move(records)) {}

  [[nodiscard]] engine::SourceTraits traits() const override { return {.kind = "test"}; }
  [[nodiscard]] Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& /*environment*/,
      const std::vector<engine::SourcePartition>& known) const override {
    return pushed_partitions(known);
  }
  [[nodiscard]] std::unique_ptr<engine::SourceReader<T>> make_reader(
      const engine::SourceEnvironment& environment) const override {
    return std::make_unique<PushedReader<T>>(records_, environment.waker);
  }

 private:
  std::shared_ptr<PushedRecords<T>> records_;
};

}  // namespace rheon::detail
