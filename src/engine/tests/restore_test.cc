#include "engine/restore.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "base/stable_hash.h"
#include "engine/factories.h"

namespace rheon::engine {
namespace {

constexpr std::uint32_t kMiddle = 1u << 31;  // cuts the hashes of a key group in two

class OneTextPerKey final : public OperatorFactory {
 public:
  Processor* make_new(const std::string&, ShardContext&,
                      const std::shared_ptr<const state::StateSet>&) const override {
    return nullptr;
  }
  std::vector<state::StateDeclaration> states() const override {
    state::StateDeclaration declaration;
    declaration.name = "value";
    declaration.key_schema = "text";
    declaration.value_schema = "text";
    declaration.ops = &state::plain_ops<std::string>();
    return {declaration};
  }
};

/// Slices and deltas go in, values of keys come out.
class RestoreTest : public ::testing::Test {
 protected:
  RestoreTest() {
    graph::Graph graph;
    graph.key_groups = 4;
    graph.nodes.emplace_back();
    graph.nodes[0].name = "texts";
    graph.nodes[0].kind = graph::NodeKind::kKeyed;
    graph.nodes[0].runtime = std::make_shared<OneTextPerKey>();
    plan_ = make_plan(std::move(graph));
    std::vector<log::FactChange> changes;
    catalog_ = std::move(*Catalog::make(plan_, {}, /*table_seed=*/1, changes));
    groups_ = make_key_groups(plan_, catalog_);
    restore_.emplace(catalog_, groups_, [](KeyGroup) { return true; });
  }

  using Puts = std::vector<std::pair<std::string, std::string>>;

  [[nodiscard]] codec::DeltaWriter begin(std::uint32_t group) const {
    codec::DeltaWriter writer;
    writer.begin_section(state_id(), KeyGroup{group});
    return writer;
  }
  void slice(std::uint32_t group, std::uint64_t as_of, const Puts& puts, std::uint32_t first = 0,
             std::uint32_t last = UINT32_MAX) {
    codec::DeltaWriter writer = begin(group);
    for (const auto& [key, value] : puts) {
      write(writer, key, value);
    }
    const log::SliceAddress address{state_id(), KeyGroup{group}, first, last};
    ASSERT_TRUE(restore_->on_slice(address, Epoch{as_of}, writer.take()));
  }
  void put(std::uint64_t epoch, std::uint32_t group, const std::string& key,
           const std::string& value) {
    codec::DeltaWriter writer = begin(group);
    write(writer, key, value);
    ASSERT_TRUE(restore_->on_delta(Epoch{epoch}, writer.take()));
  }
  void remove(std::uint64_t epoch, std::uint32_t group, const std::string& key) {
    codec::DeltaWriter writer = begin(group);
    writer.remove(key);
    ASSERT_TRUE(restore_->on_delta(Epoch{epoch}, writer.take()));
  }
  [[nodiscard]] std::string value(std::uint32_t group, const std::string& key) {
    const void* found = groups_[0][group]->table(0).find(key, stable_hash(key));
    return found == nullptr ? "(none)" : *static_cast<const std::string*>(found);
  }

  /// A key whose hash lies in the lower or upper half.
  static std::string key_in_half(bool upper) {
    for (int i = 0;; ++i) {
      std::string key = "key" + std::to_string(i);
      if ((static_cast<std::uint32_t>(stable_hash(key) >> 32) >= kMiddle) == upper) {
        return key;
      }
    }
  }

 private:
  [[nodiscard]] StateId state_id() const { return catalog_.sets()[0]->ids[0]; }
  static void write(codec::DeltaWriter& writer, const std::string& key, const std::string& value) {
    std::string encoded;
    codec::ValueCodec<std::string>::encode(value, encoded);
    writer.put(key, encoded);
  }

  Plan plan_;
  Catalog catalog_;
  std::vector<KeyGroups> groups_;
  std::optional<Restore> restore_;
};

TEST_F(RestoreTest, WithoutSlicesEveryDeltaApplies) {
  put(1, 0, "a", "one");
  put(2, 0, "a", "two");
  put(2, 1, "b", "one");
  remove(3, 1, "b");
  EXPECT_EQ(value(0, "a"), "two");
  EXPECT_EQ(value(1, "b"), "(none)");
}

TEST_F(RestoreTest, DeltasOlderThanTheSliceAreNotReplayedOverIt) {
  slice(0, 5, {{"kept", "of the slice"}, {"overwritten", "of the slice"}});
  put(4, 0, "removed since", "old");
  put(4, 0, "overwritten", "old");
  remove(4, 0, "kept");
  EXPECT_EQ(value(0, "removed since"), "(none)");
  EXPECT_EQ(value(0, "overwritten"), "of the slice");
  EXPECT_EQ(value(0, "kept"), "of the slice");
}

TEST_F(RestoreTest, TheSliceHoldsWhatItsOwnEpochChanged) {
  slice(0, 5, {{"kept", "of the slice"}, {"overwritten", "of the slice"}});
  put(5, 0, "removed since", "old");
  put(5, 0, "overwritten", "old");
  remove(5, 0, "kept");
  EXPECT_EQ(value(0, "removed since"), "(none)");
  EXPECT_EQ(value(0, "overwritten"), "of the slice");
  EXPECT_EQ(value(0, "kept"), "of the slice");
}

TEST_F(RestoreTest, DeltasNewerThanTheSliceApply) {
  slice(0, 5, {{"removed", "of the slice"}, {"overwritten", "of the slice"}, {"kept", "x"}});
  put(6, 0, "added", "new");
  put(6, 0, "overwritten", "new");
  remove(6, 0, "removed");
  EXPECT_EQ(value(0, "added"), "new");
  EXPECT_EQ(value(0, "overwritten"), "new");
  EXPECT_EQ(value(0, "removed"), "(none)");
  EXPECT_EQ(value(0, "kept"), "x");
}

TEST_F(RestoreTest, EveryKeyGroupGoesByTheEpochOfItsOwnSlice) {
  slice(0, 3, {{"a", "slice 3"}});
  slice(1, 6, {{"a", "slice 6"}});
  // Key group 2 has no slice.
  for (const std::uint32_t group : {0u, 1u, 2u}) {
    put(2, group, "a", "delta 2");
    put(2, group, "b", "delta 2");
  }
  EXPECT_EQ(value(0, "a"), "slice 3");
  EXPECT_EQ(value(0, "b"), "(none)");
  EXPECT_EQ(value(1, "a"), "slice 6");
  EXPECT_EQ(value(2, "a"), "delta 2");
  for (const std::uint32_t group : {0u, 1u, 2u}) {
    put(5, group, "a", "delta 5");
    remove(5, group, "b");
  }
  EXPECT_EQ(value(0, "a"), "delta 5");
  EXPECT_EQ(value(1, "a"), "slice 6");
  EXPECT_EQ(value(2, "a"), "delta 5");
  EXPECT_EQ(value(2, "b"), "(none)");
  for (const std::uint32_t group : {0u, 1u, 2u}) {
    remove(7, group, "a");
    put(7, group, "b", "delta 7");
  }
  for (const std::uint32_t group : {0u, 1u, 2u}) {
    EXPECT_EQ(value(group, "a"), "(none)");
    EXPECT_EQ(value(group, "b"), "delta 7");
  }
}

TEST_F(RestoreTest, AKeyGoesByTheSliceThatItsHashLiesIn) {
  const std::string lower = key_in_half(false);
  const std::string upper = key_in_half(true);
  slice(0, 3, {{lower, "slice 3"}}, 0, kMiddle - 1);
  slice(0, 6, {{upper, "slice 6"}}, kMiddle, UINT32_MAX);
  put(5, 0, lower, "delta 5");
  put(5, 0, upper, "delta 5");
  EXPECT_EQ(value(0, lower), "delta 5");
  EXPECT_EQ(value(0, upper), "slice 6");
  remove(6, 0, upper);
  EXPECT_EQ(value(0, upper), "slice 6");
  remove(7, 0, upper);
  EXPECT_EQ(value(0, upper), "(none)");
}

}  // namespace
}  // namespace rheon::engine
