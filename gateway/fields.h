/* The members of a request's JSON body: one table a route says what each must be. No I/O. */
#ifndef HOLDFAST_GATEWAY_FIELDS_H
#define HOLDFAST_GATEWAY_FIELDS_H

#include <stdbool.h>

#include "gateway/intake.h"

/* Reads in->root into in->m. All errors at once; false with in->refusal filled. */
bool fields_read(struct intake *in);

#endif
