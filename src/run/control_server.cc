#include "run/control_server.h"

#include "run/answers.h"

namespace rheon::run {

std::string control_path(const std::string& data_directory) {
  return env::join(data_directory, "control");
}

Result<std::unique_ptr<ControlServer>> ControlServer::start(env::Env& env,
                                                            const std::string& directory) {
  std::unique_ptr<ControlServer> control(new ControlServer(env));
  RHEON_ASSIGN(control->server_,
               env.sockets().serve(control_path(directory),
                                   [self = control.get()](const std::string& request) {
                                     return self->answer(request);
                                   }));
  return control;
}

void ControlServer::attach(engine::Worker& worker) {
  const std::lock_guard lock(mutex_);
  worker_ = &worker;
}

void ControlServer::detach(engine::Worker& worker) {
  worker.refuse_questions();  // so that the answer under way comes to an end
  const std::lock_guard lock(mutex_);
  worker_ = nullptr;
}

std::string ControlServer::answer(const std::string& request) {
  const Result<Question> question = question_of(request);
  if (!question.has_value()) {
    return error_answer(question.error());
  }
  const std::lock_guard lock(mutex_);
  if (worker_ == nullptr) {
    return error_answer(
        {ErrorCode::kNotFound, "the job is starting or stopping. Ask again in a moment."});
  }
  const std::unique_ptr<JobView> view = view_running(*worker_);
  return run::answer(env_, *view, *question);
}

}  // namespace rheon::run
