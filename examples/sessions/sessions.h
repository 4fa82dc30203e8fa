#pragma once

// Sessions of users: clicks of one user that lie no more than 30 minutes apart. Reads lines
// `seconds,user` (seconds since 1970), writes lines `user,first,last,clicks` when a session is
// over. main.cc makes it a program, tests/sessions_test.cc tests it.

#include <rheon/rheon.h>

#include <chrono>
#include <cstdint>
#include <string_view>

constexpr std::chrono::minutes kGap{30};

struct Click {
  rheon::EventTime at;
  std::string_view user;
};
RHEON_FIELDS(Click, at, user)

struct Session {
  rheon::EventTime first, last;
  std::uint64_t clicks = 0;
  friend bool operator==(const Session&, const Session&) = default;
};
RHEON_FIELDS(Session, first, last, clicks)  // stored by name: fields can be added and dropped later

/// Clicks may come in any order: one may lengthen a session, begin one, or join two.
struct Sessionize : rheon::KeyedOperator<std::string_view, Click, Session> {
  rheon::Map<rheon::EventTime, Session> open{*this, "open", rheon::unbounded()};  // by `first`
  rheon::TimerSet ends{*this, "ends"};  // one for each that is open
  rheon::SideOutput<Click> late{*this, "late"};

  void process(const Click& click, Context& ctx);
  void on_timer(const rheon::TimerSet& timers, Context& ctx);
};

void sessions(rheon::Job& job);
