#include "operators/output_limit.h"

#include <stdexcept>

namespace rheon::operators {

void throw_too_much_output() {
  throw std::length_error("one call emitted more than max_output_per_input (64 MiB)");
}

}  // namespace rheon::operators
