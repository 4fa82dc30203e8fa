#include "engine/factories.h"

namespace rheon::engine {

std::unique_ptr<Processor> OperatorFactory::make(
    const std::string& name, ShardContext& shard,
    const std::shared_ptr<const state::StateSet>& states) const {
  return std::unique_ptr<Processor>(make_new(name, shard, states));
}

std::vector<state::StateDeclaration> OperatorFactory::states() const { return {}; }

std::unique_ptr<Sender> EdgeFactory::make(const std::string& edge,
                                          const std::vector<Channel*>& channels,
                                          ShardContext& shard) const {
  return std::unique_ptr<Sender>(make_new(edge, channels, shard));
}

}  // namespace rheon::engine
