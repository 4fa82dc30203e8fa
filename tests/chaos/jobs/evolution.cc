// The job of T-24 (tests/chaos/evolution.py): stores something of every key, in one of the shapes
// that its struct has had in its life and in one of several kinds of state. Reads lines `key,make`,
// at which what is stored is filled from the key, and `key,touch`, at which it is written again as
// it is; writes `key,what is stored`.

#include <rheon/rheon.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace rheon;
using namespace std::chrono_literals;

// ---- the shapes, each in a namespace of its own

struct Place {
  std::int64_t x = 0;
  std::int64_t y = 0;
};
RHEON_FIELDS(Place, x, y)

namespace base {
struct Item {
  std::uint32_t count = 0;
  std::string label;
  Place place;
};
RHEON_FIELDS(Item, count, label, place)
}  // namespace base

namespace added {
struct Item {
  std::uint32_t count = 0;
  std::uint64_t extra = 7;
  std::string label;
  Place place;
};
RHEON_FIELDS(Item, count, extra, label, place)
}  // namespace added

namespace dropped {
struct Item {
  std::uint32_t count = 0;
  Place place;
};
RHEON_FIELDS(Item, count, place)
}  // namespace dropped

namespace renamed {
struct Item {
  std::uint32_t count = 0;
  std::string title = "none";
  Place place;
};
RHEON_FIELDS(Item, count, title, place)
}  // namespace renamed

namespace reordered {
struct Item {
  Place place;
  std::string label;
  std::uint32_t count = 0;
};
RHEON_FIELDS(Item, place, label, count)
}  // namespace reordered

namespace wider {
struct Item {
  std::uint64_t count = 0;
  std::string label;
  Place place;
};
RHEON_FIELDS(Item, count, label, place)
}  // namespace wider

namespace worded {
struct Item {
  std::string count;
  std::string label;
  Place place;
};
RHEON_FIELDS(Item, count, label, place)
}  // namespace worded

namespace real {
struct Item {
  double count = 0;
  std::string label;
};
RHEON_FIELDS(Item, count, label)
}  // namespace real

namespace deeper {
struct Place {
  std::int64_t x = 0;
  std::string street = "unknown";
};
RHEON_FIELDS(Place, x, street)
struct Item {
  std::uint32_t count = 0;
  Place place;
};
RHEON_FIELDS(Item, count, place)
}  // namespace deeper

namespace moved {
struct Place {
  double x = 0;
  std::int64_t y = 0;
};
RHEON_FIELDS(Place, x, y)
struct Item {
  std::uint32_t count = 0;
  Place place;
};
RHEON_FIELDS(Item, count, place)
}  // namespace moved

namespace listed {
struct Item {
  std::uint32_t count = 0;
  std::vector<Place> places;
  std::vector<std::uint32_t> tags;
};
RHEON_FIELDS(Item, count, places, tags)
}  // namespace listed

namespace relisted {
struct Item {
  std::uint32_t count = 0;
  std::vector<deeper::Place> places;
};
RHEON_FIELDS(Item, count, places)
}  // namespace relisted

namespace retagged {
struct Item {
  std::uint32_t count = 0;
  std::vector<std::string> tags;
};
RHEON_FIELDS(Item, count, tags)
}  // namespace retagged

namespace maybe {
struct Item {
  std::optional<std::uint32_t> count;
  std::optional<Place> place;
  std::string label = "nothing";
};
RHEON_FIELDS(Item, count, place, label)
}  // namespace maybe

namespace perhaps {
struct Item {
  std::optional<std::uint32_t> count;
  std::optional<deeper::Place> place;
};
RHEON_FIELDS(Item, count, place)
}  // namespace perhaps

namespace other {
struct Article {
  std::uint32_t count = 0;
  std::string label;
  Place place;
};
RHEON_FIELDS(Article, count, label, place)
}  // namespace other

// ---- their values: filled from a number, shown as text

template <class T>
inline constexpr bool is_list = false;
template <class E>
inline constexpr bool is_list<std::vector<E>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class E>
inline constexpr bool is_optional<std::optional<E>> = true;

template <class T>
void fill(T& value, std::uint64_t seed) {
  if constexpr (codec::has_fields<T>) {
    codec::for_each_field(value, [&](std::string_view name, auto& field) {
      std::uint64_t sum = seed;
      for (const char letter : name) {
        sum += static_cast<unsigned char>(letter);
      }
      fill(field, sum);
    });
  } else if constexpr (is_list<T>) {
    value.resize(seed % 3);
    for (std::size_t i = 0; i < value.size(); ++i) {
      fill(value[i], seed + i);
    }
  } else if constexpr (is_optional<T>) {
    value.reset();
    if (seed % 2 == 1) {
      fill(value.emplace(), seed);
    }
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = "t" + std::to_string(seed);
  } else {
    value = static_cast<T>(seed);
  }
}

template <class T>
[[nodiscard]] std::string show(const T& value) {
  if constexpr (codec::has_fields<T>) {
    std::string text;
    codec::for_each_field(value, [&](std::string_view name, const auto& field) {
      text += (text.empty() ? "" : ";") + std::string(name) + "=" + show(field);
    });
    return "{" + text + "}";
  } else if constexpr (is_list<T>) {
    std::string text;
    for (const auto& element : value) {
      text += (text.empty() ? "" : ";") + show(element);
    }
    return "[" + text + "]";
  } else if constexpr (is_optional<T>) {
    return value.has_value() ? show(*value) : "none";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else {
    return std::to_string(static_cast<std::int64_t>(value));
  }
}

// ---- the kinds of state

struct Line {
  std::uint64_t key = 0;
  bool makes = false;
};
RHEON_FIELDS(Line, key, makes)

/// Which one the operators have; set before any is made.
std::string state_kind;

template <class T>
struct Keep : KeyedOperator<std::uint64_t, Line, std::string> {
  std::optional<Value<T>> value;
  std::optional<Map<std::uint64_t, T>> map;
  std::optional<Map<std::string, T>> named;
  std::optional<List<T>> list;
  std::optional<Counter> counter;

  Keep() {
    if (state_kind == "value" || state_kind == "ttl") {
      value.emplace(*this, "kept", state_kind == "ttl" ? ttl(24h) : unbounded());
    } else if (state_kind == "map") {
      map.emplace(*this, "kept", unbounded());
    } else if (state_kind == "named") {
      named.emplace(*this, "kept", unbounded());
    } else if (state_kind == "list") {
      list.emplace(*this, "kept", unbounded());
    } else if (state_kind == "counter") {
      counter.emplace(*this, "kept", unbounded());
    } else {
      throw std::invalid_argument("no kind of state: " + state_kind);
    }
  }

  void process(const Line& line, Context& ctx) {
    if (counter) {
      return ctx.emit(std::to_string(counter->add(line.makes ? line.key : 0)));
    }
    std::vector<T> items = stored();
    if (line.makes) {
      items.resize(state_kind == "value" || state_kind == "ttl" ? 1 : 3);
      for (std::size_t i = 0; i < items.size(); ++i) {
        fill(items[i], line.key + i);
      }
    }
    store(items);
    ctx.emit(show(items));
  }

 private:
  [[nodiscard]] std::vector<T> stored() {
    std::vector<T> items;
    const auto entry = [&](const auto&, const T& item) { items.push_back(item); };
    if (map) {
      map->for_each(entry);
    } else if (named) {
      named->for_each(entry);
    } else if (list) {
      list->for_each([&](const T& item) { items.push_back(item); });
    } else if (value->exists()) {
      items.push_back(*value->get());
    }
    return items;
  }
  void store(const std::vector<T>& items) {
    if (list) {
      list->clear();
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (map) {
        map->put(i, items[i]);
      } else if (named) {
        named->put(std::to_string(i), items[i]);
      } else if (list) {
        list->push_back(items[i]);
      } else {
        value->set(items[i]);
      }
    }
  }
};

template <class T>
struct Latest {
  template <class>
  using Accumulator = T;
  void add(T& item, const Line& line) const {
    if (line.makes) {
      fill(item, line.key);
    }
  }
  [[nodiscard]] std::string result(const T& item) const { return show(std::vector<T>{item}); }
};

// ---- the job

Line parse(std::string_view text) {
  Line line;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), line.key);
  if (read.ec != std::errc()) {
    throw std::invalid_argument("not `key,make` or `key,touch`");
  }
  line.makes = text.ends_with(",make");
  return line;
}

template <class T>
void describe(const KeyedStream<std::uint64_t, Line>& lines, const std::string& output) {
  if (state_kind == "aggregate") {
    lines.aggregate("items", Latest<T>{}, unbounded()).to("csv", files::csv(output));
  } else {
    lines.template process<Keep<T>>("items").to("csv", files::csv(output));
  }
}

using Describe = void (*)(const KeyedStream<std::uint64_t, Line>&, const std::string&);
const std::map<std::string, Describe, std::less<>> kShapes = {
    {"base", describe<base::Item>},           {"added", describe<added::Item>},
    {"dropped", describe<dropped::Item>},     {"renamed", describe<renamed::Item>},
    {"reordered", describe<reordered::Item>}, {"wider", describe<wider::Item>},
    {"worded", describe<worded::Item>},       {"real", describe<real::Item>},
    {"deeper", describe<deeper::Item>},       {"moved", describe<moved::Item>},
    {"listed", describe<listed::Item>},       {"relisted", describe<relisted::Item>},
    {"retagged", describe<retagged::Item>},   {"maybe", describe<maybe::Item>},
    {"perhaps", describe<perhaps::Item>},     {"other", describe<other::Article>},
};

void evolution(Job& job) {
  auto input = job.param<std::string>("input", "glob of files with lines");
  auto output = job.param<std::string>("output", "directory for the CSV files");
  auto shape = job.param<std::string>("shape", "of what is stored", "base");
  state_kind = job.param<std::string>("kind", "of state", "value");

  const auto lines = job.from("lines", files::lines(input)).map("parse", parse).key_by(&Line::key);
  kShapes.at(shape)(lines, output);
}

int main(int argc, char** argv) { return rheon::main("evolution", evolution, argc, argv); }
