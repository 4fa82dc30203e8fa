#pragma once

#include <memory>

namespace rheon {

namespace engine {
class AnySourceConnector;
}

/// What `job.from(name, source)` takes: a description of where records of type T come from. Made by
/// the functions of the connectors, for example files::lines(glob).
template <class T>
struct Source {
  std::shared_ptr<const engine::AnySourceConnector> connector;  // of records of type T
};

}  // namespace rheon
