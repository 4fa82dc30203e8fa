#include "operators/state_handles.h"

#include <optional>

namespace rheon {

namespace operators {

state::StateDeclaration declaration(const OperatorBase& op, NamedState name, state::StateKind kind,
                                    std::string sub_schema, std::string value_schema,
                                    state::Lifetime lifetime, const state::ValueOps& ops) {
  return {std::move(name.name),    kind,     op.key_schema, std::move(sub_schema),
          std::move(value_schema), lifetime, &ops,          std::move(name.renamed)};
}

}  // namespace operators

Counter::Counter(operators::OperatorBase& op, std::string name, state::Lifetime lifetime,
                 RenamedFrom renamed)
    : op_(op),
      state_(op.declare(operators::declaration(op, {std::move(name), std::move(renamed)},
                                               state::StateKind::kCounter, "",
                                               codec::ValueCodec<std::uint64_t>::schema(), lifetime,
                                               state::plain_ops<std::uint64_t>()))) {}

void Counter::clear() {
  if (op_.undoable()) {
    remember();
  }
  op_.remove(state_);
}

void Counter::remember() {
  std::optional<std::uint64_t> old;
  if (const void* value = op_.find(state_)) {
    old = *static_cast<const std::uint64_t*>(value);
  }
  op_.on_undo(state_, [this, old] {
    if (old.has_value()) {
      *static_cast<std::uint64_t*>(op_.write(state_)) = *old;
    } else {
      op_.remove(state_);
    }
  });
}

}  // namespace rheon
