#pragma once

// Our own client, alone, on the calling thread.

#include <array>
#include <span>
#include <string>

#include "../support/running_job.h"
#include "connect/kafka/patient_cluster.h"
#include "kafka/client/committed_records.h"
#include "kafka/client/fetcher.h"
#include "topics.h"

namespace rheon::bench {

/// After so many records a source's poll is over, and the next one begins with a look at what has
/// come.
inline constexpr std::size_t kPollRecords = 4096;

/// Reads all partitions of a topic as the source does; `take` is given each record, and `more` says
/// whether to go on, with how many there were.
template <class Take, class More>
void consume(env::Env& env, const Topics& topics, const std::string& topic,
             std::chrono::milliseconds max_wait, const std::vector<std::int64_t>& from, Take&& take,
             More&& more) {
  const auto parker = env.threads().make_parker();
  kafka::Cluster cluster(env.network(), *parker, env.random(),
                         connect::kafka::cluster_options(topics.place(topic), {}));
  kafka::Fetcher fetcher(cluster, env.random(), {.max_wait = max_wait});
  cluster.watch(std::set<std::string, std::less<>>{topic});
  std::vector<std::int64_t> positions = from;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    fetcher.add(topic, static_cast<std::int32_t>(i), {positions[i]});
  }
  std::array<kafka::wire::Record, 256> some;
  std::size_t taken = 0;
  while (more(taken)) {
    const env::Monotonic now = env.clock().monotonic();
    cluster.step(now);
    fetcher.step(now);
    auto piece = fetcher.next(now);
    must(piece.has_value() ? Status() : tl::unexpected(piece.error()));
    if (!piece->has_value()) {
      parker->park_until(
          std::min({cluster.deadline(), fetcher.deadline(), now + std::chrono::milliseconds{100}}));
      continue;
    }
    kafka::Fetched& come = **piece;
    kafka::CommittedRecords records(come.records, std::max(come.from, positions[come.partition]),
                                    std::move(come.aborted));
    for (;;) {
      const auto count = records.take(some);
      must(count.has_value() ? Status() : tl::unexpected(count.error()));
      if (*count == 0) {
        break;
      }
      for (const kafka::wire::Record& record : std::span(some).first(*count)) {
        take(record);
      }
      taken += *count;
      records.forget();
      // What has come meanwhile is taken from the socket, or its buffer fills and the broker waits.
      if (taken / kPollRecords != (taken - *count) / kPollRecords) {
        fetcher.step(env.clock().monotonic());
      }
    }
    positions[come.partition] = records.position();
  }
}

}  // namespace rheon::bench
