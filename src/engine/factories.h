#pragma once

// What a graph's nodes and edges hold for the engine (graph::Runtime): immutable makers of running
// parts, one part per shard. Made by the fluent front, typed inside.

#include <memory>
#include <string>
#include <vector>

#include "engine/processor.h"
#include "engine/sender.h"
#include "engine/sink.h"
#include "engine/source.h"
#include "engine/source_task.h"
#include "graph/graph.h"
#include "state/declaration.h"
#include "state/key_group_state.h"

namespace rheon::engine {

class OperatorFactory : public graph::Runtime {
 public:
  /// `states`: the ids under which the operator's states are stored; empty without state.
  [[nodiscard]] virtual std::unique_ptr<Processor> make(
      const std::string& name, ShardContext& shard,
      const std::shared_ptr<const state::StateSet>& states) const = 0;
  /// In the order of their names.
  [[nodiscard]] virtual std::vector<state::StateDeclaration> states() const { return {}; }
};

class SinkFactory : public graph::Runtime {
 public:
  [[nodiscard]] virtual SinkTraits traits() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Processor> make(const std::string& name,
                                                        ShardContext& shard,
                                                        const SinkFacts& recovered) const = 0;
  /// May be null.
  [[nodiscard]] virtual std::unique_ptr<SinkCommitter> make_committer() const = 0;
  [[nodiscard]] virtual std::vector<log::files::StreamDeclaration> declared_streams() const = 0;
};

class SourceFactory : public graph::Runtime {
 public:
  [[nodiscard]] virtual SourceTraits traits() const = 0;
  [[nodiscard]] virtual Result<std::vector<SourcePartition>> discover(
      SourceEnvironment& environment, const std::vector<SourcePartition>& known) const = 0;
  [[nodiscard]] virtual bool grows() const = 0;
  [[nodiscard]] virtual std::unique_ptr<SourceTaskBase> make(const std::string& name,
                                                             ShardContext& shard) const = 0;
};

class EdgeFactory : public graph::Runtime {
 public:
  [[nodiscard]] virtual std::unique_ptr<Sender> make(const std::string& edge,
                                                     const std::vector<Channel*>& channels,
                                                     ShardContext& shard) const = 0;
};

}  // namespace rheon::engine
