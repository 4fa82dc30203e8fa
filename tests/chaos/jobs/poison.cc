// The job of T-21 (tests/chaos/poison.py): orders, some of which are poison in one way or another.
// Reads lines `#id#,customer,seconds,amount,note`; writes each good order with its number within
// its customer's. What is wrong with an order behind `parse` its note says: "!throws in peek".

#include <rheon/rheon.h>

#include <array>
#include <charconv>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

using namespace rheon;
using namespace std::chrono_literals;

struct Order {
  std::string_view id, customer;
  std::uint32_t amount = 0;
  std::string_view note;
};
RHEON_FIELDS(Order, id, customer, amount, note)

struct Booked {
  std::string_view id;
  std::uint64_t number = 0;  // within the customer's
  std::uint32_t amount = 0;
  std::string_view note;
};
RHEON_FIELDS(Booked, id, number, amount, note)

constexpr std::size_t kFields = 5;

/// The fields of a line; the last one takes the rest. None: there are fewer.
std::array<std::string_view, kFields> fields_of(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  for (std::size_t i = 0; i + 1 < kFields; ++i) {
    const std::size_t comma = line.find(',');
    if (comma == std::string_view::npos) {
      throw std::invalid_argument("a field is missing");
    }
    fields[i] = line.substr(0, comma);
    line.remove_prefix(comma + 1);
  }
  fields.back() = line;
  return fields;
}

template <class T>
T number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    throw std::out_of_range("the number is out of range");
  }
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument("not a number");
  }
  return value;
}

/// Says nothing about itself.
struct Mute : std::exception {
  const char* what() const noexcept override { return ""; }
};

Order parse(std::string_view line) {
  if (line.empty()) {
    throw std::invalid_argument("an empty line");
  }
  if (line.find_first_not_of(" \t") == std::string_view::npos) {
    throw std::invalid_argument("a blank line");
  }
  if (line.find('\0') != std::string_view::npos) {
    throw std::invalid_argument("a NUL byte");
  }
  const auto [id, customer, seconds, amount, note] = fields_of(line);
  if (customer.empty()) {
    throw std::invalid_argument("no customer");
  }
  static_cast<void>(number<std::int64_t>(seconds));
  if (note == "!throws a number") {
    throw 42;
  }
  if (note == "!throws without a word") {
    throw Mute();
  }
  if (note == "!throws bytes") {
    throw std::runtime_error("caf\xe9 \x01");
  }
  if (note == "!throws at length") {
    throw std::runtime_error(std::string(100'000, 'r'));
  }
  if (note == "!has no memory") {
    throw std::bad_alloc();
  }
  return {id, customer, number<std::uint32_t>(amount), note};
}

EventTime time_of(std::string_view line) {
  try {
    return EventTime{number<std::int64_t>(fields_of(line)[2]) * 1'000'000};
  } catch (const std::logic_error&) {
    return EventTime::none();  // parse() says what is wrong
  }
}

/// A step that throws at the notes that are meant for it.
auto throws_at(std::string_view note) {
  return [note](const Order& order) {
    if (order.note == note) {
      throw std::runtime_error(std::string(note.substr(1)));
    }
    return order.amount > 0;
  };
}

/// The order, but not when it throws behind it.
void pass(const Order& order, Emit<Order>& emit) {
  emit(order);
  if (order.note == "!throws behind an output") {
    emit(order);
    throw std::runtime_error("throws behind an output");
  }
}

struct Book : KeyedOperator<std::string_view, Order, Booked> {
  Counter booked{*this, "booked", unbounded()};

  void process(const Order& order, Context& ctx) {
    if (order.note == "!is quarantined") {
      return ctx.quarantine("is quarantined");
    }
    if (order.note == "!is dropped") {
      return ctx.drop("is dropped");
    }
    if (order.note == "!is late") {
      return ctx.is_late() ? void() : ctx.quarantine("came before anything else");
    }
    ctx.emit({order.id, booked.add(), order.amount, order.note});
    if (order.note == "!throws behind effects") {
      throw std::runtime_error("throws behind effects");
    }
    if (order.note == "!is quarantined behind effects") {
      ctx.quarantine("too late");
    }
    if (order.note == "!never stops") {
      const std::string much(1 << 20, 'x');
      for (;;) {
        ctx.emit({order.id, 0, 0, much});
      }
    }
  }
};

void poison(Job& job) {
  auto input = job.param<std::string>("input", "glob of files with orders");
  auto output = job.param<std::string>("output", "directory for the CSV files");
  auto max_line_bytes = job.param<std::uint64_t>("max-line-bytes", "longer lines are bad", 1 << 20);
  auto pause = job.param<std::chrono::microseconds>("pause", "that each order takes", 0us);

  const auto lines = files::lines(input, {.max_line_bytes = max_line_bytes, .require_utf8 = true});
  const auto orders = job.from("lines", lines)
                          .event_time(time_of, out_of_order(1min))
                          .map(
                              "parse",
                              [pause](std::string_view line) {
                                std::this_thread::sleep_for(pause);
                                return parse(line);
                              },
                              quarantine)
                          .filter("wanted", throws_at("!throws in filter"), quarantine)
                          .peek("watch", throws_at("!throws in peek"), quarantine)
                          .flat_map("pass", pass, quarantine)
                          .split("kind", quarantine, branch("all", throws_at("!throws in split")));
  orders["all"]
      .key_by(&Order::customer)
      .process<Book>("book", quarantine)
      .to("csv", files::csv(output));
}

int main(int argc, char** argv) { return rheon::main("poison", poison, argc, argv); }
