#include "base/block_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace rheon {
namespace {

struct Block {
  char* at;
  std::size_t bytes;
  char filling;
};

[[nodiscard]] bool holds(const Block& block) {
  for (std::size_t i = 0; i < block.bytes; i += block.bytes < 64 ? 1 : 61) {
    if (block.at[i] != block.filling) {
      return false;
    }
  }
  return block.at[block.bytes - 1] == block.filling;
}

/// Takes and gives back blocks of all sizes in no order; no two may ever share a byte.
void churn(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Block> blocks;
  for (int turn = 0; turn < 2000; ++turn) {
    if (blocks.size() < 200 && random() % 5 != 0) {
      const std::size_t most = std::size_t{1} << (random() % 23);  // up to 4 MiB
      const std::size_t bytes = random() % 2 == 0 ? most : 1 + random() % most;
      const Block block{allocate_block(bytes), bytes, static_cast<char>(random())};
      std::memset(block.at, block.filling, bytes);
      blocks.push_back(block);
    } else if (!blocks.empty()) {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      ASSERT_TRUE(holds(blocks.back())) << blocks.back().bytes << " bytes";
      free_block(blocks.back().at, blocks.back().bytes);
      blocks.pop_back();
    }
  }
  for (const Block& block : blocks) {
    ASSERT_TRUE(holds(block)) << block.bytes << " bytes";
    free_block(block.at, block.bytes);
  }
}

TEST(BlockMemory, blocks_never_overlap) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    churn(seed);
  }
}

TEST(BlockMemory, threads_take_and_give_at_the_same_time) {
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([seed] { churn(seed); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST(BlockMemory, a_block_given_back_in_another_thread_is_used_again) {
  std::vector<char*> blocks;
  for (int i = 0; i < 1000; ++i) {
    blocks.push_back(allocate_block(64 << 10));
  }
  std::thread([&blocks] {
    for (char* block : blocks) {
      free_block(block, 64 << 10);
    }
  }).join();
  free_block(nullptr, 64 << 10);
  char* const again = allocate_block(1 << 20);
  std::memset(again, 1, 1 << 20);
  free_block(again, 1 << 20);
}

TEST(BlockMemory, blocks_are_aligned) {
  for (const std::size_t bytes : {24u, 4096u, 5000u, 65536u, 3u << 20}) {
    char* const block = allocate_block(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 16, 0u) << bytes;
    free_block(block, bytes);
  }
}

}  // namespace
}  // namespace rheon
