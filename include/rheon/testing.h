#pragma once

// What tests of jobs need: docs/testing.md. Link rheon::testing and GoogleTest.

#include "testing/topology.h"
#include "testing/verify_operator.h"
#include "testing/verify_sink.h"
#include "testing/verify_source.h"
