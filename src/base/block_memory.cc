#include "base/block_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <mutex>
#include <new>
#include <unordered_map>

namespace rheon {

namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;
constexpr unsigned kWholeRegion = 9;  // the order of a huge page; 4 KiB has order 0
static_assert(kPageBytes << kWholeRegion == kHugePageBytes);

/// The sanitizer watches the borders of what comes from `new`, not those inside of a region.
#if defined(__has_feature)
constexpr bool kEachFromNew = __has_feature(address_sanitizer);
#elif defined(__SANITIZE_ADDRESS__)
constexpr bool kEachFromNew = true;
#else
constexpr bool kEachFromNew = false;
#endif

[[nodiscard]] unsigned order_of(std::size_t bytes) {
  return static_cast<unsigned>(std::countr_zero(std::bit_ceil(bytes) / kPageBytes));
}

[[nodiscard]] std::size_t whole_pages(std::size_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

/// Fresh memory from the system, aligned to a huge page, and made of such where it can be.
[[nodiscard]] char* map_aligned(std::size_t bytes) {
  const std::size_t reserved = bytes + kHugePageBytes;
  void* mapped =
      ::mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    if (const std::new_handler handler = std::get_new_handler()) {
      handler();  // as `new` does it
    }
    throw std::bad_alloc();
  }
  char* const begin = static_cast<char*>(mapped);
  const std::size_t before =
      (kHugePageBytes - reinterpret_cast<std::uintptr_t>(begin) % kHugePageBytes) % kHugePageBytes;
  if (before != 0) {
    ::munmap(begin, before);
  }
  char* const aligned = begin + before;
  ::munmap(aligned + bytes, reserved - before - bytes);
  ::madvise(aligned, bytes, MADV_HUGEPAGE);  // a wish; without it the memory works as well
  return aligned;
}

/// A buddy allocator (Knuth, The Art of Computer Programming, volume 1, section 2.5) over regions
/// of one huge page each.
class Buddies {
 public:
  [[nodiscard]] char* allocate(unsigned order) {
    const std::lock_guard lock(mutex_);
    unsigned from = order;
    while (from <= kWholeRegion && free_[from] == nullptr) {
      ++from;
    }
    char* block = from <= kWholeRegion ? take(from) : add_region();
    for (from = std::min(from, kWholeRegion); from > order; --from) {
      put(block + (kPageBytes << (from - 1)), from - 1);
    }
    return block;
  }

  void free(char* block, unsigned order) {
    const std::lock_guard lock(mutex_);
    Region& region = regions_.at(region_of(block));
    for (; order < kWholeRegion; ++order) {
      char* const buddy = region_of(block) + (offset_of(block) ^ (kPageBytes << order));
      if (region.free_order[offset_of(buddy) / kPageBytes] != order) {
        break;
      }
      unlink(region, reinterpret_cast<FreeBlock*>(buddy), order);
      block = std::min(block, buddy);
    }
    if (order == kWholeRegion && free_[kWholeRegion] != nullptr) {
      regions_.erase(block);  // one empty region is enough to keep
      ::munmap(block, kHugePageBytes);
      return;
    }
    put(block, order);
  }

 private:
  static constexpr std::uint8_t kNotFree = 0xFF;

  struct FreeBlock {  // at the beginning of the free memory itself
    FreeBlock* before;
    FreeBlock* next;
  };
  struct Region {
    Region() { free_order.fill(kNotFree); }
    /// For the first page of each free block its order.
    std::array<std::uint8_t, kHugePageBytes / kPageBytes> free_order;
  };

  [[nodiscard]] static std::size_t offset_of(const char* block) {
    return reinterpret_cast<std::uintptr_t>(block) % kHugePageBytes;
  }
  [[nodiscard]] static char* region_of(char* block) { return block - offset_of(block); }

  [[nodiscard]] char* add_region() {
    char* const region = map_aligned(kHugePageBytes);
    regions_.try_emplace(region);
    return region;
  }

  void put(char* block, unsigned order) {
    regions_.at(region_of(block)).free_order[offset_of(block) / kPageBytes] =
        static_cast<std::uint8_t>(order);
    auto* const entry = new (block) FreeBlock{nullptr, free_[order]};
    if (entry->next != nullptr) {
      entry->next->before = entry;
    }
    free_[order] = entry;
  }

  [[nodiscard]] char* take(unsigned order) {
    FreeBlock* const entry = free_[order];
    char* const block = reinterpret_cast<char*>(entry);
    unlink(regions_.at(region_of(block)), entry, order);
    return block;
  }

  void unlink(Region& region, FreeBlock* entry, unsigned order) {
    region.free_order[offset_of(reinterpret_cast<char*>(entry)) / kPageBytes] = kNotFree;
    (entry->before != nullptr ? entry->before->next : free_[order]) = entry->next;
    if (entry->next != nullptr) {
      entry->next->before = entry->before;
    }
  }

  std::mutex mutex_;
  std::unordered_map<const char*, Region> regions_;
  std::array<FreeBlock*, kWholeRegion + 1> free_{};
};

/// Never destroyed: state may be freed by whatever ends last.
[[nodiscard]] Buddies& buddies() {
  static Buddies& all = *new Buddies;
  return all;
}

}  // namespace

char* allocate_block(std::size_t bytes) {
  if (bytes < kPageBytes || kEachFromNew) {
    return static_cast<char*>(::operator new[](bytes));
  }
  return bytes <= kHugePageBytes ? buddies().allocate(order_of(bytes))
                                 : map_aligned(whole_pages(bytes));
}

void free_block(char* block, std::size_t bytes) noexcept {
  if (block == nullptr) {
    return;
  }
  if (bytes < kPageBytes || kEachFromNew) {
    ::operator delete[](block);
  } else if (bytes <= kHugePageBytes) {
    buddies().free(block, order_of(bytes));
  } else {
    ::munmap(block, whole_pages(bytes));
  }
}

}  // namespace rheon
