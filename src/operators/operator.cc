#include "operators/operator.h"

#include <stdexcept>

namespace rheon::operators {

void throw_no_record_in_on_timer(const std::string& reason) {
  throw std::logic_error("there is no record in on_timer() to be dropped or quarantined (\"" +
                         reason + "\")");
}

void throw_second_disposition(const std::string& first, const std::string& second) {
  throw std::logic_error("a record is dropped or quarantined once: one call has said it twice (\"" +
                         first + "\", then \"" + second + "\")");
}

void check_disposition(Disposition disposition, const std::string& reason, bool emitted,
                       bool written) {
  if (disposition == Disposition::kQuarantined && (emitted || written)) {
    throw std::logic_error("quarantine(\"" + reason + "\") in a call that has " +
                           (emitted ? "emitted" : "changed state"));
  }
  if (disposition == Disposition::kDropped && emitted) {
    throw std::logic_error("drop(\"" + reason + "\") in a call that has emitted");
  }
}

}  // namespace rheon::operators
