#include "sessions.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <vector>

using namespace rheon;
using namespace std::chrono_literals;

namespace {

/// When nothing more can belong to the session.
constexpr EventTime end_of(const Session& session) { return session.last + kGap + 1us; }

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

}  // namespace

void Sessionize::process(const Click& click, Context& ctx) {
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

void Sessionize::on_timer(const TimerSet&, Context& ctx) {
  EventTime first;
  open.for_each([&](EventTime, const Session& session) {
    if (end_of(session) == ctx.time()) {
      ctx.emit(session);
      first = session.first;
    }
  });
  open.remove(first);
}

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
