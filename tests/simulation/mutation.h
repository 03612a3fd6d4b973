/* Does anybody miss a guard that is switched off? */
#ifndef HOLDFAST_TESTS_SIMULATION_MUTATION_H
#define HOLDFAST_TESTS_SIMULATION_MUTATION_H

#include <stdbool.h>

/* Reads the schedules of a directory: those that name guards are tried first when these are off. All have to hold when
 * they are on, or false is returned, with a message. */
bool mutation_aim(const char *directory);

/* Every guard alone, and the pairs that hide behind each other; or the guards named, each alone. After the schedules aimed at it,
 * so many seeds. 0 if each was caught, but for those that are known not to be. */
int mutation_run(unsigned long seeds, char **names);

#endif
