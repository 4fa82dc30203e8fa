#include <rheon/rheon.h>

#include "README-1"
