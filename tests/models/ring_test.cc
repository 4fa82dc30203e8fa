// Two shards at the ends of one channel, and a third thread that stops the receiver: every order of
// what they do to base/spsc_ring.h and engine/doorbell.h by way of engine/channel.h.
//
// The machine has a step for each operation that another thread can see. What the memory model
// leaves open is left open: a load may give an old value, unless a doorbell or an earlier load has
// shown a newer one. Nobody has a deadline, so that a lost wake-up ends in a state in which nothing
// can happen any more.

#include <gtest/gtest.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "explorer.h"

namespace rheon::models::ring {
namespace {

/// An index of the ring; it wraps, as the real one does with std::size_t.
using Index = std::uint8_t;
constexpr Index kFirst = 254;
constexpr Index since_first(Index index) { return static_cast<Index>(index - kFirst); }
constexpr Index later(Index a, Index b) { return since_first(a) > since_first(b) ? a : b; }

/// One line of the code, written otherwise.
enum class Bug {
  kNone,
  kAcceptsOneTooMany,       // try_push(): tail - seen_head_ > mask_ + 1
  kTellsBeforeItWrites,     // try_push(): the tail is stored before the slot
  kRingsBeforeItPushes,     // Sender: the doorbell comes before the message
  kRingsWithoutRelease,     // ring(): the exchange is relaxed
  kParksWithoutCompare,     // park_until(): exchange in place of compare_exchange_strong
  kClearsAfterLooking,      // Shard::step(): doorbell_.clear() at its end
  kSleepsUnrung,            // Task::step(): parks without stage_.ring()
  kTellsNobodyOfRoom,       // try_pop(), give_back(): without sender_.ring()
  kParksWithoutAskingStop,  // Shard::park_until(): without stopped()
};

/// What a thread is sure to see.
struct View {
  Index tail = kFirst;
  Index head = kFirst;
  bool stop = false;

  void learn(const View& other) {
    tail = later(tail, other.tail);
    head = later(head, other.head);
    stop = stop || other.stop;
  }
  friend auto operator<=>(const View&, const View&) = default;
};

enum class Word : std::uint8_t { kQuiet, kRung, kParked };

/// A Doorbell and its parker.
struct Bell {
  Word word = Word::kQuiet;
  View shown;  // to whoever changes the word: all of those before it did release and acquire
  bool woken = false;  // parker_.park_until() returns

  /// state_.exchange(to, acq_rel): what the word was.
  Word exchange(Word to, View& by) {
    by.learn(shown);
    shown = by;
    return std::exchange(word, to);
  }
  friend auto operator<=>(const Bell&, const Bell&) = default;
};

/// The operation that a thread does next.
enum class At : std::uint8_t {
  kAsk,       // run_shard(): stopped()
  kClear,     // Shard::step(): doorbell_.clear()
  kLook,      // try_push(), try_pop(): loads the other side's index
  kSlot,      // ... writes or reads the slot
  kStore,     // ... stores its own index
  kRing,      // Doorbell::ring() of the other shard: the exchange
  kWake,      // ... and parker_.wake()
  kRingLate,  // Stage::ring(), for the messages that were pushed without
  kWakeLate,  // ... and parker_.wake()
  kAskAgain,  // Shard::park_until(): stopped()
  kPark,      // Doorbell::park_until(): the compare_exchange
  kSleep,     // ... parker_.park_until()
  kUnpark,    // ... the exchange behind it
  kLeft,      // has nothing to do any more
};

struct Thread {
  At at = At::kClear;
  View view;
  Index own = kFirst;   // items it has pushed, or taken
  Index seen = kFirst;  // of the other side's index: seen_head_, seen_tail_
  bool worked = false;  // in this step
  bool unrung = false;  // the receiver has not been told of the last messages
  friend auto operator<=>(const Thread&, const Thread&) = default;
};

struct State {
  Index tail = kFirst;
  Index head = kFirst;
  bool stop = false;
  std::array<Index, 4> slots{};
  Thread sender, receiver, stopper;
  Bell senders, receivers;  // doorbells
  bool mixed_up = false;    // another item than the next one was taken
  friend auto operator<=>(const State&, const State&) = default;
};

class Ring {
 public:
  Ring(Index capacity, Index items, bool with_stop = false, Bug bug = Bug::kNone)
      : capacity_(capacity), items_(items), with_stop_(with_stop), bug_(bug) {}

  [[nodiscard]] State start() const {
    State state;
    state.sender.at = state.receiver.at = loop();
    state.stopper.at = with_stop_ ? At::kStore : At::kLeft;
    return state;
  }

  [[nodiscard]] std::vector<Step<State>> steps(const State& now) const {
    Steps all;
    sender(now, all);
    receiver(now, all);
    stopper(now, all);
    return all;
  }

  [[nodiscard]] std::string wrong(const State& s) const {
    if (static_cast<Index>(s.tail - s.head) > capacity_) {
      return "the ring holds more than its capacity";
    }
    if (s.mixed_up) {
      return "an item was lost, doubled or torn";
    }
    if (!sleeps(s.receiver, s.receivers) || s.stopper.at != At::kLeft) {
      return {};
    }
    const bool sender_sleeps = sleeps(s.sender, s.senders);
    if (sender_sleeps && s.head == s.tail) {
      return "the sender waits for room and the receiver for items, and the ring is empty";
    }
    if ((sender_sleeps || s.sender.at == At::kLeft) && s.head != s.tail) {
      return "the receiver is parked, items wait, and nobody will ring";
    }
    return {};
  }

  [[nodiscard]] bool done(const State& s) const {
    return with_stop_ ? s.receiver.at == At::kLeft
                      : s.sender.at == At::kLeft && since_first(s.receiver.own) == items_;
  }

 private:
  using Steps = std::vector<Step<State>>;

  static bool sleeps(const Thread& thread, const Bell& bell) {
    return thread.at == At::kSleep && !bell.woken;
  }
  /// Where a step of a shard begins, and where it goes when it has found nothing to do.
  [[nodiscard]] At loop() const {
    return with_stop_ ? At::kAsk : bug_ == Bug::kClearsAfterLooking ? At::kLook : At::kClear;
  }
  [[nodiscard]] At idle() const {
    return bug_ == Bug::kClearsAfterLooking       ? At::kClear
           : bug_ == Bug::kParksWithoutAskingStop ? At::kPark
                                                  : At::kAskAgain;
  }

  // ---- the sending shard: Sender::push() and drain(), and in them Channel::try_push()

  [[nodiscard]] bool full(const Thread& me) const {
    const Index most = bug_ == Bug::kAcceptsOneTooMany ? capacity_ : capacity_ - 1;
    return static_cast<Index>(me.own - me.seen) > most;
  }
  /// What try_push() does next, in its order.
  [[nodiscard]] At next_of_push(At done) const {
    constexpr std::array kRight{At::kLook, At::kSlot, At::kStore, At::kRing};
    constexpr std::array kTellsFirst{At::kLook, At::kStore, At::kSlot, At::kRing};
    constexpr std::array kRingsFirst{At::kLook, At::kRing, At::kSlot, At::kStore};
    const auto& order = bug_ == Bug::kTellsBeforeItWrites   ? kTellsFirst
                        : bug_ == Bug::kRingsBeforeItPushes ? kRingsFirst
                                                            : kRight;
    const auto* at = order.data();
    while (*at != done) {
      ++at;
    }
    return ++at == order.data() + order.size() ? At::kLeft : *at;
  }
  void begin_push(State& s) const {
    s.sender.at = since_first(s.sender.own) == items_ ? leave(s.sender, At::kLeft)
                  : full(s.sender)                    ? At::kLook
                                                      : next_of_push(At::kLook);
  }
  /// Before it rests, for a while or for good.
  [[nodiscard]] At leave(const Thread& me, At to) const {
    return me.unrung && bug_ != Bug::kSleepsUnrung ? At::kRingLate : to;
  }
  /// The next message is pushed in the same step of the shard, or in another one.
  void pushed(const State& now, const char* name, At done, Steps& all) const {
    State next = now;
    next.sender.at = next_of_push(done);
    if (next.sender.at != At::kLeft) {
      all.push_back({name, next});
      if (next.sender.at != At::kRing || done != At::kStore) {
        return;
      }
      next.sender.unrung = true;  // it rings later
    }
    ++next.sender.own;
    begin_push(next);
    all.push_back({name, next});
    if (since_first(next.sender.own) != items_) {
      next.sender.at = loop();
      all.push_back({name, next});
    }
  }

  void sender(const State& now, Steps& all) const {
    State next = now;
    Thread& me = next.sender;
    switch (me.at) {
      case At::kClear:
        next.senders.exchange(Word::kQuiet, me.view);
        if (bug_ == Bug::kClearsAfterLooking) {
          me.at = At::kPark;
        } else {
          begin_push(next);
        }
        all.push_back({"sender: clears its doorbell", next});
        break;
      case At::kLook:
        for (Index head = me.view.head;; ++head) {
          me.view.head = me.seen = head;
          me.at = full(me) ? leave(me, idle()) : next_of_push(At::kLook);
          all.push_back({"sender: looks at the head", next});
          if (head == now.head) {
            break;
          }
        }
        break;
      case At::kSlot:
        next.slots[me.own % capacity_] = me.own;
        pushed(next, "sender: writes a slot", At::kSlot, all);
        break;
      case At::kStore:
        me.view.tail = ++next.tail;
        pushed(next, "sender: stores the tail", At::kStore, all);
        break;
      case At::kRing:
        me.unrung = false;
        if (ring(next.receivers, me)) {
          all.push_back({"sender: rings a parked receiver", next});
        } else {
          pushed(next, "sender: rings", At::kRing, all);
        }
        break;
      case At::kWake:
        next.receivers.woken = true;
        pushed(next, "sender: wakes the receiver", At::kRing, all);
        break;
      case At::kRingLate:
        me.unrung = false;
        if (ring(next.receivers, me)) {
          me.at = At::kWakeLate;
        } else {
          me.at = since_first(me.own) == items_ ? At::kLeft : idle();
        }
        all.push_back({"sender: rings before it rests", next});
        break;
      case At::kWakeLate:
        next.receivers.woken = true;
        me.at = since_first(me.own) == items_ ? At::kLeft : idle();
        all.push_back({"sender: wakes the receiver before it rests", next});
        break;
      case At::kAsk:
      case At::kAskAgain:  // nobody stops this shard
        me.at = me.at == At::kAsk ? At::kClear : At::kPark;
        sender(next, all);
        break;
      default:
        rest(next, me, next.senders, "sender: parks, or finds that it was rung", "sender: wakes up",
             "sender: unparks", all);
    }
  }

  // ---- the receiving shard: StageTask::take_input(), and in it Channel::try_pop(), give_back()

  void begin_pop(State& s) const {
    s.receiver.at = s.receiver.own == s.receiver.seen ? At::kLook : At::kSlot;
  }

  void receiver(const State& now, Steps& all) const {
    State next = now;
    Thread& me = next.receiver;
    switch (me.at) {
      case At::kAsk:
      case At::kAskAgain:
        ask_stop(next, all);
        break;
      case At::kClear:
        next.receivers.exchange(Word::kQuiet, me.view);
        if (bug_ == Bug::kClearsAfterLooking) {
          me.at = At::kPark;
        } else {
          begin_pop(next);
        }
        all.push_back({"receiver: clears its doorbell", next});
        break;
      case At::kLook:
        for (Index tail = me.view.tail;; ++tail) {
          State one = now;
          one.receiver.view.tail = one.receiver.seen = tail;
          if (tail != me.own) {
            one.receiver.at = At::kSlot;
          } else {
            one.receiver.at = std::exchange(one.receiver.worked, false) ? loop() : idle();
          }
          all.push_back({"receiver: looks at the tail", one});
          if (tail == now.tail) {
            break;
          }
        }
        break;
      case At::kSlot:
        next.mixed_up = next.slots[me.own % capacity_] != me.own;
        me.at = At::kStore;
        all.push_back({"receiver: reads a slot", next});
        break;
      case At::kStore:
        me.view.head = next.head = ++me.own;
        me.worked = true;
        me.at = At::kRing;
        if (bug_ == Bug::kTellsNobodyOfRoom) {
          begin_pop(next);
        }
        all.push_back({"receiver: stores the head", next});
        break;
      case At::kRing:
        if (!ring(next.senders, me)) {
          begin_pop(next);
        }
        all.push_back({"receiver: rings", next});
        break;
      case At::kWake:
        next.senders.woken = true;
        begin_pop(next);
        all.push_back({"receiver: wakes the sender", next});
        break;
      default:
        rest(next, me, next.receivers, "receiver: parks, or finds that it was rung",
             "receiver: wakes up", "receiver: unparks", all);
    }
  }

  /// run_shard() and Shard::park_until() ask; an old answer is possible.
  void ask_stop(const State& now, Steps& all) const {
    State next = now;
    Thread& me = next.receiver;
    const At if_not = me.at == At::kAskAgain             ? At::kPark
                      : bug_ == Bug::kClearsAfterLooking ? At::kLook
                                                         : At::kClear;
    if (!me.view.stop) {
      me.at = if_not;
      all.push_back({"receiver: sees no stop", next});
    }
    if (now.stop) {
      me.view.stop = true;
      me.at = At::kLeft;
      all.push_back({"receiver: sees the stop", next});
    }
  }

  // ---- the coordinator: Shard::stop()

  void stopper(const State& now, Steps& all) const {
    State next = now;
    Thread& me = next.stopper;
    if (me.at == At::kStore) {
      me.view.stop = next.stop = true;
      me.at = At::kRing;
      all.push_back({"stopper: says stop", next});
    } else if (me.at == At::kRing) {
      if (!ring(next.receivers, me)) {
        me.at = At::kLeft;
      }
      all.push_back({"stopper: rings", next});
    } else if (me.at == At::kWake) {
      next.receivers.woken = true;
      me.at = At::kLeft;
      all.push_back({"stopper: wakes the receiver", next});
    }
  }

  // ---- Doorbell

  /// The exchange of ring(); true when the owner was parked: the caller wakes it next.
  [[nodiscard]] bool ring(Bell& bell, Thread& by) const {
    const Word before = bug_ == Bug::kRingsWithoutRelease ? std::exchange(bell.word, Word::kRung)
                                                          : bell.exchange(Word::kRung, by.view);
    if (before == Word::kParked) {
      by.at = At::kWake;
      return true;
    }
    return false;
  }

  /// park_until(). `me` and `bell` are those of `next`.
  void rest(State& next, Thread& me, Bell& bell, const char* parks, const char* wakes,
            const char* unparks, Steps& all) const {
    if (me.at == At::kPark) {
      if (bell.word == Word::kQuiet || bug_ == Bug::kParksWithoutCompare) {
        bell.exchange(Word::kParked, me.view);
        me.at = At::kSleep;
      } else {
        me.view.learn(bell.shown);
        me.at = loop();
      }
      all.push_back({parks, next});
    } else if (me.at == At::kSleep && bell.woken) {
      bell.woken = false;
      me.at = At::kUnpark;
      all.push_back({wakes, next});
    } else if (me.at == At::kUnpark) {
      bell.exchange(Word::kQuiet, me.view);
      me.at = loop();
      all.push_back({unparks, next});
    }
  }

  Index capacity_;
  Index items_;
  bool with_stop_;
  Bug bug_;
};

TEST(RingModel, LosesNothingKeepsTheOrderAndItsBoundAndNoWakeUpIsMissed) {
  for (const Index capacity : {1, 2, 4}) {
    for (Index items = 1; items <= capacity + 3; ++items) {
      const Report report = explore(Ring(capacity, items));
      EXPECT_EQ(report.violation, "")
          << int{capacity} << " places, " << int{items} << " items" << report.way;
    }
  }
}

TEST(RingModel, AReceiverThatIsStoppedEnds) {
  for (const Index capacity : {1, 2}) {
    for (Index items = 0; items <= 3; ++items) {
      const Report report = explore(Ring(capacity, items, /*with_stop=*/true));
      EXPECT_EQ(report.violation, "")
          << int{capacity} << " places, " << int{items} << " items" << report.way;
    }
  }
}

/// What explore() says of a ring with this bug, whatever its capacity.
std::string found(Bug bug, bool with_stop = false) {
  for (const Index capacity : {1, 2}) {
    const Report report = explore(Ring(capacity, 4, with_stop, bug));
    if (!report.violation.empty()) {
      return report.violation;
    }
  }
  return "nothing";
}

TEST(RingModel, EachOfTheseBugsWouldBeFound) {
  const char* const kStuck = "nothing can happen any more, and it is not done";
  const char* const kItemsWait = "the receiver is parked, items wait, and nobody will ring";
  const char* const kBothWait =
      "the sender waits for room and the receiver for items, and the ring is empty";
  const char* const kMixedUp = "an item was lost, doubled or torn";
  EXPECT_EQ(found(Bug::kNone), "nothing");
  EXPECT_EQ(found(Bug::kAcceptsOneTooMany), "the ring holds more than its capacity");
  EXPECT_EQ(found(Bug::kTellsBeforeItWrites), kMixedUp);
  EXPECT_EQ(found(Bug::kRingsBeforeItPushes), kItemsWait);
  EXPECT_EQ(found(Bug::kRingsWithoutRelease), kItemsWait);
  EXPECT_EQ(found(Bug::kParksWithoutCompare), kItemsWait);
  EXPECT_EQ(found(Bug::kClearsAfterLooking), kItemsWait);
  EXPECT_EQ(found(Bug::kSleepsUnrung), kItemsWait);
  EXPECT_EQ(found(Bug::kTellsNobodyOfRoom), kBothWait);
  EXPECT_EQ(found(Bug::kParksWithoutAskingStop, /*with_stop=*/true), kStuck);
}

}  // namespace
}  // namespace rheon::models::ring
