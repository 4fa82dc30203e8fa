#pragma once

#include "env/io_task.h"

namespace rheon::connect {

using env::IoTask;

}  // namespace rheon::connect
