#include "sessions.h"

int main(int argc, char** argv) { return rheon::main("sessions", sessions, argc, argv); }
