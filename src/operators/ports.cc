#include "operators/ports.h"

#include <utility>

namespace rheon::operators {

Ports::Ports(PortBase& main) { ports_.push_back(&main); }

void Ports::add_side(std::unique_ptr<PortBase> port) {
  ports_.push_back(port.get());
  sides_.push_back(std::move(port));
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
