// What users get wrong in a job's types. tools/check_messages.py compiles this, which must fail,
// and looks for each sentence that stands behind `error:`. No message is asked for twice.

#include <rheon/rheon.h>

using namespace rheon;

struct Plain {  // no RHEON_FIELDS
  int n = 0;
};

struct Order {
  std::string customer;
  std::int64_t cents = 0;
};
RHEON_FIELDS(Order, customer, cents)

Stream<Order> orders(Job& job) {
  return job.from("lines", files::lines("in")).map("parse", [](std::string_view) {
    return Order();
  });
}

void takes_something_else(Job& job) {
  // error: this step's function cannot be called with the records of the step before it
  (void)orders(job).map("length", [](std::string_view text) { return text.size(); });
}

void is_no_predicate(Job& job) {
  // error: this step's function returns something else than the step needs
  (void)orders(job).filter("large", [](const Order& order) { return order.customer; });
}

void emits_pointers(Job& job) {
  // error: a record cannot be a pointer
  (void)orders(job).map("name", [](const Order& order) { return order.customer.c_str(); });
}

void emits_what_has_no_fields(Job& job) {
  // error: this type cannot be a record
  (void)orders(job).map("plain", [](const Order&) { return Plain(); });
}

void has_a_key_without_fields(Job& job) {
  // error: this type cannot be a key
  (void)orders(job).key_by([](const Order&) { return Plain(); });
}

void emits_into_anything(Job& job) {
  // error: its type written out: `auto& emit` cannot be read
  (void)orders(job).flat_map("all", [](const Order& order, auto& emit) { emit(order); });
}

void forgets_the_key_of_an_aggregate(Job& job) {
  // error: aggregate() keeps state by key: say .key_by(...) before it
  (void)orders(job).aggregate("counts", count(), unbounded());
}

void forgets_the_key_of_a_reduce(Job& job) {
  // error: reduce() keeps state by key: say .key_by(...) before it
  (void)orders(job).reduce(
      "last", [](const Order&, const Order& order) { return order; }, unbounded());
}

void adds_up_with_a_lambda(Job& job) {
  // error: aggregate() takes an aggregator
  (void)orders(job)
      .key_by(&Order::customer)
      .aggregate("sum", [](const Order& order) { return order.cents; }, unbounded());
}

void reduces_to_something_else(Job& job) {
  // error: reduce() takes a function of two records that returns one
  (void)orders(job)
      .key_by(&Order::customer)
      .reduce("sum", [](const Order& a, const Order& b) { return a.cents + b.cents; }, unbounded());
}

struct KeyedByNumber : KeyedOperator<std::int64_t, Order, Order> {
  void process(const Order& order, Context& ctx) { ctx.emit(order); }
};

void forgets_the_key_of_an_operator(Job& job) {
  // error: process() keeps state by key: say .key_by(...) before it
  (void)orders(job).process<KeyedByNumber>("again");
}

void has_another_key(Job& job) {
  // error: the operator's key type is not the one that this stream is keyed by
  (void)orders(job).key_by(&Order::customer).process<KeyedByNumber>("again");
}

struct OfWords : KeyedOperator<std::string_view, std::string_view, Order> {
  void process(std::string_view, Context&) {}
};

void has_another_input(Job& job) {
  // error: the operator's inputs are not the records of these streams, in this order
  (void)orders(job).key_by(&Order::customer).process<OfWords>("words");
}

struct DoesNothing : KeyedOperator<std::string_view, Order, Order> {};

void does_not_process(Job& job) {
  // error: the operator needs a `void process(const In& record, Context& ctx)`
  (void)orders(job).key_by(&Order::customer).process<DoesNothing>("nothing");
}

struct Named {
  std::string_view name;
  std::uint64_t n = 0;
};
RHEON_FIELDS(Named, name, n)

struct ShowsTheLast {
  template <class>
  using Accumulator = std::optional<Named>;
  void add(std::optional<Named>& last, const Order& order) const { last = {order.customer, 1}; }
  [[nodiscard]] std::uint64_t result(const std::optional<Named>& last) const { return last->n; }
};

void accumulates_views(Job& job) {
  // error: an accumulator cannot hold a view
  (void)orders(job).key_by(&Order::customer).aggregate("last", ShowsTheLast{}, unbounded());
}

void reduces_views(Job& job) {
  // error: a view cannot be kept in state
  (void)orders(job)
      .map("named", [](const Order& order) { return Named{order.customer, 1}; })
      .key_by(&Named::n)
      .reduce("first", [](const Named& first, const Named&) { return first; }, unbounded());
}

struct KeepsAView : KeyedOperator<std::string_view, Order, Order> {
  // error: state cannot hold a view
  Value<std::string_view> last{*this, "last", unbounded()};
  // error: state cannot hold a view
  Value<std::vector<Named>> many{*this, "many", unbounded()};
  // error: this type cannot be stored
  Value<Plain> plain{*this, "plain", unbounded()};
};

void has_a_strange_parameter(Job& job) {
  // error: a parameter is a std::string, bool, number or duration of std::chrono
  (void)job.param<Order>("order", "an order");
}
