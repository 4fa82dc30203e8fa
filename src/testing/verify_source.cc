#include "testing/verify_source.h"

#include <fmt/format.h>

#include "graph/assignment.h"

namespace rheon::testing {

namespace {

constexpr int kMostPollsForNothing = 10'000;
constexpr std::chrono::milliseconds kBetweenPolls{20};
constexpr std::size_t kMuchRoom = 1 << 20;

[[noreturn]] void broken(const std::string& sentence) { throw std::runtime_error(sentence); }

/// A source that repeats itself would do so for ever.
void require_no_more_than(std::size_t most, const ReadRecords& read, const std::string& way) {
  std::size_t count = 0;
  for (const auto& [partition, records] : read) {
    count += records.size();
  }
  if (count > most) {
    broken("the source gives more than the " + std::to_string(most) +
           " records that are expected of it" + way + ".");
  }
}

}  // namespace

struct ReadingProcess::Shard {
  std::unique_ptr<engine::AnySourceReader> reader;
  std::vector<engine::SourcePartition> partitions;
  Output output;
  std::unique_ptr<engine::AnySourceOutput> typed;
  bool ended = false;

  explicit Shard(std::size_t room) : output(room) {}
};

void ReadingProcess::Output::take(std::string encoded) {
  if (partition_ >= ids_.size()) {
    broken("the reader emits a record of no partition: select() comes first in each poll.");
  }
  (*into_)[ids_[partition_]].push_back(std::move(encoded));
  ++in_poll_;
}

ReadingProcess::ReadingProcess(env::fake::FakeEnv& env, const engine::AnySourceConnector& source,
                               const MakeOutput& make_output, std::uint32_t shards,
                               std::size_t room, Positions& committed)
    : env_(env), committed_(committed) {
  engine::SourceEnvironment environment;
  environment.env = &env_;
  environment.waker = &parker_;
  environment.stop_at_end = true;
  environment.shards = shards;
  for (std::uint32_t i = 0; i < shards; ++i) {
    environment.shard = i;
    shards_.push_back(std::make_unique<Shard>(room));
    shards_.back()->reader = source.make_any_reader(environment);
    shards_.back()->typed = make_output(shards_.back()->output);
  }
  std::vector<engine::SourcePartition> known;
  for (const auto& [id, partition] : committed_) {
    known.push_back(partition);
  }
  Result<std::vector<engine::SourcePartition>> found = source.discover(environment, known);
  if (!found.has_value()) {
    broken("discover() fails: " + found.error().message);
  }
  for (std::size_t i = 0; i < found->size(); ++i) {
    Shard& shard = *shards_[graph::reader(i, shards).value];
    shard.output.assign((*found)[i].id);
    shard.reader->assign((*found)[i]);
    shard.partitions.push_back(std::move((*found)[i]));
  }
}

ReadingProcess::~ReadingProcess() = default;

bool ReadingProcess::poll(Shard& shard, ReadRecords& into) {
  if (shard.partitions.empty()) {
    return true;  // the engine does not poll such a one
  }
  shard.output.begin(into);
  const Result<engine::Poll> polled = shard.reader->poll_any(*shard.typed);
  if (!polled.has_value()) {
    broken("poll() fails: " + polled.error().message);
  }
  if (shard.ended && (*polled != engine::Poll::kEnded || shard.output.in_poll() > 0)) {
    broken("a reader that has ended goes on.");
  }
  for (std::size_t i = 0; *polled == engine::Poll::kEnded && i < shard.partitions.size(); ++i) {
    if (!shard.reader->at_end(i)) {
      broken("the reader has ended, and partition '" + shard.partitions[i].id +
             "' is not at its end.");
    }
  }
  shard.ended = *polled == engine::Poll::kEnded;
  return shard.ended;
}

void ReadingProcess::commit() {
  for (const auto& shard : shards_) {
    for (std::size_t i = 0; i < shard->partitions.size(); ++i) {
      shard->partitions[i].position = shard->reader->position(i);
      committed_[shard->partitions[i].id] = shard->partitions[i];
    }
  }
}

bool ReadingProcess::read_some(ReadRecords& into) {
  for (int polls = 0; polls < kMostPollsForNothing; ++polls) {
    bool all_ended = true;
    bool something = false;
    for (const auto& shard : shards_) {
      all_ended = poll(*shard, into) && all_ended;
      something = something || shard->output.in_poll() > 0;
    }
    env_.io().run_all();
    env_.clock().advance(kBetweenPolls);
    if (something || all_ended) {
      commit();
      return !all_ended;
    }
  }
  broken("the source does not end: nothing has come for " + std::to_string(kMostPollsForNothing) +
         " polls.");
}

void ReadingProcess::read_all(ReadRecords& into, std::size_t most) {
  while (read_some(into)) {
    require_no_more_than(most, into, "");
  }
  static_cast<void>(read_some(into));  // may be asked once more, and has nothing
}

namespace {

using Positions = ReadingProcess::Positions;

/// A machine with the input, and a source that reads it.
class Input {
 public:
  using Make =
      std::function<std::shared_ptr<const engine::AnySourceConnector>(env::fake::FakeEnv&)>;

  Input(const Make& make, const ReadingProcess::MakeOutput& make_output)
      : source_(make(env_)), make_output_(make_output) {}

  [[nodiscard]] ReadingProcess start(Positions& committed, std::uint32_t shards = 1,
                                     std::size_t room = kMuchRoom) {
    return {env_, *source_, make_output_, shards, room, committed};
  }
  [[nodiscard]] ReadRecords read(std::uint32_t shards, std::size_t room, std::size_t most) {
    Positions committed;
    ReadRecords records;
    start(committed, shards, room).read_all(records, most);
    return records;
  }
  [[nodiscard]] bool replayable() const { return source_->traits().replayable; }

 private:
  env::fake::FakeEnv env_;
  std::shared_ptr<const engine::AnySourceConnector> source_;
  const ReadingProcess::MakeOutput& make_output_;
};

/// Where a source has stood, and what it had given by then.
struct Stop {
  Positions positions;
  ReadRecords records;
};

/// By a new process after every poll that has brought something.
[[nodiscard]] std::vector<Stop> read_in_pieces(Input& input, std::size_t room, std::size_t most) {
  std::vector<Stop> stops(1);
  for (bool more = true; more;) {
    Stop next = stops.back();
    more = input.start(next.positions, 1, room).read_some(next.records);
    require_no_more_than(most, next.records, " by a new process after every poll");
    stops.push_back(std::move(next));
  }
  return stops;
}

void compare(const ReadRecords& first, const ReadRecords& other, const std::string& way) {
  if (first == other) {
    return;
  }
  for (const auto& [partition, records] : first) {
    const auto at = other.find(partition);
    if (at == other.end() || at->second != records) {
      broken(fmt::format(
          "the source gives something else of partition '{}' {}: {} records instead of {}, or "
          "other ones.",
          partition, way, at == other.end() ? 0 : at->second.size(), records.size()));
    }
  }
  broken("the source has other partitions " + way + ".");
}

[[nodiscard]] std::vector<std::string> values_of(const ReadRecords& read) {
  std::vector<std::string> values;
  for (const auto& [partition, records] : read) {
    for (const std::string& record : records) {
      values.push_back(record.substr(record.find(':') + 1));
    }
  }
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

void verify_ways_of_reading(const Input::Make& make, const ReadingProcess::MakeOutput& make_output,
                            std::vector<std::string> expected) {
  const std::size_t most = expected.size();
  const ReadRecords first = Input(make, make_output).read(/*shards=*/1, kMuchRoom, most);
  const std::vector<std::string> values = values_of(first);
  std::sort(expected.begin(), expected.end());
  if (values != expected) {
    broken("the source gives something else than expected: " + std::to_string(values.size()) +
           " records instead of " + std::to_string(expected.size()) + ", or other ones.");
  }
  compare(first, Input(make, make_output).read(1, /*room=*/1, most),
          "with room for one record a poll");
  compare(first, Input(make, make_output).read(/*shards=*/3, kMuchRoom, most), "on three shards");
  for (const std::size_t room : {kMuchRoom, std::size_t{1}}) {
    Input input(make, make_output);
    if (!input.replayable()) {
      continue;
    }
    const std::vector<Stop> stops = read_in_pieces(input, room, most);
    compare(first, stops.back().records, "by a new process after every poll");
    for (const Stop& stop : stops) {
      Stop again = stop;
      input.start(again.positions).read_all(again.records, most);
      compare(first, again.records, "read again from a position before");
    }
  }
}

}  // namespace rheon::testing
