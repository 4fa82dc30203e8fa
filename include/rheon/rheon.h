#pragma once

// Everything a job needs. `#include <rheon/rheon.h>`, write a function that takes a Job&, hand it
// to rheon::main.

#include <chrono>

#include "api/job.h"
#include "connect/console/lines.h"
#include "connect/console/lines_out.h"
#include "connect/discard/discard.h"
#include "connect/files/csv.h"
#include "connect/files/lines.h"
#include "connect/generator/words.h"
#include "connect/kafka/in.h"
#include "connect/kafka/out.h"
#include "connect/stream/in.h"
#include "connect/stream/out.h"
#include "operators/operator.h"
#include "run/main.h"

namespace rheon {
using namespace std::chrono_literals;  // ttl(24h), for those who use this namespace
}
