#pragma once

// What the graph's nodes at the ends hold for the engine: see engine/factories.h.

#include <memory>
#include <string>
#include <vector>

#include "engine/processor.h"
#include "engine/sink.h"
#include "engine/source.h"
#include "engine/source_task.h"
#include "graph/runtime.h"

namespace rheon::engine {

class SinkFactory : public graph::Runtime {
 public:
  [[nodiscard]] virtual SinkTraits traits() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Processor> make(const std::string& name,
                                                        ShardContext& shard,
                                                        const SinkFacts& recovered) const = 0;
  /// May be null.
  [[nodiscard]] virtual std::unique_ptr<SinkCommitter> make_committer() const = 0;
  [[nodiscard]] virtual std::vector<log::files::StreamDeclaration> declared_streams() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Decider> make_decider(
      const DeciderEnvironment& environment) const = 0;
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

}  // namespace rheon::engine
