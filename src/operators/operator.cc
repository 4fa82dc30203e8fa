#include "operators/operator.h"

#include <stdexcept>

namespace rheon::operators {

void throw_quarantine_after_effect(const std::string& reason) {
  throw std::logic_error("quarantine(\"" + reason + "\") after an effect of the same call");
}

void throw_no_record_in_on_timer(const std::string& reason) {
  throw std::logic_error("there is no record in on_timer() to be dropped or quarantined (\"" +
                         reason + "\")");
}

}  // namespace rheon::operators
