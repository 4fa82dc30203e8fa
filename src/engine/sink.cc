#include "engine/sink.h"

namespace rheon::engine {

std::vector<log::files::StreamDeclaration> AnySinkConnector::declared_streams() const { return {}; }

}  // namespace rheon::engine
