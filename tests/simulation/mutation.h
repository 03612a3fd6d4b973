/* Every guard off, one after the other and in the pairs that hide behind each other: is it missed? */
#ifndef HOLDFAST_TESTS_SIMULATION_MUTATION_H
#define HOLDFAST_TESTS_SIMULATION_MUTATION_H

#include "tests/simulation/mutant.h"

/* The mutants named (NULL-terminated), or all and the pairs. 0: each was caught, or is in the table of those that cannot be. */
int mutation_run(char **names);

#endif
