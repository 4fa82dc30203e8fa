#pragma once

#include <deque>
#include <memory>
#include <typeinfo>
#include <vector>

#include "base/arena.h"
#include "codec/record.h"
#include "engine/source.h"

namespace rheon::detail {

/// An input of one partition that a test writes and a job reads, as often as the job is started:
/// it stands outside of the job. One thread.
class Pushed {
 public:
  struct Item {
    EventTime time;               // of the record; of a promise, its watermark
    const void* value = nullptr;  // of the record; null: a promise
  };

  explicit Pushed(const std::type_info& type);
  ~Pushed();

  /// `value`: of this input's type, lives as long as this object.
  void push(const void* value, EventTime time);
  void promise(EventTime watermark);
  /// Nothing more will come.
  void end();

  [[nodiscard]] const std::type_info& type() const { return type_; }
  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] bool ended() const { return ended_; }
  void add_reader(env::Waker* waker);
  void remove_reader(env::Waker* waker);

  /// Where the test keeps what it pushes.
  template <class T>
  struct Values {
    std::deque<T> values;
    Arena arena;  // what they show
  };
  template <class T>
  [[nodiscard]] Values<T>& values() {
    if (values_ == nullptr) {
      values_ = std::make_shared<Values<T>>();
    }
    return *static_cast<Values<T>*>(values_.get());
  }

 private:
  void wake();

  const std::type_info& type_;
  std::vector<Item> items_;
  std::shared_ptr<void> values_;
  std::vector<env::Waker*> wakers_;
  bool ended_ = false;
};

/// The same for the test, which knows the type.
template <class T>
class PushedRecords {
 public:
  explicit PushedRecords(Pushed& input) : input_(input) {}

  void push(const T& value, EventTime time) {
    auto& kept = input_.values<T>();
    kept.values.push_back(codec::place(value, kept.arena));
    input_.push(&kept.values.back(), time);
  }
  void promise(EventTime watermark) { input_.promise(watermark); }
  void end() { input_.end(); }

 private:
  Pushed& input_;
};

/// The connector whose readers read from there.
[[nodiscard]] std::shared_ptr<const engine::AnySourceConnector> make_pushed_connector(
    std::shared_ptr<Pushed> input);

}  // namespace rheon::detail
