/* Random requests, few of which name what there is not. The same seed draws the same ones. */
#ifndef HOLDFAST_TESTS_DIFFERENTIAL_DRAWING_H
#define HOLDFAST_TESTS_DIFFERENTIAL_DRAWING_H

#include "tests/differential/naive.h"

/* Of what this ledger has; borrowed. */
void drawing_begin(struct naive *n, uint64_t seed);

uint64_t draw(uint64_t below);
bool once_in(uint64_t n);

/* One of so many, the newest mostly, or NOTHING. */
int draw_of(int count);

struct step draw_step(void);

/* Of a step that is a BATCH; of this episode. */
const struct legs *drawn_legs(const struct step *s);

#endif
