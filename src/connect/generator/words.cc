#include "connect/generator/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "codec/wire.h"
#include "connect/generator/dictionary.h"
#include "connect/generator/mix.h"
#include "engine/source.h"

namespace rheon::generator {
namespace {

using connect::generator::Dictionary;
using connect::generator::mix;
using engine::Poll;

constexpr std::uint8_t kPositionVersion = 1;
constexpr std::uint64_t kBurst = 64;  // words between two looks at whether the output is full

std::string encode_index(std::uint64_t index) {
  std::string out;
  codec::put_u8(out, kPositionVersion);
  codec::put_varint(out, index);
  return out;
}

Result<std::uint64_t> decode_index(std::string_view position) {
  if (position.empty()) {
    return 0;
  }
  codec::Reader in(position);
  const bool known = in.u8() == kPositionVersion;
  const std::uint64_t index = in.varint();
  if (!known || in.failed() || !in.at_end()) {
    return fail(
        ErrorCode::kRefused,
        "a stored position of the generator cannot be read by this build: run the version of "
        "Rheon that wrote it, or a newer one");
  }
  return index;
}

/// Words up to a partition's share of `total`.
std::uint64_t share(std::uint64_t total, std::uint64_t partition, std::uint64_t partitions) {
  return total / partitions + (partition < total % partitions ? 1 : 0);
}

class WordReader : public engine::SourceReader<std::string_view> {
 public:
  WordReader(std::shared_ptr<const Dictionary> dictionary, const WordsOptions& options)
      : dictionary_(std::move(dictionary)), options_(options) {}

  void assign(const engine::SourcePartition& partition) override {
    const auto index = decode_index(partition.position);
    std::uint64_t number = 0;
    for (const char c : partition.id) {
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (!index) {
      broken_ = tl::unexpected(index.error());
      return;
    }
    Partition made;
    made.number = number;
    made.key = mix(options_.seed ^ mix(~number));
    made.next = *index;
    made.end = options_.count.has_value() ? share(*options_.count, number, options_.partitions)
                                          : std::numeric_limits<std::uint64_t>::max();
    partitions_.push_back(made);
  }

  Result<Poll> poll(engine::SourceOutput<std::string_view>& output) override {
    RHEON_TRY(broken_);
    const EventTime now = output.now();
    if (started_ == EventTime::none()) {
      started_ = now;
    }
    bool ended = true;
    for (std::size_t tries = partitions_.size(); tries > 0; --tries) {
      turn_ = turn_ + 1 < partitions_.size() ? turn_ + 1 : 0;
      Partition& partition = partitions_[turn_];
      const std::uint64_t due = std::min(partition.end, due_at(partition, now));
      if (partition.next < due) {
        output.select(turn_);
        generate(partition, due, output);
        return Poll::kWorked;
      }
      ended = ended && partition.next == partition.end;
    }
    return ended ? Poll::kEnded : Poll::kIdle;
  }

  std::string position(std::size_t partition) const override {
    return encode_index(partitions_[partition].next);
  }
  std::optional<std::uint64_t> offset(std::size_t partition) const override {
    return partitions_[partition].next;
  }
  /// At a rate there is nothing between two words.
  bool at_end(std::size_t partition) const override {
    const Partition& at = partitions_[partition];
    return at.next == at.end || options_.rate > 0;
  }

 private:
  struct Partition {
    std::uint64_t number = 0;
    std::uint64_t key = 0;    // words of partitions differ by it
    std::uint64_t next = 0;   // index of the next word
    std::uint64_t end = 0;    // no word has this index
    std::uint64_t first = 0;  // index of the first word since `counting`
    bool counting = false;
  };

  /// No word with this index or a higher one is due yet.
  std::uint64_t due_at(Partition& partition, EventTime now) const {
    if (options_.rate == 0) {
      return partition.end;
    }
    if (!std::exchange(partition.counting, true)) {
      partition.first = partition.next;
    }
    __extension__ using Wide = unsigned __int128;
    const auto micros =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, now.micros - started_.micros));
    const auto total = static_cast<std::uint64_t>(Wide{micros} * options_.rate / 1'000'000);
    return partition.first + share(total, partition.number, options_.partitions);
  }

  void generate(Partition& partition, std::uint64_t due,
                engine::SourceOutput<std::string_view>& output) {
    const std::uint64_t size = dictionary_->size();
    std::uint64_t next = partition.next;
    do {
      const std::uint64_t stop = std::min(due, next + output.room_up_to(kBurst));
      std::size_t words = 0;
      for (; next < stop; ++next) {
        // The upper half of 64 bits, scaled down to the dictionary.
        const std::uint64_t random = mix(partition.key + next) >> 32;
        burst_[words++] = dictionary_->word(static_cast<std::uint32_t>(random * size >> 32));
      }
      output.emit_all({burst_.data(), words}, EventTime::none());
      partition.next = next;
    } while (next < due && !output.full());
  }

  std::shared_ptr<const Dictionary> dictionary_;
  WordsOptions options_;
  std::array<std::string_view, kBurst> burst_;
  Status broken_;
  std::vector<Partition> partitions_;
  std::size_t turn_ = 0;
  EventTime started_ = EventTime::none();
};

class WordsConnector : public engine::SourceConnector<std::string_view> {
 public:
  explicit WordsConnector(const WordsOptions& options) : options_(options) {}

  engine::SourceTraits traits() const override {
    return {.kind = "generator", .replayable = true, .bounded = options_.count.has_value()};
  }

  Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& environment,
      const std::vector<engine::SourcePartition>& known) const override {
    RHEON_TRY(check());
    if (environment.stop_at_end && !options_.count.has_value()) {
      return fail(ErrorCode::kInvalidInput,
                  "the generator makes words without end, and --stop-at-end looks for one: give it "
                  "a count, or leave out --stop-at-end.");
    }
    if (known.size() > options_.partitions) {
      return fail(
          ErrorCode::kRefused,
          fmt::format("the generator had {} partitions when this job began, and has {} now: "
                      "give it as many as it had, or start over with `reset`.",
                      known.size(), options_.partitions));
    }
    std::vector<engine::SourcePartition> partitions;
    for (std::uint32_t i = 0; i < options_.partitions; ++i) {
      const std::string id = std::to_string(i);
      const auto same = std::find_if(known.begin(), known.end(),
                                     [&](const auto& partition) { return partition.id == id; });
      const std::string position = same == known.end() ? encode_index(0) : same->position;
      RHEON_ASSIGN(const bool more, has_more(i, position));
      partitions.push_back({id, "generator " + id, position, more});
    }
    return partitions;
  }

  std::unique_ptr<engine::SourceReader<std::string_view>> make_reader(
      const engine::SourceEnvironment& /*environment*/) const override {
    const std::lock_guard lock(mutex_);
    if (dictionary_ == nullptr) {
      dictionary_ = std::make_shared<const Dictionary>(
          options_.dictionary, options_.length.shortest, options_.length.longest, options_.seed);
    }
    return std::make_unique<WordReader>(dictionary_, options_);
  }

 private:
  /// Behind the position there are words of this partition.
  Result<bool> has_more(std::uint32_t partition, std::string_view position) const {
    RHEON_ASSIGN(const std::uint64_t index, decode_index(position));
    const std::uint64_t end = options_.count.has_value()
                                  ? share(*options_.count, partition, options_.partitions)
                                  : std::numeric_limits<std::uint64_t>::max();
    if (index > end) {
      return fail(ErrorCode::kRefused,
                  fmt::format("the generator has made more words already than the {} that it shall "
                              "make now: give it the count that it had, or a higher one, or start "
                              "over with `reset`.",
                              *options_.count));
    }
    return index < end;
  }

  Status check() const {
    if (options_.dictionary == 0 || options_.partitions == 0 ||
        options_.length.shortest > options_.length.longest ||
        options_.length.longest > Dictionary::kLongestWord) {
      return fail(
          ErrorCode::kInvalidInput,
          fmt::format("generator::words needs a dictionary of at least one word, at least one "
                      "partition, and lengths of at most {} from short to long.",
                      Dictionary::kLongestWord));
    }
    return {};
  }

  WordsOptions options_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Dictionary> dictionary_;  // made when first needed
};

}  // namespace

Source<std::string_view> words(const WordsOptions& options) {
  return {std::make_shared<const WordsConnector>(options)};
}

}  // namespace rheon::generator
