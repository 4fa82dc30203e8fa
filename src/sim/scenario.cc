#include "sim/scenario.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"
#include "connect/files/csv.h"
#include "connect/files/lines.h"
#include "connect/kafka/out.h"
#include "connect/memory/values.h"
#include "operators/operator.h"
#include "testing/small_sips.h"

namespace rheon::sim {

namespace {

using std::chrono::seconds;

constexpr std::uint32_t kKeyGroups = 16;  // few, so that groups hold several keys

// Each draw is a statement of its own: compilers differ in which operand of an expression comes
// first, and a seed has one history (T-15).

std::string random_word(Generator& random, std::uint64_t vocabulary) {
  const std::uint64_t some = 1 + random() % vocabulary;  // the first ones are frequent
  std::uint64_t number = random() % some;
  std::string word;
  do {
    word.push_back(static_cast<char>('a' + number % 26));
    number /= 26;
  } while (number > 0);
  return word;
}

/// Mostly few, now and then many.
std::uint64_t random_size(Generator& random) {
  const std::uint64_t bound = std::uint64_t{64} << (random() % 12);
  return random() % bound;
}

std::vector<std::string> random_words(Generator& random) {
  const std::uint64_t bound = std::uint64_t{2} << (random() % 12);
  const std::uint64_t vocabulary = 1 + random() % bound;
  std::vector<std::string> words(random_size(random));
  for (std::string& word : words) {
    word = random_word(random, vocabulary);
  }
  return words;
}

void write_file(env::fake::FakeEnv& env, const std::string& path, const std::string& text) {
  auto file = env.files().open(path, env::OpenMode::kCreateNew);
  RHEON_ASSERT(file.has_value() && (*file)->write_at(0, as_bytes(text)).has_value() &&
                   (*file)->sync().has_value(),
               "the simulated disk takes the input");
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) {
      words.push_back(line.substr(0, end));
    }
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

constexpr seconds kGap{30};

/// Emits how many visits a session had: when its user comes back after the gap, or by the timer,
/// whichever is first.
struct CountSessions : KeyedOperator<std::string_view, std::string_view, std::uint64_t> {
  Counter visits{*this, "visits", unbounded()};
  Timer expiry{*this, "expiry"};

  void process(const std::string_view&, Context& ctx) {
    if (visits.value() > 0 && ctx.time() >= expiry.at()) {
      close(ctx);
    }
    visits.add();
    expiry.set(ctx.time() + kGap);
  }
  void on_timer(const Timer&, Context& ctx) { close(ctx); }

 private:
  void close(Context& ctx) {
    ctx.emit(visits.value());
    visits.clear();
  }
};

}  // namespace

namespace {

/// Words in files; the job counts them and gives the counts to `write`.
template <class Write>
Scenario counted_words(env::fake::FakeEnv& env, Generator& random, const Write& write) {
  Scenario scenario;
  const std::uint64_t files = 1 + random() % 4;
  std::uint64_t words = 0;
  for (std::uint64_t f = 0; f < files; ++f) {
    std::string text;
    for (const std::string& word : random_words(random)) {
      text += word + (random() % 8 == 0 ? "\n" : " ");
      auto& values = scenario.expected[word];
      values.push_back(values.size() + 1);
      ++words;
    }
    write_file(env, "in" + std::to_string(f) + ".txt", text);
  }
  scenario.ledger["operator/counts/in"] = words;
  scenario.ledger["operator/counts/at_rest"] = scenario.expected.size();
  // Some lines take long, in some of the runs.
  const std::chrono::microseconds most{random() % 2 == 0 ? 0 : 2'000};
  const std::chrono::microseconds slow{random() % (most.count() + 1)};
  scenario.job = [&env, slow, sip = 32 + random() % 64, write](Job& job) {
    job.key_groups(kKeyGroups);
    write(job.from("lines", testing::small_sips(files::lines("in*.txt"), sip))
              .rebalance()
              .flat_map("words",
                        [&env, slow](std::string_view line) {
                          if (line.size() % 3 == 0) {
                            env.clock().advance(slow);
                          }
                          return split(line);
                        })
              .key_by([](std::string_view word) { return word; })
              .aggregate("counts", count(), unbounded()));
  };
  return scenario;
}

}  // namespace

Scenario count_words(env::fake::FakeEnv& env, Generator& random) {
  Scenario scenario = counted_words(env, random, [](const auto& counts) {
    counts.to("csv", files::csv(kOutputDirectory, {.max_file_bytes = 4096}));
  });
  scenario.name = "count words";
  scenario.ledger["operator/csv/in"] = scenario.ledger["operator/counts/in"];
  return scenario;
}

Scenario count_words_to_a_topic(env::fake::FakeEnv& env, Generator& random) {
  const bool files_too = random() % 2 == 0;
  Scenario scenario = counted_words(env, random, [files_too](const auto& counts) {
    counts.to("topic", kafka::out("kafka://127.0.0.1:1,127.0.0.1:2/" + std::string(kOutputTopic)));
    if (files_too) {
      counts.to("csv", files::csv(kOutputDirectory, {.max_file_bytes = 4096}));
    }
  });
  scenario.name = "count words to a topic";
  scenario.writes_files = files_too;
  scenario.brokers = std::make_shared<kafka::fake::FakeCluster>(env.network(), 2);
  scenario.brokers->second_protocol = random() % 2 == 0;
  scenario.brokers->forgets_epochs = random() % 2 == 0;
  scenario.brokers->make_topic(kOutputTopic, kOutputPartitions);
  scenario.ledger["operator/topic/in"] = scenario.ledger["operator/counts/in"];
  return scenario;
}

Scenario sum_of_two_sources(Generator& random) {
  Scenario scenario;
  scenario.name = "sum of two sources";
  const std::vector<std::string> left = random_words(random);
  const std::vector<std::string> right = random_words(random);
  std::set<std::size_t> lengths;
  for (const auto* words : {&left, &right}) {
    for (const std::string& word : *words) {
      lengths.insert(word.size());
      auto& sums = scenario.expected[word];
      sums.push_back((sums.size() + 1) * word.size());
    }
  }
  std::erase_if(scenario.expected, [](const auto& item) { return item.first.size() > 1; });
  scenario.ledger["operator/short words/in"] = left.size() + right.size();
  scenario.ledger["operator/by length/in"] = left.size() + right.size();
  scenario.ledger["operator/lengths/at_rest"] = scenario.expected.size();
  scenario.ledger["operator/of all lengths/at_rest"] = lengths.size();
  const auto partitions = static_cast<std::uint32_t>(1 + random() % 5);
  scenario.job = [left, right, partitions](Job& job) {
    job.key_groups(kKeyGroups);
    const auto length = [](std::string_view word) { return std::uint64_t{word.size()}; };
    const auto both =
        job.from("left", testing::small_sips(memory::values(left, {.partitions = partitions}), 64))
            .merge(job.from("right",
                            testing::small_sips(memory::values(right, {.partitions = 2}), 64)));
    both.rebalance()
        .filter("short words", [](std::string_view word) { return word.size() == 1; })
        .key_by([](std::string_view word) { return word; })
        .aggregate("lengths", sum(length), unbounded())
        .map("same", [](std::uint64_t sum_so_far) { return sum_so_far; })
        .to("csv", files::csv(kOutputDirectory, {.max_file_bytes = 4096}));
    both.key_by(length)
        .aggregate("of all lengths", count(), unbounded())
        .to("by length", files::csv("lengths", {.max_file_bytes = 4096}));
  };
  return scenario;
}

Scenario sessions(Generator& random) {
  Scenario scenario;
  scenario.name = "sessions";
  constexpr EventTime kStart{1'400'000'000'000'000};  // before whatever the machine's clock shows
  const std::uint64_t partitions = 1 + random() % 3;
  const std::uint64_t each = 1 + random_size(random);
  std::vector<memory::Timed<std::string>> visits;
  for (std::uint64_t p = 0; p < partitions; ++p) {
    EventTime now = kStart + seconds{random() % 600};
    std::map<std::string, std::pair<std::uint64_t, EventTime>> open;
    for (std::uint64_t i = 0; i < each; ++i) {
      now = now + seconds{random() % 5};
      // A user's visits all lie in one partition: only then is there an order among them.
      const std::string user = std::to_string(p) + random_word(random, 30);
      visits.push_back({now, user});
      auto& [count, last] = open[user];
      if (count > 0 && now >= last + kGap) {
        scenario.expected[user].push_back(count);
        count = 0;
      }
      ++count;
      last = now;
    }
    for (const auto& [user, session] : open) {
      scenario.expected[user].push_back(session.first);
    }
  }
  scenario.ledger["operator/sessions/in"] = visits.size();
  scenario.ledger["operator/sessions/at_rest"] = 0;
  const auto parts = static_cast<std::uint32_t>(partitions);
  scenario.job = [visits, parts](Job& job) {
    job.key_groups(kKeyGroups);
    job.from("visits", testing::small_sips(memory::timed_values(visits, {.partitions = parts}), 64))
        .key_by([](std::string_view user) { return user; })
        .process<CountSessions>("sessions")
        .to("csv", files::csv(kOutputDirectory, {.max_file_bytes = 4096}));
  };
  return scenario;
}

Scenario any_scenario(env::fake::FakeEnv& env, Generator& random) {
  switch (random() % 4) {
    case 0:
      return count_words(env, random);
    case 1:
      return count_words_to_a_topic(env, random);
    case 2:
      return sum_of_two_sources(random);
    default:
      return sessions(random);
  }
}

}  // namespace rheon::sim
