#pragma once

// Walks through every state that a small model can come to (T-16). A model has
//
//   State start() const;                   a value with operator<
//   std::vector<Step<State>> steps(state)  what may happen next, by any actor
//   std::string wrong(state)               what must never be so, as a sentence; empty: all is well
//   bool done(state)                       the actors may stop here
//
// explore() reports the first state, with the shortest way there, that is wrong, or in which
// nothing more can happen and which is not done (a lost wake-up), or on a way round for ever
// without a further fault. None of these: every run ends, and ends well, whatever happens before.

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace rheon::models {

template <class State>
struct Step {
  const char* name;
  State next;
  bool fault = false;  // nobody can rely on it: a crash, an error, a full disk
};

struct Report {
  std::size_t states = 0;
  std::string violation;  // a sentence; empty: none
  std::string way;        // the steps that lead there
};

template <class Model, class State = decltype(std::declval<Model>().start())>
[[nodiscard]] Report explore(const Model& model) {
  struct Seen {
    const State* from;
    const char* by;
    std::vector<Seen*> next{};  // without faults
    std::size_t ways_in = 0;    // likewise
  };
  std::map<State, Seen> seen;
  const auto violation = [&](std::string sentence, const State& state) {
    std::string way;
    for (const Seen* at = &seen.at(state); at->from != nullptr; at = &seen.at(*at->from)) {
      way.insert(0, std::string("\n  ") + at->by);
    }
    return Report{seen.size(), std::move(sentence), std::move(way)};
  };
  std::deque open{&*seen.emplace(model.start(), Seen{nullptr, ""}).first};
  for (; !open.empty(); open.pop_front()) {
    auto& [state, here] = *open.front();
    if (std::string sentence = model.wrong(state); !sentence.empty()) {
      return violation(std::move(sentence), state);
    }
    for (Step<State>& step : model.steps(state)) {
      const auto [to, is_new] = seen.emplace(std::move(step.next), Seen{&state, step.name});
      if (is_new) {
        open.push_back(&*to);
      }
      if (!step.fault) {
        here.next.push_back(&to->second);
        ++to->second.ways_in;
      }
    }
    if (here.next.empty() && !model.done(state)) {
      return violation("nothing can happen any more, and it is not done", state);
    }
  }
  // States that nothing leads to are taken away, again and again: what stays goes round.
  std::vector<Seen*> free;
  for (auto& [state, here] : seen) {
    if (here.ways_in == 0) {
      free.push_back(&here);
    }
  }
  for (std::size_t i = 0; i < free.size(); ++i) {
    for (Seen* next : free[i]->next) {
      if (--next->ways_in == 0) {
        free.push_back(next);
      }
    }
  }
  for (const auto& [state, here] : seen) {
    if (here.ways_in != 0) {
      return violation("it may go round for ever", state);
    }
  }
  return {seen.size(), {}, {}};
}

}  // namespace rheon::models
