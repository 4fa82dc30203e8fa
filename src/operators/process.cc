#include "operators/process.h"

namespace rheon::operators {

std::string late_reason(EventTime time, EventTime watermark) {
  return "late: its event time " + std::to_string(time.micros) + " us lies before the watermark " +
         std::to_string(watermark.micros) + " us";
}

}  // namespace rheon::operators
