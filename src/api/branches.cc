#include "api/branches.h"

#include <stdexcept>

namespace rheon::detail {

void throw_no_such_branch(const std::string& split, const std::string& name,
                          const std::string& known) {
  throw std::logic_error("the split '" + split + "' has no branch '" + name +
                         "'; it has: " + known);
}

}  // namespace rheon::detail
