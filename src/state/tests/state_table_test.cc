#include "state/state_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/tests/seeds.h"
#include "state/sub_map.h"

namespace rheon::state {
namespace {

constexpr StateId kState{7};
constexpr KeyGroup kGroup{3};

/// A table with what a shard has around it, and verbs.
template <class V>
class Table {
 public:
  explicit Table(std::uint64_t seed, const ValueOps& ops = plain_ops<V>(), bool with_ttl = false)
      : table(ops, with_ttl, kState, kGroup, seed) {
    table.attach(&log);
  }

  V& edit(std::string_view key) {
    void* value = table.find_or_create(key, stable_hash(key));
    table.mark_changed(value);
    return *static_cast<V*>(value);
  }
  [[nodiscard]] const V* find(std::string_view key) const {
    return static_cast<const V*>(table.find(key, stable_hash(key)));
  }
  void remove(std::string_view key) { table.remove(key, stable_hash(key)); }

  /// As the engine does at a barrier.
  void barrier() {
    changed_at_barrier = !log.changed.empty();
    log.changed.clear();
    if (changed_at_barrier) {
      table.begin_capture();
    }
    log.written_early = &early;
  }
  /// Some of the capture; true when it is done.
  [[nodiscard]] bool encode(std::size_t budget) {
    if (changed_at_barrier && !table.encode_captured(delta, budget)) {
      return false;
    }
    log.written_early = nullptr;
    return true;
  }
  [[nodiscard]] std::string encode_all() {
    barrier();
    while (!encode(1 << 20)) {
    }
    return take();
  }
  [[nodiscard]] std::string take() {
    delta.append(std::move(early));
    return delta.take();
  }
  /// As a restore does.
  void replay(std::string_view blob) {
    codec::DeltaReader sections(blob);
    codec::DeltaSection section;
    while (sections.next(section)) {
      EXPECT_EQ(section.state, kState);
      EXPECT_EQ(section.group, kGroup);
      codec::DeltaEntryReader entries(section.entries);
      codec::DeltaEntry entry;
      while (entries.next(entry)) {
        EXPECT_TRUE(table.apply(entry, stable_hash(entry.key)));
      }
      EXPECT_FALSE(entries.failed());
    }
    EXPECT_FALSE(sections.failed());
  }
  [[nodiscard]] std::map<std::string, V> contents() const {
    std::map<std::string, V> result;
    table.for_each([&](std::string_view key, const void* value) {
      EXPECT_TRUE(result.emplace(key, *static_cast<const V*>(value)).second) << key;
    });
    EXPECT_EQ(result.size(), table.size());
    EXPECT_EQ(log.keys, table.size());
    EXPECT_EQ(log.bytes, table.own_bytes());
    return result;
  }

  ChangeLog log;
  StateTable table;
  codec::DeltaWriter delta;
  codec::DeltaWriter early;
  bool changed_at_barrier = false;
};

using Numbers = Table<std::uint64_t>;

TEST(StateTable, HasNothingAtFirst) {
  Numbers t(1);
  EXPECT_EQ(t.find("a"), nullptr);
  EXPECT_EQ(t.table.size(), 0u);
  t.remove("a");
  EXPECT_TRUE(t.encode_all() == codec::DeltaWriter().take());
}

TEST(StateTable, TakesWhatItHoldsToAnotherChangeLog) {
  Numbers t(1);
  t.edit("a") = 1;
  t.edit("b") = 2;
  t.remove("a");
  static_cast<void>(t.encode_all());
  EXPECT_EQ(t.log.keys, 1u);
  EXPECT_EQ(t.log.bytes, t.table.own_bytes());
  ChangeLog other;
  t.table.attach(&other);
  EXPECT_EQ(t.log.keys, 0u);
  EXPECT_EQ(t.log.bytes, 0u);
  EXPECT_EQ(other.keys, 1u);
  EXPECT_EQ(other.bytes, t.table.own_bytes());
  t.table.attach(nullptr);
  EXPECT_EQ(other.keys, 0u);
  EXPECT_EQ(other.bytes, 0u);
  static_cast<void>(t.table.find_or_create("c", stable_hash("c")));  // as a restore does
  t.table.attach(&t.log);
  EXPECT_EQ(t.log.keys, 2u);
}

TEST(StateTable, KeepsAReferenceValidWhileOthersComeAndGo) {
  Numbers t(1);
  std::uint64_t& kept = t.edit("kept");
  kept = 42;
  for (int i = 0; i < 5000; ++i) {
    t.edit("other " + std::to_string(i)) = 1;
  }
  for (int i = 0; i < 5000; i += 2) {
    t.remove("other " + std::to_string(i));
  }
  EXPECT_EQ(&kept, t.find("kept"));
  EXPECT_EQ(kept, 42u);
  EXPECT_EQ(t.table.size(), 2501u);
}

TEST(StateTable, TakesTheEmptyKeyAndVeryLongOnes) {
  Numbers t(1);
  const std::string long_key(300'000, 'x');
  t.edit("") = 1;
  t.edit(long_key) = 2;
  t.edit(long_key + "y") = 3;
  t.edit("short") = 4;
  Numbers restored(2);
  restored.replay(t.encode_all());
  EXPECT_EQ(restored.contents(), (std::map<std::string, std::uint64_t>{
                                     {"", 1}, {long_key, 2}, {long_key + "y", 3}, {"short", 4}}));
}

TEST(StateTable, TellsKeysApartWhoseTagsCollide) {
  constexpr std::uint64_t kSeed = 5;
  std::map<std::uint64_t, std::string> by_tag;
  std::vector<std::pair<std::string, std::string>> pairs;
  for (int i = 0; i < 300'000; ++i) {
    const std::string key = std::to_string(i);
    const auto [at, fresh] = by_tag.emplace(remix(stable_hash(key), kSeed) >> 32, key);
    if (!fresh) {
      pairs.emplace_back(at->second, key);
    }
  }
  ASSERT_FALSE(pairs.empty());
  Numbers t(kSeed);
  for (const auto& [one, other] : pairs) {
    t.edit(one) = 1;
    t.edit(other) = 2;
    EXPECT_EQ(*t.find(one), 1u);
    t.remove(one);
    EXPECT_EQ(t.find(one), nullptr);
    ASSERT_NE(t.find(other), nullptr);
    EXPECT_EQ(*t.find(other), 2u);
  }
}

TEST(StateTable, AnUnchangedEntryIsNotInTheNextDelta) {
  Numbers t(1);
  t.edit("a") = 1;
  t.edit("b") = 1;
  static_cast<void>(t.encode_all());
  t.edit("b") = 2;
  Numbers restored(2);
  restored.replay(t.encode_all());
  EXPECT_EQ(restored.contents(), (std::map<std::string, std::uint64_t>{{"b", 2}}));
}

TEST(StateTable, AWriteAfterTheBarrierDoesNotReachTheCapturedEpoch) {
  Numbers t(1);
  t.edit("a") = 1;
  t.edit("gone") = 1;
  t.barrier();
  t.edit("a") = 2;
  t.remove("gone");
  t.edit("gone") = 3;
  t.edit("new") = 1;
  while (!t.encode(1)) {
  }
  Numbers restored(2);
  restored.replay(t.take());
  EXPECT_EQ(restored.contents(), (std::map<std::string, std::uint64_t>{{"a", 1}, {"gone", 1}}));
  restored.replay(t.encode_all());
  EXPECT_EQ(restored.contents(), t.contents());
}

TEST(StateTable, SweepRemovesWhatHasExpiredAndTellsTheLog) {
  Table<std::uint64_t> t(1, plain_ops<std::uint64_t>(), /*with_ttl=*/true);
  for (int i = 0; i < 100; ++i) {
    std::uint64_t& value = t.edit(std::to_string(i));
    t.table.set_last_write(&value, i);
  }
  Table<std::uint64_t> restored(2, plain_ops<std::uint64_t>(), true);
  restored.replay(t.encode_all());
  std::size_t swept = 0;
  for (int round = 0; round < 50; ++round) {
    swept += t.table.sweep(16, [&](const void* value) { return t.table.last_write(value) < 40; });
  }
  EXPECT_EQ(swept, 40u);
  EXPECT_EQ(t.table.size(), 60u);
  restored.replay(t.encode_all());
  EXPECT_EQ(restored.contents(), t.contents());
  restored.table.for_each([&](std::string_view key, void* value) {
    EXPECT_EQ(std::to_string(restored.table.last_write(value)), key);
  });
}

TEST(StateTable, SortedKeysAreInByteOrder) {
  Numbers t(9);
  for (const char* key : {"b", "a", "", "\xff", "ab", "a\x01"}) {
    t.edit(key) = 1;
  }
  EXPECT_THAT(t.table.sorted_keys(), ::testing::ElementsAre("", "a", "a\x01", "ab", "b", "\xff"));
}

TEST(StateTable, GivesTheMemoryOfRemovedEntriesToNewOnes) {
  Numbers t(1);
  std::uint64_t after_first = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 1000; ++i) {
      t.edit(std::to_string(round % 2) + "-" + std::to_string(1000 + i)) = 1;
    }
    static_cast<void>(t.encode_all());
    for (int i = 0; i < 1000; ++i) {
      t.remove(std::to_string(round % 2) + "-" + std::to_string(1000 + i));
    }
    static_cast<void>(t.encode_all());
    after_first = round == 0 ? t.table.bytes() : after_first;
  }
  EXPECT_EQ(t.table.size(), 0u);
  EXPECT_LE(t.table.bytes(), after_first * 3 / 2);
}

// ---- against a model ---------------------------------------------------------------------------

std::string random_key(std::mt19937_64& random) {
  switch (random() % 20) {
    case 0:
      return "";
    case 1:
      return std::string(1000 + random() % 3, static_cast<char>('a' + random() % 3));
    case 2:
      return std::string(random() % 9, '\0');
    default:
      return "key " + std::to_string(random() % 120);
  }
}

/// Writes, removals and barriers in any order; what was replayed is compared at every barrier.
template <class V, class Write>
void run_against_model(std::uint64_t seed, const ValueOps& ops, Write&& write) {
  std::mt19937_64 random(seed);
  Table<V> t(seed, ops);
  Table<V> restored(seed + 1, ops);
  std::map<std::string, V> model;
  const auto some_writes = [&](std::uint64_t most) {
    for (std::uint64_t left = random() % (most + 1); left > 0; --left) {
      const std::string key = random_key(random);
      if (random() % 4 == 0) {
        t.remove(key);
        model.erase(key);
      } else {
        const std::uint64_t dice = random();
        write(t.edit(key), dice);
        write(model[key], dice);
      }
    }
  };
  for (int epoch = 0; epoch < 30; ++epoch) {
    some_writes(epoch % 7 == 3 ? 0 : 200);
    const std::map<std::string, V> at_barrier = model;
    t.barrier();
    const auto cut = static_cast<std::uint32_t>(random());
    codec::DeltaWriter lower;
    codec::DeltaWriter upper;
    t.table.encode_slice(0, cut, lower);
    if (cut != UINT32_MAX) {
      t.table.encode_slice(cut + 1, UINT32_MAX, upper);
    }
    while (!t.encode(1 + random() % 300)) {
      some_writes(20);
    }
    const std::string blob = t.take();
    restored.replay(blob);
    ASSERT_EQ(restored.contents(), at_barrier) << "epoch " << epoch;
    Table<V> sliced(seed + 2, ops);
    sliced.replay(upper.take());
    sliced.replay(lower.take());
    ASSERT_EQ(sliced.contents(), at_barrier) << "slices of epoch " << epoch;
    ASSERT_EQ(t.contents(), model);
  }
}

TEST(StateTableAgainstModel, OfNumbers) {
  for (const std::uint64_t seed : testing::seeds(30)) {
    SCOPED_TRACE(testing::repeat(seed));
    run_against_model<std::uint64_t>(
        seed, plain_ops<std::uint64_t>(),
        [](std::uint64_t& value, std::uint64_t dice) { value = value * 31 + dice; });
    ASSERT_FALSE(::testing::Test::HasFailure());
  }
}

TEST(StateTableAgainstModel, OfValuesThatOwnMemory) {
  for (const std::uint64_t seed : testing::seeds(20)) {
    SCOPED_TRACE(testing::repeat(seed));
    run_against_model<std::string>(
        seed, plain_ops<std::string>(), [](std::string& value, std::uint64_t dice) {
          value.resize(dice % 300 + (dice % 50 == 0 ? 5000 : 0), static_cast<char>(dice >> 32));
        });
    ASSERT_FALSE(::testing::Test::HasFailure());
  }
}

TEST(StateTableAgainstModel, OfTimesWithATtlThatRidesAlong) {
  for (const std::uint64_t seed : testing::seeds(20)) {
    SCOPED_TRACE(testing::repeat(seed));
    std::mt19937_64 random(seed);
    Table<std::uint64_t> t(seed, plain_ops<std::uint64_t>(), true);
    Table<std::uint64_t> restored(seed, plain_ops<std::uint64_t>(), true);
    std::map<std::string, std::pair<std::uint64_t, std::int64_t>> model;
    for (int epoch = 0; epoch < 20; ++epoch) {
      for (int i = 0; i < 100; ++i) {
        const std::string key = random_key(random);
        const auto written = static_cast<std::int64_t>(random());
        std::uint64_t& value = t.edit(key);
        t.table.set_last_write(&value, written);
        value = random();
        model[key] = {value, written};
      }
      restored.replay(t.encode_all());
      std::map<std::string, std::pair<std::uint64_t, std::int64_t>> found;
      restored.table.for_each([&](std::string_view key, void* value) {
        found[std::string(key)] = {*static_cast<std::uint64_t*>(value),
                                   restored.table.last_write(value)};
      });
      ASSERT_EQ(found, model);
    }
  }
}

// ---- maps --------------------------------------------------------------------------------------

using Map = SubMap<std::uint64_t>;

/// Key -> items; a map without items is the same as none, as far as a log can tell.
std::map<std::string, Map::Items> items_of(const StateTable& table) {
  std::map<std::string, Map::Items> result;
  table.for_each([&](std::string_view key, const void* value) {
    if (const auto& items = static_cast<const Map*>(value)->items(); !items.empty()) {
      result[std::string(key)] = items;
    }
  });
  return result;
}

TEST(SubMap, AChangeOfOneEntryCostsOneEntry) {
  Table<Map> t(1, Map::ops());
  for (int i = 0; i < 1000; ++i) {
    t.edit("k").edit("entry " + std::to_string(i)) = 1;
  }
  static_cast<void>(t.encode_all());
  t.edit("k").edit("entry 7") = 2;
  EXPECT_LT(t.encode_all().size(), 40u);
}

TEST(SubMap, RemovingTheKeyRemovesAllBelowIt) {
  Table<Map> t(1, Map::ops());
  t.edit("k").edit("a") = 1;
  t.edit("k").edit("b") = 2;
  Table<Map> restored(2, Map::ops());
  restored.replay(t.encode_all());
  t.remove("k");
  t.edit("k").edit("c") = 3;
  restored.replay(t.encode_all());
  EXPECT_EQ(items_of(restored.table), (std::map<std::string, Map::Items>{{"k", {{"c", 3}}}}));
}

TEST(SubMap, FollowsAModelWhileItsChangesAreEncoded) {
  for (const std::uint64_t seed : testing::seeds(30)) {
    SCOPED_TRACE(testing::repeat(seed));
    std::mt19937_64 random(seed);
    Table<Map> t(seed, Map::ops());
    Table<Map> restored(seed + 1, Map::ops());
    std::map<std::string, Map::Items> model;
    const auto some_writes = [&](std::uint64_t most) {
      for (std::uint64_t left = random() % (most + 1); left > 0; --left) {
        const std::string key = std::to_string(random() % 6);
        const std::string sub = std::to_string(random() % 9);
        switch (random() % 8) {
          case 0:
            t.remove(key);
            model.erase(key);
            break;
          case 1:
          case 2:
            if (t.find(key) != nullptr) {
              t.edit(key).remove(sub);
              model[key].erase(sub);
            }
            break;
          default:
            const std::uint64_t value = random();
            t.edit(key).edit(sub) = value;
            model[key][sub] = value;
        }
      }
      std::erase_if(model, [](const auto& item) { return item.second.empty(); });
    };
    for (int epoch = 0; epoch < 30; ++epoch) {
      some_writes(60);
      const auto at_barrier = model;
      t.barrier();
      codec::DeltaWriter slice;
      t.table.encode_slice(0, UINT32_MAX, slice);
      while (!t.encode(1 + random() % 100)) {
        some_writes(10);
      }
      restored.replay(t.take());
      ASSERT_EQ(items_of(restored.table), at_barrier) << "epoch " << epoch;
      Table<Map> sliced(seed, Map::ops());
      sliced.replay(slice.take());
      ASSERT_EQ(items_of(sliced.table), at_barrier) << "slice of epoch " << epoch;
      ASSERT_EQ(items_of(t.table), model);
    }
  }
}

}  // namespace
}  // namespace rheon::state
