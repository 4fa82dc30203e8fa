#pragma once

// What a flat_map function with an `Emit<T>&` parameter emits into.

#include <cstdint>

#include "base/types.h"
#include "codec/record.h"
#include "engine/batch.h"

namespace rheon {

/// Takes the outputs of one call. What a value shows is copied; nothing is to be freed. Valid
/// during the call only. Throws when the call has emitted too much (operators/output_limit.h).
template <class T>
class Emit {
 public:
  void operator()(const T& value) { append_(*this, value); }

 protected:
  using Append = void (*)(Emit&, const T&);
  explicit Emit(Append append) : append_(append) {}
  ~Emit() = default;

 private:
  Append append_;
};

}  // namespace rheon
