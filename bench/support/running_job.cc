#include "running_job.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "api/parameters.h"
#include "engine/thread_driver.h"

namespace rheon::bench {

void must(const Status& status) {
  if (!status.has_value()) {
    fmt::print(stderr, "bench: {}\n", status.error().message);
    std::exit(2);
  }
}

engine::Plan plan_of(const std::string& name, const std::function<void(Job&)>& describe) {
  Job job(name, Parameters({}, /*complete=*/true));
  describe(job);
  Result<graph::Graph> graph = job.finish();
  if (!graph.has_value()) {
    must(tl::unexpected(graph.error()));
  }
  return engine::make_plan(std::move(*graph));
}

RunningJob::RunningJob(env::Env& env, const std::function<void(Job&)>& describe,
                       engine::WorkerOptions options, const std::string& name)
    : worker_(env, plan_of(name, describe), std::move(options)) {
  must(worker_.open());
  thread_ = env.threads().start("coordinator", [this, &env] {
    must(engine::drive(env, worker_, std::chrono::seconds{1}, [] {}));
  });
}

RunningJob::~RunningJob() {
  worker_.request_stop();
  thread_.reset();  // joins
}

engine::WorkerOptions in_memory(std::uint32_t shards) {
  engine::WorkerOptions options;
  options.shards = shards;
  options.durable = false;
  return options;
}

engine::WorkerOptions logged(std::uint32_t shards, const std::string& directory) {
  engine::WorkerOptions options;
  options.shards = shards;
  options.directory = directory;
  return options;
}

}  // namespace rheon::bench
