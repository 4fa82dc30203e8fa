// Slices of different epochs, and the deltas that belong on top of each.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "log/files/tests/forgery.h"
#include "log/files/tests/model_job.h"
#include "log/files/tests/place.h"

namespace rheon::log::files::testing {
namespace {

constexpr std::uint64_t kSliceBudgetBytes = 300;  // a few key groups' slices in one commit

struct RestoredSlice {
  SliceAddress address;
  Epoch as_of;
  std::string blob;
};

/// Writes down what restore() feeds.
class Recorder final : public RestoreVisitor {
 public:
  Status on_slice(const SliceAddress& address, Epoch as_of, std::string_view blob) override {
    EXPECT_TRUE(deltas.empty()) << "all slices come before all deltas";
    slices.push_back({address, as_of, std::string(blob)});
    return {};
  }
  Status on_delta(Epoch epoch, std::string_view blob) override {
    EXPECT_TRUE(deltas.empty() || deltas.rbegin()->first < epoch) << "in the order of epochs";
    deltas.emplace(epoch, blob);
    return {};
  }

  std::vector<RestoredSlice> slices;
  std::map<Epoch, std::string> deltas;
};

/// A job that adds, overwrites and removes keys, and remembers what was true when.
class RestoreOnEveryDisk : public OnEveryDisk {
 protected:
  void work(int epochs) {
    for (; epochs > 0; --epochs) {
      ASSERT_NO_FATAL_FAILURE(commit_changes());
    }
  }

  void commit_changes() {
    Commit next;
    codec::DeltaWriter delta;
    for (std::uint32_t group = 0; group < options.key_groups; ++group) {
      delta.begin_section(StateId{1}, KeyGroup{group});
      for (int i = 0; i < 3; ++i) {
        const Key key{group, "key" + std::to_string(random_() % 12)};
        if (random_() % 3 == 0) {
          delta.remove(key.second);
          model_.erase(key);
        } else {
          model_[key] = std::to_string(random_() % 1000) + std::string(random_() % 20, '.');
          delta.put(key.second, model_[key]);
        }
      }
    }
    const Epoch now{epoch().value + 1};
    next.deltas = {deltas_[now] = delta.take()};
    for (const SliceAddress& address : log->slices_wanted(kSliceBudgetBytes)) {
      next.slices.push_back({address, slice_of(model_, address)});
    }
    history_[now] = model_;
    commit(std::move(next));
  }

  Recorder record() {
    Recorder recorder;
    const Status status = log->restore([](KeyGroup) { return true; }, recorder);
    EXPECT_TRUE(status.has_value()) << status.error().message;
    return recorder;
  }

  std::mt19937_64 random_{11};
  Model model_;
  std::map<Epoch, Model> history_;
  std::map<Epoch, std::string> deltas_;
};

INSTANTIATE_TEST_SUITE_P(Disks, RestoreOnEveryDisk, ::testing::Values(Disk::kMemory, Disk::kPosix),
                         name_of);

TEST_P(RestoreOnEveryDisk, ASliceHoldsTheStateOfItsOwnEpoch) {
  open_log();
  work(60);
  restart();
  const Recorder recorder = record();
  std::set<Epoch> epochs;
  for (const RestoredSlice& slice : recorder.slices) {
    SCOPED_TRACE(::testing::Message()
                 << "key group " << slice.address.group.value << ", epoch " << slice.as_of.value);
    ASSERT_TRUE(history_.contains(slice.as_of));
    EXPECT_EQ(slice.blob, slice_of(history_[slice.as_of], slice.address));
    epochs.insert(slice.as_of);
  }
  EXPECT_GE(epochs.size(), 2u) << "the key groups' slices are of one epoch: nothing is tested";
}

TEST_P(RestoreOnEveryDisk, NoDeltaThatIsNewerThanASliceIsMissing) {
  open_log();
  work(60);
  restart();
  const Recorder recorder = record();
  ASSERT_FALSE(recorder.slices.empty());
  Epoch oldest = recorder.slices.front().as_of;
  for (const RestoredSlice& slice : recorder.slices) {
    oldest = std::min(oldest, slice.as_of);
  }
  ASSERT_LT(oldest, epoch());
  for (Epoch e{oldest.value + 1}; e <= epoch(); e = Epoch{e.value + 1}) {
    const auto found = recorder.deltas.find(e);
    ASSERT_NE(found, recorder.deltas.end()) << "epoch " << e.value;
    EXPECT_EQ(found->second, deltas_[e]);
  }
}

TEST_P(RestoreOnEveryDisk, SlicesAndTheDeltasAfterEachMakeTheLastCommit) {
  open_log();
  for (int round = 0; round < 8; ++round) {
    work(9);
    restart();
    ASSERT_EQ(restored(*log), model_) << "round " << round;
  }
}

TEST_P(RestoreOnEveryDisk, ReadsTheKeyGroupsThatAreWanted) {
  open_log();
  work(60);
  restart();
  Recorder recorder;
  ASSERT_TRUE(log->restore([](KeyGroup group) { return group.value == 1; }, recorder).has_value());
  ASSERT_FALSE(recorder.slices.empty());
  for (const RestoredSlice& slice : recorder.slices) {
    EXPECT_EQ(slice.address.group, KeyGroup{1});
  }
}

/// Who cannot take what is restored.
class Unwilling final : public RestoreVisitor {
 public:
  Status on_slice(const SliceAddress&, Epoch, std::string_view) override {
    return takes_slices_ ? Status{} : fail(ErrorCode::kCorrupt, "no slices");
  }
  Status on_delta(Epoch, std::string_view) override {
    return fail(ErrorCode::kCorrupt, "no deltas");
  }
  bool takes_slices_ = true;
};

TEST(RestoreThatFails, SaysWhy) {
  env::fake::FakeEnv env(3);
  ModelJob job(3);
  job.open_and_compare(env);
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(job.commit(env));
  }
  job.forget_log();
  const auto opened = open(env, ModelJob::options());
  ASSERT_TRUE(opened.has_value());
  const auto all = [](KeyGroup) { return true; };
  Unwilling visitor;
  EXPECT_EQ(opened->log->restore(all, visitor).error().message, "no deltas");
  visitor.takes_slices_ = false;
  EXPECT_EQ(opened->log->restore(all, visitor).error().message, "no slices");

  // What has become of a file since it was looked at.
  const std::string newest =
      env::join("job.data/journal", env.files().list("job.data/journal")->back());
  const std::string bytes = *env::read_whole(env.files(), newest);
  auto file = env.files().open(newest, env::OpenMode::kReadWrite);
  ModelVisitor model;
  ASSERT_TRUE((*file)->write_at(100, as_bytes("rotten")).has_value());
  EXPECT_NE(opened->log->restore(all, model).error().message.find("is damaged at offset"),
            std::string::npos);
  ASSERT_TRUE((*file)->write_at(0, as_bytes(bytes)).has_value());
  EXPECT_TRUE(opened->log->restore(all, model).has_value());
  forge(env, newest, [](std::vector<Forgery>& frames) { frames.pop_back(); });
  EXPECT_NE(opened->log->restore(all, model).error().message.find("committed frames are missing"),
            std::string::npos);
}

}  // namespace
}  // namespace rheon::log::files::testing
