#pragma once

// Everything a job needs. `#include <rheon/rheon.h>`, write a function that takes a Job&, hand it
// to rheon::main.

#include "api/job.h"
#include "connect/console/console.h"
#include "connect/discard/discard.h"
#include "connect/files/csv.h"
#include "connect/files/lines.h"
#include "connect/generator/generator.h"
#include "connect/memory/memory.h"
#include "connect/stream/stream.h"
#include "operators/operator.h"
#include "run/main.h"
