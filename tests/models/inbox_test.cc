// Barrier alignment over two and three lanes: the real engine::Inbox on real channels, in every
// order in which senders can push what they have and the receiver can read.

#include "engine/inbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/fake/fake_threads.h"
#include "explorer.h"

namespace rheon::models {
namespace {

using engine::Message;
using engine::Watermark;

/// What a lane sends, in its order. 'r': a batch of one record, of its lane's epoch and time; 'b':
/// a barrier; 'i': the lane is idle; a digit: a watermark.
using Lanes = std::vector<std::string>;

struct Record {
  std::int64_t epoch = 0;
  std::int64_t at_or_behind = 0;  // the watermark that was sent before it
};
using Records = engine::Batch<engine::NoKey, Record>;

// Choices: lane number = that lane pushes; these two = the receiver reads.
constexpr int kRead = -1;         // Inbox::next()
constexpr int kReadBarrier = -2;  // Inbox::next_barrier(), in a burst of timers

/// Channels with an inbox, and around it what engine/stage_task.cc does with each message. Made
/// anew for each history: nothing of it can be copied.
template <class Inbox>
class Receiving {
 public:
  Receiving(const Lanes& lanes, std::size_t capacity) : lanes_(lanes), sending_(lanes.size()) {
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      channels_.push_back(std::make_unique<engine::Channel>(capacity, bell_, bell_));
      channels_.back()->tell_cost(engine::Work{0});
      inbox_.add("edge", static_cast<std::uint32_t>(i), channels_.back().get());
    }
  }

  /// False when the choice changes nothing.
  bool take(int choice) {
    if (choice >= 0) {
      return push(static_cast<std::size_t>(choice));
    }
    Message message;
    auto* const lane = choice == kRead ? inbox_.next(message) : inbox_.next_barrier(message);
    if (lane == nullptr) {
      return false;
    }
    last_ = choice == kRead ? lane->input : last_;
    ++sending_[lane->input].read;
    read(*lane, message);
    return true;
  }

  /// All that decides what happens next, so that histories that come to the same are one state.
  [[nodiscard]] std::vector<std::int64_t> summary() const {
    std::vector<std::int64_t> all{last_, passed_, told_.time.micros, told_.idle ? 1 : 0,
                                  static_cast<std::int64_t>(wrong_.size())};
    for (const Sending& one : sending_) {
      all.push_back(one.pushed);
      all.push_back(one.read);
    }
    return all;
  }
  [[nodiscard]] const std::string& wrong() const { return wrong_; }
  [[nodiscard]] bool all_read() const {
    return std::equal(sending_.begin(), sending_.end(), lanes_.begin(),
                      [](const Sending& one, const std::string& lane) {
                        return one.read == static_cast<int>(lane.size());
                      });
  }
  [[nodiscard]] std::int64_t passed() const { return passed_; }

 private:
  struct Sending {
    int pushed = 0;
    int read = 0;
    Watermark watermark;     // last sent
    std::int64_t epoch = 0;  // barriers that it has sent
    Watermark reached;       // last read, in the model's own books
    bool held = false;
  };

  bool push(std::size_t number) {
    Sending& lane = sending_[number];
    if (lane.pushed == static_cast<int>(lanes_[number].size())) {
      return false;
    }
    const char what = lanes_[number][static_cast<std::size_t>(lane.pushed)];
    Message message;
    std::unique_ptr<Records> batch;
    Watermark after = lane.watermark;
    if (what == 'r') {
      batch = std::make_unique<Records>();
      batch->slots.push_back({{}, {lane.epoch, lane.watermark.time.micros}, EventTime{0}});
      message.kind = Message::Kind::kBatch;
      message.batch = batch.get();
    } else if (what == 'b') {
      message.kind = Message::Kind::kBarrier;
      message.barrier = &barrier_;
    } else if (what == 'i') {
      after.idle = true;
    } else {
      after = {EventTime{what - '0'}, false};
    }
    message.watermark = after;
    if (!channels_[number]->try_push(message)) {
      return false;
    }
    static_cast<void>(batch.release());
    lane.watermark = after;
    lane.epoch += what == 'b' ? 1 : 0;
    ++lane.pushed;
    return true;
  }

  void read(engine::Inbox::Lane& lane, const Message& message) {
    Sending& from = sending_[lane.input];
    expect(!from.held, "a lane was read that waits at its barrier");
    switch (message.kind) {
      case Message::Kind::kBatch: {
        const Record record = static_cast<Records&>(*message.batch).slots[0].value;
        expect(record.epoch == passed_, "a record came in another epoch than its own");
        expect(told_.idle || record.at_or_behind >= told_.time.micros || any_idle_,
               "a record came behind the watermark");
        lane.channel->give_back(message.batch);
        lane.watermark = message.watermark;
        break;
      }
      case Message::Kind::kWatermark:
        lane.watermark = message.watermark;
        from.reached = message.watermark;
        any_idle_ = any_idle_ || message.watermark.idle;
        advance();
        break;
      case Message::Kind::kBarrier:
        from.held = true;
        if (inbox_.align(lane)) {
          expect(std::all_of(sending_.begin(), sending_.end(),
                             [](const Sending& one) { return one.held; }),
                 "a barrier passed before all lanes had seen it");
          for (Sending& one : sending_) {
            one.held = false;
          }
          ++passed_;
          advance();
        }
        break;
    }
  }

  /// StageTask::advance(), and what the watermark must be.
  void advance() {
    const Watermark now = inbox_.watermark();
    EventTime least = EventTime::max();
    EventTime most = EventTime::min();
    for (const Sending& one : sending_) {
      least = one.reached.idle ? least : std::min(least, one.reached.time);
      most = std::max(most, one.reached.time);
    }
    const bool idle = least == EventTime::max();
    expect(now == Watermark{idle ? most : least, idle},
           "the watermark is not the smallest of the lanes that are not idle");
    expect(any_idle_ || now.time >= told_.time, "the watermark went back");
    if (now.time >= told_.time) {
      told_ = now;
    }
  }

  void expect(bool holds, const char* sentence) {
    if (!holds && wrong_.empty()) {
      wrong_ = sentence;
    }
  }

  const Lanes& lanes_;
  env::fake::FakeParker parker_;
  engine::Doorbell bell_{parker_};
  engine::Barrier barrier_;
  std::vector<std::unique_ptr<engine::Channel>> channels_;
  Inbox inbox_;
  std::vector<Sending> sending_;
  std::uint32_t last_ = 0;  // lane that next() has read: the next one is asked first
  std::int64_t passed_ = 0;
  Watermark told_;
  bool any_idle_ = false;
  std::string wrong_;
};

struct History {
  std::vector<std::int64_t> identity;
  std::vector<int> choices;
  std::string wrong;
  bool done = false;
  friend bool operator<(const History& a, const History& b) { return a.identity < b.identity; }
};

/// `merges`: histories with the same summary are one state; otherwise each history is its own.
template <class Inbox>
class Alignment {
 public:
  Alignment(Lanes lanes, std::size_t capacity, bool merges = true)
      : lanes_(std::move(lanes)), capacity_(capacity), merges_(merges) {}

  [[nodiscard]] History start() const { return {}; }

  [[nodiscard]] std::vector<Step<History>> steps(const History& now) const {
    std::vector<Step<History>> all;
    for (int choice = kReadBarrier; choice < static_cast<int>(lanes_.size()); ++choice) {
      Receiving<Inbox> receiving(lanes_, capacity_);
      for (const int earlier : now.choices) {
        receiving.take(earlier);
      }
      if (!receiving.take(choice)) {
        continue;
      }
      History next{{}, now.choices, receiving.wrong(), is_done(receiving)};
      next.choices.push_back(choice);
      next.identity = merges_ ? receiving.summary()
                              : std::vector<std::int64_t>(next.choices.begin(), next.choices.end());
      all.push_back({name_of(choice), std::move(next)});
    }
    return all;
  }
  [[nodiscard]] std::string wrong(const History& now) const { return now.wrong; }
  [[nodiscard]] bool done(const History& now) const { return now.done; }

 private:
  /// All is read, and each barrier has passed once.
  [[nodiscard]] bool is_done(const Receiving<Inbox>& receiving) const {
    return receiving.all_read() &&
           receiving.passed() == std::count(lanes_[0].begin(), lanes_[0].end(), 'b');
  }
  static const char* name_of(int choice) {
    constexpr const char* kNames[] = {"a barrier is looked for", "the inbox is read",
                                      "lane 0 pushes", "lane 1 pushes", "lane 2 pushes"};
    return kNames[choice - kReadBarrier];
  }

  Lanes lanes_;
  std::size_t capacity_;
  bool merges_;
};

using Real = engine::Inbox;

void expect_right(const Alignment<Real>& model) {
  const Report report = explore(model);
  EXPECT_EQ(report.violation, "") << report.way;
}

TEST(AlignmentModel, EveryHistoryOfTwoShortLanesIsRight) {
  const Report report = explore(Alignment<Real>({"rbr", "1b2"}, 2, /*merges=*/false));
  EXPECT_EQ(report.violation, "") << report.way;
  EXPECT_GT(report.states, 5'000u);
}

TEST(AlignmentModel, NoRecordBehindABarrierIsSeenBeforeAllLanesHaveSeenIt) {
  for (const std::size_t capacity : {1, 2, 8}) {
    expect_right(Alignment<Real>({"r1rbr2rbr", "r3brr4rbr"}, capacity));
    expect_right(Alignment<Real>({"r1br2b", "3rb4rb", "brrb5r"}, capacity));
  }
}

TEST(AlignmentModel, TheWatermarkIsTheSmallestAlsoWhenLanesFallIdleAndComeBack) {
  expect_right(Alignment<Real>({"r1i3b", "2rbir", "i1b4i"}, 2));
}

// The same models, of an inbox that is wrong in one respect.

struct FirstLaneSuffices : engine::Inbox {
  [[nodiscard]] bool align(Lane&) { return true; }
};

struct HoldsNothingBack : engine::Inbox {
  [[nodiscard]] bool align(Lane& lane) {
    const bool all = engine::Inbox::align(lane);
    lane.at_barrier = false;
    return all;
  }
};

struct NeverLetsGo : engine::Inbox {
  [[nodiscard]] bool align(Lane& lane) {
    const bool all = engine::Inbox::align(lane);
    lane.at_barrier = true;
    return all;
  }
};

/// Lanes that wait at the barrier do not count.
struct TakesTheLargest : engine::Inbox {
  std::vector<Lane*> seen;
  Lane* next(Message& message) {
    Lane* const lane = engine::Inbox::next(message);
    if (lane != nullptr && std::find(seen.begin(), seen.end(), lane) == seen.end()) {
      seen.push_back(lane);
    }
    return lane;
  }
  [[nodiscard]] Watermark watermark() const {
    Watermark most;
    for (const Lane* lane : seen) {
      most.time = std::max(most.time, lane->watermark.time);
    }
    return most;
  }
};

template <class Inbox>
std::string found(Lanes lanes) {
  return explore(Alignment<Inbox>(std::move(lanes), 2)).violation;
}

TEST(AlignmentModel, EachOfTheseBugsWouldBeFound) {
  const Lanes lanes{"r1br2b", "r3br4b"};
  EXPECT_EQ(found<Real>(lanes), "");
  EXPECT_EQ(found<FirstLaneSuffices>(lanes), "a barrier passed before all lanes had seen it");
  EXPECT_EQ(found<HoldsNothingBack>(lanes), "a lane was read that waits at its barrier");
  EXPECT_EQ(found<NeverLetsGo>(lanes), "nothing can happen any more, and it is not done");
  EXPECT_EQ(found<TakesTheLargest>(lanes),
            "the watermark is not the smallest of the lanes that are not idle");
}

}  // namespace
}  // namespace rheon::models
