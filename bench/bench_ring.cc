// What a hand-over through base/spsc_ring.h costs, on one thread and between two.

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "base/ready_word.h"
#include "base/spsc_ring.h"

namespace rheon {
namespace {

struct Slot {  // as large as a slot of a batch
  std::uint64_t words[4];
};

void push_and_pop_on_one_thread(benchmark::State& state) {
  SpscRing<Slot> ring(64);
  Slot slot{};
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(ring.try_push(slot));
    benchmark::DoNotOptimize(ring.try_pop(slot));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(push_and_pop_on_one_thread);

/// Argument: the capacity of the ring. Time is per item that arrived.
void between_two_threads(benchmark::State& state) {
  SpscRing<std::uint64_t> ring(static_cast<std::size_t>(state.range(0)));
  std::atomic<bool> stop{false};
  std::thread producer([&] {
    for (std::uint64_t item = 1; !stop.load(std::memory_order_relaxed);) {
      item += ring.try_push(item) ? 1 : 0;
    }
  });
  std::uint64_t item = 0;
  while (state.KeepRunning()) {
    while (!ring.try_pop(item)) {
    }
  }
  stop = true;
  producer.join();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(between_two_threads)->Arg(8)->Arg(64)->Arg(1024)->UseRealTime();

void ready_word_set_and_take(benchmark::State& state) {
  ReadyWord ready;
  while (state.KeepRunning()) {
    ready.set(3, [] {});
    benchmark::DoNotOptimize(ready.take());
  }
}
BENCHMARK(ready_word_set_and_take);

}  // namespace
}  // namespace rheon

BENCHMARK_MAIN();
