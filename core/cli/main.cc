// The program: everything is in the library, where the suites can reach it.
#include "core/cli/cli.h"

int main(int argc, char** argv) { return tasker::cli::run(argc, argv); }
