#include "api/job.h"

namespace rheon {

Job::Job(std::string name, Parameters parameters)
    : builder_(std::make_shared<detail::GraphBuilder>()), parameters_(std::move(parameters)) {
  builder_->graph.job = std::move(name);
}

Job::~Job() = default;

void Job::replace_ends(std::shared_ptr<detail::StandIns> stand_ins) {
  builder_->stand_ins = std::move(stand_ins);
}

Result<graph::Graph> Job::finish() const {
  RHEON_TRY(parameters_.check());
  RHEON_TRY(graph::validate(builder_->graph));
  return builder_->graph;
}

template std::string Job::read(std::string_view, std::string_view, const std::string*);
template bool Job::read(std::string_view, std::string_view, const bool*);
template int Job::read(std::string_view, std::string_view, const int*);
template std::int64_t Job::read(std::string_view, std::string_view, const std::int64_t*);
template std::uint64_t Job::read(std::string_view, std::string_view, const std::uint64_t*);
template double Job::read(std::string_view, std::string_view, const double*);

}  // namespace rheon
