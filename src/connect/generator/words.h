#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "connect/source.h"

namespace rheon::generator {

struct LengthRange {
  std::uint32_t shortest = 4;
  std::uint32_t longest = 12;
};

struct WordsOptions {
  std::uint32_t dictionary = 9000;  // different words
  std::uint64_t seed = 1;           // another seed: another dictionary, another order
  std::optional<std::uint64_t> count = std::nullopt;  // words in all; none: without end
  std::uint64_t rate = 0;                             // words a second in all; 0: as fast as can be
  LengthRange length = {};                            // of a word; letters a-z
  std::uint32_t partitions = 4;                       // fixed: word i of a partition depends on it
};

/// Words drawn at random, every one as likely, from a dictionary that is made up. The same options
/// give the same words, on every machine and after every restart. At a rate, words come when the
/// job's clock says so; time while the job did not run does not count.
///
///     job.from("words", generator::words({.count = 1'000'000}))
[[nodiscard]] Source<std::string_view> words(const WordsOptions& options = {});

}  // namespace rheon::generator
