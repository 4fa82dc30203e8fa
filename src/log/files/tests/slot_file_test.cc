#include "log/files/slot_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

#include "env/fake/fake_env.h"

namespace rheon::log::files::testing {
namespace {

using env::fake::FakeEnv;
using env::fake::Survival;

const SlotLayout kLayout{{{}, FileKind::kWitness, {}, 0}, FrameType::kWitness, 100};

SlotContents contents(std::uint64_t epoch) {
  return {{}, Epoch{epoch}, "epoch " + std::to_string(epoch)};
}

/// Writes with a sync now and then, loses power, and looks. The file is never without what was last
/// synced, or something newer.
void write_and_lose_power(std::uint64_t seed, Survival survival) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  FakeEnv env(seed);
  std::mt19937_64 random(seed);
  ASSERT_TRUE(env.files().make_directories("d"));
  auto file = SlotFile::open(env.files(), "d/slots", kLayout);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->fill(contents(1)));
  ASSERT_TRUE(env.files().sync_directory("d"));
  std::uint64_t synced = 1;
  std::uint64_t written = 1;
  for (std::uint64_t left = random() % 20; left > 0; --left) {
    ASSERT_TRUE(file->write(contents(++written)));
    if (random() % 4 == 0) {
      ASSERT_TRUE(file->sync());
      synced = written;
    }
  }
  env.cut_power(seed, survival);
  env.restart();
  auto again = SlotFile::open(env.files(), "d/slots", kLayout);
  ASSERT_TRUE(again);
  const SlotContents* found = newest(again->found());
  ASSERT_NE(found, nullptr) << "both slots are torn";
  EXPECT_GE(found->epoch.value, synced);
  EXPECT_LE(found->epoch.value, written);
  EXPECT_EQ(found->payload, contents(found->epoch.value).payload);
}

TEST(SlotFile, HasWhatWasSyncedWheneverThePowerIsLost) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    write_and_lose_power(seed, seed % 2 == 0 ? Survival::kTorn : Survival::kScattered);
  }
}

}  // namespace
}  // namespace rheon::log::files::testing
