// The job of T-20 (tests/chaos/clock.py): of every key, reminders and a limit by the job's clock
// and windows by event time. Reads lines `id,key,seconds,delay` (seconds since 1970, a delay in
// milliseconds); writes a step for each record and for each timer that fires.

#include <rheon/rheon.h>

#include <array>
#include <charconv>
#include <chrono>
#include <stdexcept>

using namespace rheon;
using namespace std::chrono_literals;

constexpr auto kWindow = 10s;
constexpr auto kQuiet = 300ms;

struct Order {
  std::uint64_t id = 0;
  std::uint64_t key = 0;
  EventTime at;
  std::chrono::milliseconds delay{0};
};
RHEON_FIELDS(Order, id, key, at, delay)

/// One call of the operator. Times are microseconds.
struct Step {
  std::uint64_t number = 0;  // 1, 2, ... within its key
  std::string_view what;
  std::uint64_t value = 0;  // the order's id; of a window how many orders it has
  std::int64_t at = 0;      // of the record; what the timer was set to
  std::int64_t now = 0;     // the job's clock
  std::int64_t watermark = 0;
  std::int64_t monotonic = 0;  // of the machine, whatever the job's clock says
};
RHEON_FIELDS(Step, number, what, value, at, now, watermark, monotonic)

struct Remind : KeyedOperator<std::uint64_t, Order, Step> {
  Counter steps{*this, "steps", unbounded()};
  Map<EventTime, std::uint64_t> orders{*this, "orders", unbounded()};  // by when they are due
  TimerSet reminders{*this, "reminders", processing_time};
  Timer quiet{*this, "quiet", processing_time};
  Map<EventTime, std::uint64_t> counts{*this, "counts", unbounded()};  // by the window's end
  TimerSet windows{*this, "windows"};

  void process(const Order& order, Context& ctx) {
    emit(ctx, "record", order.id);
    EventTime due = ctx.now() + order.delay;
    while (orders.contains(due)) {
      due = due + 1us;
    }
    orders.put(due, order.id);
    reminders.add(due);
    quiet.set(ctx.now() + kQuiet);
    const std::chrono::microseconds window{kWindow};
    const EventTime end{(order.at.micros / window.count() + 1) * window.count()};
    ++counts.edit(end);
    windows.add(end);
  }

  void on_timer(const TimerSet& timer, Context& ctx) {
    if (&timer == &reminders) {
      emit(ctx, "reminder", *orders.get(ctx.time()));
      orders.remove(ctx.time());
    } else {
      emit(ctx, "window", *counts.get(ctx.time()));
      counts.remove(ctx.time());
    }
  }
  void on_timer(const Timer&, Context& ctx) { emit(ctx, "quiet", 0); }

 private:
  void emit(Context& ctx, std::string_view what, std::uint64_t value) {
    const auto monotonic = std::chrono::steady_clock::now().time_since_epoch();
    ctx.emit({steps.add(), what, value, ctx.time().micros, ctx.now().micros, ctx.watermark().micros,
              std::chrono::duration_cast<std::chrono::microseconds>(monotonic).count()});
  }
};

Order parse(std::string_view line) {
  std::array<std::int64_t, 4> numbers{};
  const char* at = line.data();
  for (std::int64_t& number : numbers) {
    const auto read = std::from_chars(at, line.data() + line.size(), number);
    if (read.ec != std::errc()) {
      throw std::invalid_argument("not `id,key,seconds,delay`");
    }
    at = std::min(read.ptr + 1, line.data() + line.size());
  }
  return {static_cast<std::uint64_t>(numbers[0]), static_cast<std::uint64_t>(numbers[1]),
          EventTime{numbers[2] * 1'000'000}, std::chrono::milliseconds{numbers[3]}};
}

void timers(Job& job) {
  auto input = job.param<std::string>("input", "glob of files with orders");
  auto output = job.param<std::string>("output", "directory for the steps, as CSV files");

  job.from("lines", files::lines(input, {.follow = true}))
      .event_time([](std::string_view line) { return parse(line).at; }, monotone())
      .map("orders", parse)
      .key_by(&Order::key)
      .process<Remind>("remind")
      .to("csv", files::csv(output));
}

int main(int argc, char** argv) { return rheon::main("timers", timers, argc, argv); }
