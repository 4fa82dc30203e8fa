#pragma once

// What tests of jobs need: docs/testing.md. Link rheon::testing and GoogleTest.

#include "testing/topology.h"
#include "testing/verify_operator.h"
