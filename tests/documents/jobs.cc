#include "jobs-1"
