#include "operators/timers.h"

#include "operators/state_handles.h"
#include "state/timer_value.h"

namespace rheon {

using state::TimerSetValue;
using state::TimerValue;

Timer::Timer(operators::OperatorBase& op, std::string name, state::RenamedFrom renamed,
             state::StateKind kind)
    : op_(op),
      state_(op.declare_timer(
          operators::declaration(op, {std::move(name), std::move(renamed)}, kind, "",
                                 codec::ValueCodec<TimerValue>::schema(), state::unbounded(),
                                 state::plain_ops<TimerValue>()),
          this)) {}

EventTime Timer::at() const {
  const auto* time = static_cast<const TimerValue*>(op_.find(state_));
  return time == nullptr ? EventTime::none() : *time;
}

void Timer::replace(EventTime time) {
  const EventTime old = at();
  if (old == time) {
    return;
  }
  if (old != EventTime::none()) {
    op_.disarm(state_, old);
  }
  if (time == EventTime::none()) {
    op_.remove(state_);
    return;
  }
  *static_cast<TimerValue*>(op_.write(state_)) = time;
  op_.arm(state_, time);
}

void Timer::set(EventTime time) {
  if (op_.undoable()) {
    op_.on_undo(state_, [this, old = at()] { replace(old); });
  }
  replace(time);
}

void Timer::cancel() { set(EventTime::none()); }

TimerSet::TimerSet(operators::OperatorBase& op, std::string name, state::RenamedFrom renamed,
                   state::StateKind kind)
    : op_(op),
      state_(op.declare_timer(operators::declaration(op, {std::move(name), std::move(renamed)},
                                                     kind, codec::ValueCodec<EventTime>::schema(),
                                                     codec::ValueCodec<bool>::schema(),
                                                     state::unbounded(), TimerSetValue::ops()),
                              this)) {}

bool TimerSet::contains(EventTime time) const {
  const auto* times = static_cast<const TimerSetValue*>(op_.find(state_));
  return times != nullptr && times->find(state::timer_set_sub(time)) != nullptr;
}

std::size_t TimerSet::size() const {
  const auto* times = static_cast<const TimerSetValue*>(op_.find(state_));
  return times == nullptr ? 0 : times->items().size();
}

void TimerSet::insert(EventTime time) {
  static_cast<TimerSetValue*>(op_.write(state_))->edit(state::timer_set_sub(time)) = true;
  op_.arm(state_, time);
}

void TimerSet::erase(EventTime time) {
  auto* times = static_cast<TimerSetValue*>(op_.write(state_));
  times->remove(state::timer_set_sub(time));
  if (times->items().empty()) {
    op_.remove(state_);
  }
  op_.disarm(state_, time);
}

void TimerSet::add(EventTime time) {
  if (contains(time)) {
    return;
  }
  if (op_.undoable()) {
    op_.on_undo(state_, [this, time] { erase(time); });
  }
  insert(time);
}

void TimerSet::cancel(EventTime time) {
  if (!contains(time)) {
    return;
  }
  if (op_.undoable()) {
    op_.on_undo(state_, [this, time] { insert(time); });
  }
  erase(time);
}

namespace operators {

std::string missing_on_timer(const OperatorBase& op, bool timer, bool timer_set) {
  for (const state::StateDeclaration& declaration : op.declarations()) {
    const bool many = state::is_timer_set(declaration.kind);
    if (state::is_timer(declaration.kind) && !(many ? timer_set : timer)) {
      const std::string type = many ? "TimerSet" : "Timer";
      return "nothing is called when its timer '" + declaration.name +
             "' fires. Give it a `void on_timer(const " + type + "& timer, Context& ctx)`.";
    }
  }
  return {};
}

}  // namespace operators

}  // namespace rheon
