#pragma once

// What a graph's nodes and edges hold for the engine (graph::Runtime): immutable makers of running
// parts, one part per shard. Made by the fluent front, typed inside. Of sources and sinks:
// engine/connector_factories.h.
//
// What is typed returns plain pointers: for a std::unique_ptr of each kind of part, users would
// wait for the compiler.

#include <memory>
#include <string>
#include <vector>

#include "engine/processor.h"
#include "engine/sender.h"
#include "graph/runtime.h"
#include "state/declaration.h"

namespace rheon::state {
struct StateSet;
}

namespace rheon::engine {

class OperatorFactory : public graph::Runtime {
 public:
  /// `states`: the ids under which the operator's states are stored; empty without state.
  [[nodiscard]] std::unique_ptr<Processor> make(
      const std::string& name, ShardContext& shard,
      const std::shared_ptr<const state::StateSet>& states) const;
  /// In the order of their names.
  [[nodiscard]] virtual std::vector<state::StateDeclaration> states() const;

 private:
  /// As make(); a new one, the caller's.
  [[nodiscard]] virtual Processor* make_new(
      const std::string& name, ShardContext& shard,
      const std::shared_ptr<const state::StateSet>& states) const = 0;
};

class EdgeFactory : public graph::Runtime {
 public:
  [[nodiscard]] std::unique_ptr<Sender> make(const std::string& edge,
                                             const std::vector<Channel*>& channels,
                                             ShardContext& shard) const;

 private:
  /// As make(); a new one, the caller's.
  [[nodiscard]] virtual Sender* make_new(const std::string& edge,
                                         const std::vector<Channel*>& channels,
                                         ShardContext& shard) const = 0;
};

}  // namespace rheon::engine
