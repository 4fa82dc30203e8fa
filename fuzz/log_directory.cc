// Whole data directories (docs/formats/log.md): dump, check, salvage, adopt, open. As they are, or
// with checksums that fit (support/seal.h).

#include <algorithm>

#include "log/files/inspect.h"
#include "support/input.h"
#include "support/log_job.h"
#include "support/seal.h"
#include "support/seeds.h"

namespace rheon::fuzz {
namespace {

using env::fake::FakeEnv;

/// Reads state as an engine would that knows nothing of its types.
class Reader final : public log::RestoreVisitor {
 public:
  Status on_slice(const log::SliceAddress& /*address*/, Epoch /*as_of*/,
                  std::string_view blob) override {
    return read(blob);
  }
  Status on_delta(Epoch /*epoch*/, std::string_view blob) override { return read(blob); }

 private:
  static Status read(std::string_view blob) {
    codec::DeltaReader reader(blob);
    codec::DeltaSection section;
    while (reader.next(section)) {
      codec::DeltaEntryReader entries(section.entries);
      codec::DeltaEntry entry;
      while (entries.next(entry)) {
      }
    }
    return {};
  }
};

/// What the log's files name must not lead out of their directory.
void check_nothing_outside(FakeEnv& env) {
  const std::vector<std::string> names = *env.files().list("/");
  RHEON_ASSERT(
      std::all_of(names.begin(), names.end(),
                  [](const auto& name) { return name == kDataDirectory || name == "saved"; }),
      "a file was made outside of the data directory");
}

/// What opens can be read and goes on; what it has committed is there when it opens again.
[[nodiscard]] bool check_open(FakeEnv& env, log::files::OpenOptions options) {
  Epoch epoch;
  {
    auto opened = log::files::open(env, options);
    if (!opened.has_value()) {
      return false;
    }
    Reader reader;
    static_cast<void>(opened->log->restore([](KeyGroup) { return true; }, reader));
    epoch = opened->opened.epoch;
    const auto events = commit_next(env, *opened->log, Epoch{epoch.value + 1});
    if (events.empty() || events.front().kind != log::Event::Kind::kCommitted) {
      return true;
    }
  }
  const auto again = log::files::open(env, options);
  RHEON_ASSERT(again.has_value() && again->opened.epoch.value == epoch.value + 1,
               "a log that was opened and has committed cannot be opened");
  return true;
}

void check_directory(FakeEnv& env) {
  static_cast<void>(log::files::dump(env.files(), kDataDirectory));
  static_cast<void>(log::files::check(env.files(), kDataDirectory));

  log::files::OpenOptions options = log_options();
  options.directory = "saved";
  if (const auto saved = log::files::salvage(env, kDataDirectory, "saved"); saved.has_value()) {
    static_cast<void>(log::files::check(env.files(), "saved"));
    static_cast<void>(check_open(env, options));
  }
  if (!check_open(env, log_options()) &&
      log::files::adopt(env, kDataDirectory, log_options().job).has_value()) {
    static_cast<void>(check_open(env, log_options()));
  }
}

}  // namespace

Seeds seeds() {
  const std::string few = directory_after(2);
  const std::string many = directory_after(30);
  return {{"few", '\0' + few},
          {"few_sealed", '\1' + few},
          {"many", '\0' + many},
          {"many_sealed", '\1' + many},
          {"fresh_sealed", '\1' + directory_after(0)}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  env::fake::FakeEnv env;
  fuzz::make_fuzzed_directory(env.files(), fuzz::Input(data, size));
  fuzz::check_directory(env);
  fuzz::check_nothing_outside(env);
  return 0;
}
