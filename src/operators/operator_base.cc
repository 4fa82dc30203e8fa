#include "operators/operator_base.h"

namespace rheon::operators {

OperatorBase::OperatorBase() = default;

OperatorBase::~OperatorBase() = default;

std::uint32_t OperatorBase::declare(state::StateDeclaration declaration) {
  declarations_.push_back(std::move(declaration));
  return static_cast<std::uint32_t>(declarations_.size() - 1);
}

std::uint32_t OperatorBase::declare_timer(state::StateDeclaration declaration, const void* handle) {
  const std::uint32_t state = declare(std::move(declaration));
  timer_handles_.emplace_back(state, handle);
  return state;
}

std::size_t OperatorBase::declare_output(std::string name, std::string type,
                                         PortBase* (*make_port)()) {
  outputs_.push_back({std::move(name), std::move(type), make_port});
  return outputs_.size() - 1;
}

void OperatorBase::bind(const state::StateSet& stored, Ports& ports, bool undoable) {
  for (const OutputDeclaration& output : outputs_) {
    ports.add_side(output.make_port());
  }
  for (const state::StateDeclaration& declaration : declarations_) {
    std::uint32_t at = 0;
    while (stored.declarations[at].name != declaration.name) {
      ++at;
    }
    position_.push_back(at);
  }
  undoable_ = undoable;
}

const void* OperatorBase::timer_handle(std::uint32_t position) const {
  for (const auto& [state, handle] : timer_handles_) {
    if (position_[state] == position) {
      return handle;
    }
  }
  return nullptr;
}

void OperatorBase::on_undo(std::uint32_t state, std::function<void()> step) {
  if (declarations_[state].lifetime.ttl.has_value()) {
    remember_last_write(state);
  }
  undo_.push_back(std::move(step));
}

void OperatorBase::remember_last_write(std::uint32_t state) {
  const void* value = find(state);
  if (value == nullptr) {
    return;
  }
  undo_.emplace_back([this, state, micros = table(state).last_write(value)] {
    if (void* restored = table(state).find(key_, hash_)) {
      table(state).set_last_write(restored, micros);
    }
  });
}

bool OperatorBase::expired(std::uint32_t state, const void* value) const {
  const state::Lifetime& lifetime = declarations_[state].lifetime;
  return lifetime.ttl.has_value() &&
         is_over(lifetime, EventTime{table(state).last_write(value)}, clock_of(lifetime));
}

void* OperatorBase::find(std::uint32_t state) const {
  void* value = table(state).find(key_, hash_);
  return value == nullptr || expired(state, value) ? nullptr : value;
}

void* OperatorBase::write(std::uint32_t state) {
  state::StateTable& table = this->table(state);
  ++writes_;
  void* value = table.find(key_, hash_);
  if (value != nullptr && expired(state, value)) {
    table.remove(key_, hash_);
    ++expired_;
    value = nullptr;
  }
  if (value == nullptr) {
    value = table.find_or_create(key_, hash_);
  }
  table.mark_changed(value);
  const state::Lifetime& lifetime = declarations_[state].lifetime;
  if (lifetime.ttl.has_value()) {
    table.set_last_write(value, state::time_of_write(clock_of(lifetime), time_).micros);
  }
  return value;
}

void OperatorBase::remove(std::uint32_t state) {
  ++writes_;
  table(state).remove(key_, hash_);
}

void OperatorBase::arm(std::uint32_t state, EventTime time) {
  const bool processing = state::is_processing_timer(declarations_[state].kind);
  group_->timers(processing).insert({time, std::string(key_), position_[state]});
  timer_set_ = true;
}

void OperatorBase::disarm(std::uint32_t state, EventTime time) {
  const bool processing = state::is_processing_timer(declarations_[state].kind);
  group_->timers(processing).erase({time, std::string(key_), position_[state]});
}

void OperatorBase::forget_undo() { undo_.clear(); }

void OperatorBase::undo() {
  while (!undo_.empty()) {
    undo_.back()();
    undo_.pop_back();
  }
}

}  // namespace rheon::operators
