#pragma once

// The output ports of an operator class: the main one, and one for each side output.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/output_port.h"

namespace rheon::operators {

/// An output port whose record type is not known here.
class PortBase {
 public:
  virtual ~PortBase() = default;
  [[nodiscard]] virtual engine::AnyOutputPort& any() = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;
  virtual void truncate(std::size_t size) = 0;
  virtual void make_room() = 0;
};

template <class K, class T>
class Port final : public PortBase {
 public:
  [[nodiscard]] engine::AnyOutputPort& any() override { return port; }
  [[nodiscard]] std::size_t size() const override { return port.size(); }
  void truncate(std::size_t size) override { port.truncate(size); }
  void make_room() override { port.make_room(); }

  engine::OutputPort<K, T> port;
};

class Ports {
 public:
  /// `main` lives as long as this.
  explicit Ports(PortBase& main);
  ~Ports();
  Ports(const Ports&) = delete;
  Ports& operator=(const Ports&) = delete;
  /// Takes ownership.
  void add_side(PortBase* port);

  void connect(std::size_t port, const engine::Target& target) { ports_[port]->any().add(target); }
  [[nodiscard]] PortBase& side(std::size_t index) const { return *ports_[index + 1]; }

  // Around a call of user code.
  void make_room() {
    for (PortBase* port : ports_) {
      port->make_room();
    }
  }
  /// Notes what has been emitted so far.
  void mark() {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      marks_[i] = ports_[i]->size();
    }
  }
  /// Takes back what was emitted since mark().
  void take_back();
  /// What was emitted since mark() comes from a followed record.
  void trace(const observe::TraceContext& context);

  /// Hands on what was emitted; returns how many records.
  [[nodiscard]] std::uint64_t flush();

 private:
  std::vector<PortBase*> ports_;  // the main one first
  std::vector<std::unique_ptr<PortBase>> sides_;
  std::vector<std::size_t> marks_;  // of each port
};

}  // namespace rheon::operators
