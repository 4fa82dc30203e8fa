#include "log/files/stream_reader.h"
