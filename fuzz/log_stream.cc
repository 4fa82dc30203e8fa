// Streams of a fuzzed data directory: listed, read, shown, and followed by a job.

#include "connect/stream/in.h"
#include "log/files/stream_reader.h"
#include "run/stream_commands.h"
#include "support/input.h"
#include "support/log_job.h"
#include "support/seal.h"
#include "support/seeds.h"
#include "support/text_output.h"

namespace rheon::fuzz {
namespace {

using env::fake::FakeEnv;

/// Batches of a partition come in order, each of them once.
void read_partition(log::files::StreamReader& reader, std::uint32_t partition) {
  auto position = reader.oldest(partition);
  while (position.has_value()) {
    const auto batches = reader.read(partition, *position, /*max_bytes=*/100);
    if (!batches.has_value() || batches->empty()) {
      return;
    }
    for (const log::files::StreamBatchView& batch : *batches) {
      RHEON_ASSERT(batch.partition == partition && batch.sequence == position->next_batch,
                   "a batch is not the next one");
      ++position->next_batch;
    }
  }
}

void read_stream(FakeEnv& env, const std::string& name) {
  const auto reader = log::files::open_stream(env.files(), kDataDirectory, name);
  if (!reader.has_value()) {
    return;
  }
  static_cast<void>((*reader)->size());
  for (std::uint32_t partition = 0; partition < (*reader)->info().partitions; ++partition) {
    read_partition(**reader, partition);
  }
  static_cast<void>((*reader)->refresh());
}

/// As a job does that goes on from stored positions.
void follow_stream(FakeEnv& env, const std::string& name) {
  engine::SourceEnvironment environment;
  environment.env = &env;
  environment.stop_at_end = true;
  const auto connector = streams::in<std::string_view>(kDataDirectory, name).connector;
  const auto partitions = connector->discover(environment, {});
  if (!partitions.has_value()) {
    return;
  }
  const auto reader = connector->make_any_reader(environment);
  for (const engine::SourcePartition& partition : *partitions) {
    reader->assign(partition);
  }
  TextOutput output;
  if (!poll_through(*reader, output, env).has_value()) {
    return;
  }
  std::vector<engine::SourcePartition> known = *partitions;
  for (std::size_t i = 0; i < known.size(); ++i) {
    known[i].position = reader->position(i);
  }
  RHEON_ASSERT(connector->discover(environment, known).has_value(),
               "a position that a reader has given is refused");
}

}  // namespace

Seeds seeds() {
  const std::string some = directory_after(12);
  return {{"plain", '\0' + some}, {"sealed", '\1' + some}, {"fresh", '\1' + directory_after(0)}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  env::fake::FakeEnv env;
  fuzz::make_fuzzed_directory(env.files(), fuzz::Input(data, size));
  static_cast<void>(run::list_streams(env, fuzz::kDataDirectory, /*json=*/true));
  const auto names = env.files().list(env::join(fuzz::kDataDirectory, "stream"));
  for (const std::string& name : names.value_or(std::vector<std::string>{})) {
    fuzz::read_stream(env, name);
    fuzz::follow_stream(env, name);
    static_cast<void>(run::cat_stream(env, fuzz::kDataDirectory, name));
  }
  return 0;
}
