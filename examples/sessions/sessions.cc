// Sessions of users: clicks of one user that lie no more than 30 minutes apart. Reads lines
// `seconds,user` (seconds since 1970), writes lines `user,first,last,clicks` when a session is
// over.

#include <rheon/rheon.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <vector>

using namespace rheon;
using namespace std::chrono_literals;

constexpr auto kGap = 30min;

struct Click {
  EventTime at;
  std::string_view user;
};
RHEON_FIELDS(Click, at, user)

struct Session {
  EventTime first, last;
  std::uint64_t clicks = 0;
};
RHEON_FIELDS(Session, first, last, clicks)  // stored by name: fields can be added and dropped later

/// When nothing more can belong to the session.
constexpr EventTime end_of(const Session& session) { return session.last + kGap + 1us; }

/// Clicks may come in any order: one may lengthen a session, begin one, or join two.
struct Sessionize : KeyedOperator<std::string_view, Click, Session> {
  Map<EventTime, Session> open{*this, "open", unbounded()};  // by `first`; ended by a timer
  TimerSet ends{*this, "ends"};
  SideOutput<Click> late{*this, "late"};

  void process(const Click& click, Context& ctx) {
    if (ctx.is_late(click)) {
      return ctx.emit(late, click);
    }
    Session session{click.at, click.at, 1};
    std::vector<Session> joined;
    open.for_each([&](EventTime, const Session& near) {
      if (click.at >= near.first - kGap && click.at <= near.last + kGap) {
        joined.push_back(near);
      }
    });
    for (const Session& near : joined) {
      open.remove(near.first);
      ends.cancel(end_of(near));
      session.first = std::min(session.first, near.first);
      session.last = std::max(session.last, near.last);
      session.clicks += near.clicks;
    }
    open.put(session.first, session);
    ends.add(end_of(session));
  }

  void on_timer(const TimerSet&, Context& ctx) {
    EventTime first;
    open.for_each([&](EventTime, const Session& session) {
      if (end_of(session) == ctx.time()) {
        ctx.emit(session);
        first = session.first;
      }
    });
    open.remove(first);
  }
};

/// A line that is no click throws.
constexpr auto parse = [](std::string_view line) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seconds);
  const auto user = static_cast<std::size_t>(end - line.data()) + 1;
  if (error != std::errc() || user >= line.size() || *end != ',') {
    throw std::invalid_argument("not `seconds,user`");
  }
  return Click{EventTime{seconds * 1'000'000}, line.substr(user)};
};

/// Lines that are no clicks have no time; parse() puts them into quarantine.
constexpr auto time_of_line = [](std::string_view line) {
  try {
    return parse(line).at;
  } catch (const std::invalid_argument&) {
    return EventTime::none();
  }
};

void sessions(Job& job) {
  auto input = job.param<std::string>("input", "glob of files with lines `seconds,user`");
  auto output = job.param<std::string>("output", "directory for the sessions, as CSV files");
  auto late = job.param<std::string>("late", "directory for the late clicks", "late");
  auto follow = job.param<bool>("follow", "keep reading as files grow and appear", false);

  const auto found = job.from("lines", files::lines(input, {.follow = follow}))
                         .event_time(time_of_line, out_of_order(5min))
                         .map("clicks", parse, quarantine)
                         .key_by(&Click::user)
                         .process<Sessionize>("sessions");
  found.to("csv", files::csv(output));
  found.side(&Sessionize::late).to("late", files::csv(late));
}

int main(int argc, char** argv) { return rheon::main("sessions", sessions, argc, argv); }
