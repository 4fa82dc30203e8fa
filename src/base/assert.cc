#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace rheon {

void assertion_failed(const char* condition, const char* sentence, const char* file,
                      int line) noexcept {
  std::fprintf(stderr, "%s:%d: assertion failed: %s (%s)\n", file, line, sentence, condition);
  std::abort();
}

}  // namespace rheon
