#include "engine/questions.h"

#include <algorithm>
#include <utility>

namespace rheon::engine {

bool Questions::ask(Question& question, const std::function<void()>& ring) {
  question.on_shard = [this, &question] {
    question.answer();
    done(question);
  };
  std::unique_lock lock(mutex_);
  if (closed_) {
    return false;
  }
  waiting_.push_back(&question);
  ring();
  answered_.wait(lock, [&question] { return question.done || question.refused; });
  return question.done;
}

std::vector<Questions::Question*> Questions::take() {
  const std::lock_guard lock(mutex_);
  asked_.insert(asked_.end(), waiting_.begin(), waiting_.end());
  return std::exchange(waiting_, {});
}

void Questions::done(Question& question) {
  const std::lock_guard lock(mutex_);
  std::erase(asked_, &question);
  question.done = true;
  answered_.notify_all();
}

void Questions::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto* questions : {&waiting_, &asked_}) {
    for (Question* question : *questions) {
      question->refused = true;
    }
    questions->clear();
  }
  answered_.notify_all();
}

}  // namespace rheon::engine
