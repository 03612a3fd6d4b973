/* Does anybody miss a guard that is switched off? */
#ifndef HOLDFAST_TESTS_SIMULATION_MUTATION_H
#define HOLDFAST_TESTS_SIMULATION_MUTATION_H

#include <stdbool.h>

/* Reads the schedules of a directory: those that name guards are tried first when these are off. False, with
 * a message: they cannot be read. */
bool mutation_aim(const char *directory);

/* Every guard alone, or with those that do its work when it is off, and the pairs of the specification; or the guards named.
 * After the schedules aimed at it, so many seeds: what breaks without the guards must hold with them. 0 if each was caught. */
int mutation_run(unsigned long seeds, char **names);

#endif
