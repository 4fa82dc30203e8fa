#include "engine/sink.h"

namespace rheon::engine {

std::vector<log::files::StreamDeclaration> AnySinkConnector::declared_streams() const { return {}; }

std::unique_ptr<Decider> AnySinkConnector::make_decider(
    const DeciderEnvironment& /*environment*/) const {
  return nullptr;
}

}  // namespace rheon::engine
