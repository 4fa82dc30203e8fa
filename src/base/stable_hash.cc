#include "base/stable_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rheon::stable_hash_detail {

std::uint64_t of_any(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace rheon::stable_hash_detail
