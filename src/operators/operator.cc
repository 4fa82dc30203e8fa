#include "operators/operator.h"

#include <stdexcept>

namespace rheon::operators {

void throw_too_much_output() {
  throw std::length_error("one call emitted more than max_output_per_input (64 MiB)");
}

void throw_quarantine_after_effect(const std::string& reason) {
  throw std::logic_error("quarantine(\"" + reason + "\") after an effect of the same call");
}

void throw_no_record_in_on_timer(const std::string& reason) {
  throw std::logic_error("there is no record in on_timer() to be dropped or quarantined (\"" +
                         reason + "\")");
}

}  // namespace rheon::operators
