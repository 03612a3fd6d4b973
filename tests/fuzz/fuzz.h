/* What the fuzzers have in common: NAME [SECONDS (1) [SEED]]; the same seed tries the same. */
#ifndef HOLDFAST_TESTS_FUZZ_FUZZ_H
#define HOLDFAST_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stdint.h>

/* Says which seed it is, so that a crash can be had again. False: the arguments are none, or libsodium does not work. */
bool fuzz_begin(const char *name, int argc, char **argv);

/* Until the seconds have passed. */
bool fuzz_goes_on(void);

/* A number below that. */
uint64_t draw(uint64_t below);

/* Aborts, with the reason, unless it is good. */
void insist(bool good, const char *what);

#endif
