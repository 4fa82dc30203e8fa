#include "connect/stream/stream_fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "codec/wire.h"
#include "engine/quarantine.h"

namespace rheon::connect::stream {
namespace {

constexpr std::uint8_t kPositionVersion = 1;

Error not_there(const StreamPlace& place, const char* advice) {
  return {ErrorCode::kInvalidInput, fmt::format("there is no stream '{}' in '{}'. {}", place.stream,
                                                place.directory, advice)};
}

/// For somebody who waits for a stream that is not there: a name may be misspelt.
std::string what_is_there(env::Files& files, const StreamPlace& place) {
  const auto directory = files.info(place.directory);
  if (!directory.has_value() && directory.error().code == ErrorCode::kNotFound) {
    return fmt::format("There is no directory '{}' yet.", place.directory);
  }
  const auto streams = log::files::list_streams(files, place.directory);
  if (!streams.has_value()) {
    return fmt::format("'{}' cannot be looked into: {}.", place.directory, streams.error().message);
  }
  if (streams->empty()) {
    return fmt::format("'{}' is there, and no job has run in it yet.", place.directory);
  }
  std::string names;
  for (const auto& stream : *streams) {
    if (stream.name != engine::kQuarantineStream) {
      names += fmt::format("{}'{}'", names.empty() ? "" : ", ", stream.name);
    }
  }
  return names.empty()
             ? fmt::format("'{}' has no streams yet.", place.directory)
             : fmt::format("'{}' has {}, but not '{}'.", place.directory, names, place.stream);
}

/// The job that would write the stream is complete, and has not written it.
bool never_comes(env::Files& files, const StreamPlace& place) {
  const auto streams = log::files::list_streams(files, place.directory);
  return streams.has_value() && !streams->empty() &&
         std::all_of(streams->begin(), streams->end(),
                     [](const auto& stream) { return stream.sealed; });
}

}  // namespace

std::string describe(const StreamPlace& place) {
  return fmt::format("stream '{}' in '{}'", place.stream, place.directory);
}

std::string encode(const PartitionPosition& position) {
  std::string out;
  codec::put_u8(out, kPositionVersion);
  codec::put_u64(out, position.batch.incarnation.high);
  codec::put_u64(out, position.batch.incarnation.low);
  codec::put_varint(out, position.batch.next_batch);
  codec::put_varint(out, position.records);
  return out;
}

Result<PartitionPosition> decode_position(std::string_view bytes) {
  codec::Reader in(bytes);
  const bool known = in.u8() == kPositionVersion;
  PartitionPosition position;
  position.batch.incarnation.high = in.u64();
  position.batch.incarnation.low = in.u64();
  position.batch.next_batch = in.varint();
  position.records = static_cast<std::uint32_t>(in.varint());
  if (!known || in.failed() || !in.at_end()) {
    return fail(ErrorCode::kRefused,
                "a stored position in a stream cannot be read by this build: run the version of "
                "Rheon that wrote it, or a newer one");
  }
  return position;
}

Result<std::vector<engine::SourcePartition>> discover_stream(
    engine::SourceEnvironment& environment, const StreamPlace& place,
    const std::vector<engine::SourcePartition>& known,
    const std::function<Status(std::string_view type, std::string_view stream)>& check_type) {
  auto reader = log::files::open_stream(environment.env->files(), place.directory, place.stream);
  if (!reader && reader.error().code == ErrorCode::kNotFound) {
    if (!known.empty()) {
      Error gone =
          not_there(place, "This job has read it before: bring it back, or `reset` this job.");
      gone.code = ErrorCode::kRefused;
      return tl::unexpected(std::move(gone));
    }
    if (environment.stop_at_end) {
      return tl::unexpected(not_there(
          place, "Start the job that writes it first, or leave out --stop-at-end to wait for it."));
    }
    if (never_comes(environment.env->files(), place)) {
      return tl::unexpected(not_there(place,
                                      "The job that runs there is complete, and will write none: "
                                      "check the names of both."));
    }
    environment.found_nothing = what_is_there(environment.env->files(), place);
    return std::vector<engine::SourcePartition>{};
  }
  if (!reader) {
    return tl::unexpected(std::move(reader).error());
  }
  const log::files::StreamInfo& info = (*reader)->info();
  const std::string name = describe(place);
  RHEON_TRY(check_type(info.type, name));
  std::vector<engine::SourcePartition> partitions;
  for (std::uint32_t i = 0; i < info.partitions; ++i) {
    engine::SourcePartition partition;
    partition.id = std::to_string(i);
    partition.label = fmt::format("{} of {}", name, i);
    PartitionPosition position;
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const auto& before) { return before.id == partition.id; });
    if (same != known.end()) {
      RHEON_ASSIGN(position, decode_position(same->position));
    } else {
      RHEON_ASSIGN(position.batch, (*reader)->oldest(i));
    }
    // Says whether the position is still there, in the log's own words. A reader that is at work
    // may have passed it long ago: it says so itself.
    if (same == known.end() || !environment.running) {
      RHEON_ASSIGN(partition.more, (*reader)->more(i, position.batch));
    }
    partition.position = encode(position);
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

StreamFetcher::StreamFetcher(const engine::SourceEnvironment& environment, StreamPlace place)
    : env_(*environment.env),
      place_(std::move(place)),
      stop_at_end_(environment.stop_at_end),
      task_(env_.io(), environment.waker) {}

void StreamFetcher::assign(std::uint32_t partition, const log::files::StreamPosition& position) {
  Lane lane;
  lane.partition = partition;
  lane.next = position;
  assigned_.push_back(std::move(lane));
}

Status StreamFetcher::pump() {
  if (task_.pending()) {
    return {};
  }
  collect();
  RHEON_TRY(status_);
  std::move(assigned_.begin(), assigned_.end(), std::back_inserter(lanes_));
  assigned_.clear();
  start_fetch();
  return {};
}

void StreamFetcher::collect() {
  if (!std::exchange(fetching_, false) || !status_) {
    return;
  }
  type_ = reader_->info().type;
  bool came = false;
  for (Lane& lane : lanes_) {
    if (!std::exchange(lane.wanted, false)) {
      continue;
    }
    lane.at_end = lane.fetched.empty();
    lane.sealed = lane.at_end && (reader_->info().sealed || stop_at_end_);
    came = came || !lane.at_end;
    std::move(lane.fetched.begin(), lane.fetched.end(), std::back_inserter(lane.ready));
    lane.fetched.clear();
  }
  look_again_after_ = came ? kLookAgainFirst : std::min(2 * look_again_after_, kLookAgainAtMost);
  look_again_at_ = env_.clock().monotonic() + look_again_after_;
}

void StreamFetcher::start_fetch() {
  const bool again = env_.clock().monotonic() >= look_again_at_;
  look_again_ = false;
  for (Lane& lane : lanes_) {
    lane.wanted = lane.ready.size() < 2 && !lane.sealed && (!lane.at_end || again);
    look_again_ = look_again_ || (lane.wanted && lane.at_end);
    fetching_ = fetching_ || lane.wanted;
  }
  if (fetching_) {
    task_.submit([this] { status_ = fetch(); });
  }
}

Status StreamFetcher::fetch() {
  if (reader_ == nullptr) {
    auto opened = log::files::open_stream(env_.files(), place_.directory, place_.stream);
    if (!opened) {
      return tl::unexpected(std::move(opened).error());
    }
    reader_ = std::move(*opened);
  } else if (look_again_) {
    RHEON_TRY(reader_->refresh());
  }
  for (Lane& lane : lanes_) {
    if (!lane.wanted) {
      continue;
    }
    RHEON_ASSIGN(lane.fetched, reader_->read(lane.partition, lane.next, kFetchBytes));
    if (!lane.fetched.empty()) {
      lane.next.next_batch = lane.fetched.back().sequence + 1;
    }
  }
  return {};
}

StreamFetcher::State StreamFetcher::state(std::size_t index) const {
  if (index >= lanes_.size()) {
    return State::kWaiting;
  }
  const Lane& lane = lanes_[index];
  if (!lane.ready.empty()) {
    return State::kBatch;
  }
  if (lane.sealed) {
    return State::kEnded;
  }
  return lane.at_end ? State::kAtEnd : State::kWaiting;
}

log::files::StreamBatchView StreamFetcher::take(std::size_t index) {
  log::files::StreamBatchView batch = std::move(lanes_[index].ready.front());
  lanes_[index].ready.pop_front();
  return batch;
}

}  // namespace rheon::connect::stream
