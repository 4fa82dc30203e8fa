#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace rheon::engine {
class AnySinkConnector;
}

namespace rheon::discard {

/// Takes records and forgets them; only counts. For measuring what stands before it.
///
///     words.to("nowhere", discard::all())
class Discard {
 public:
  Discard();

  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> bind() const {
    return connector();
  }
  /// Written so far, also in epochs that were aborted. Any thread.
  [[nodiscard]] std::uint64_t records() const;

 private:
  [[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> connector() const;

  std::shared_ptr<std::atomic<std::uint64_t>> records_;
};

[[nodiscard]] inline Discard all() { return {}; }

}  // namespace rheon::discard
