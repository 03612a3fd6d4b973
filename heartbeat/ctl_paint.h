/* Colour, where somebody looks: on a terminal that has not been told otherwise. */
#ifndef HOLDFAST_HEARTBEAT_CTL_PAINT_H
#define HOLDFAST_HEARTBEAT_CTL_PAINT_H

#include <stdbool.h>
#include <stdio.h>

enum ctl_paint { PAINT_NONE, PAINT_GOOD, PAINT_CARE, PAINT_BAD, PAINT_FAINT };

/* Is f a terminal, NO_COLOR (no-color.org) not set or empty, and TERM neither missing nor "dumb"? */
bool ctl_paint_wanted(FILE *f);

/* What switches f to that colour, and back with PAINT_NONE; "" where none is wanted. Static. */
const char *ctl_paint(FILE *f, enum ctl_paint colour);

#endif
