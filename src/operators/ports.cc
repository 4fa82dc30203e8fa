#include "operators/ports.h"

namespace rheon::operators {

Ports::Ports(PortBase& main) : ports_{&main}, marks_{0} {}
Ports::~Ports() = default;

void Ports::add_side(PortBase* port) {
  sides_.emplace_back(port);
  ports_.push_back(port);
  marks_.push_back(0);
}

void Ports::take_back() {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    ports_[i]->truncate(marks_[i]);
  }
}

void Ports::trace(const observe::TraceContext& context) {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    ports_[i]->any().trace(marks_[i], ports_[i]->size(), context);
  }
}

std::uint64_t Ports::flush() {
  std::uint64_t emitted = 0;
  for (PortBase* port : ports_) {
    port->any().flush();
    emitted += port->any().take_emitted();
  }
  return emitted;
}

}  // namespace rheon::operators
