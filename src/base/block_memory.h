#pragma once

// Memory for what is large, lives long and is read at random, keyed state above all: in huge pages
// where the system offers them, because there most of such a read's time is the page walk
// (docs/performance.md has the figures).

#include <cstddef>

namespace rheon {

/// `bytes` bytes, aligned as `new char[]` does it, not initialised. From 4 KiB on, sizes that are
/// powers of two waste nothing. Any thread. Throws std::bad_alloc.
[[nodiscard]] char* allocate_block(std::size_t bytes);

/// Gives back what allocate_block(bytes) returned; any thread. Null is allowed.
void free_block(char* block, std::size_t bytes) noexcept;

}  // namespace rheon
