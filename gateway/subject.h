/* Whose failed logins are counted together. */
#ifndef HOLDFAST_GATEWAY_SUBJECT_H
#define HOLDFAST_GATEWAY_SUBJECT_H

#include <stddef.h>
#include <stdint.h>

/* Under what the failures of a login ('l'; without case) or of an address ('a'; of IPv6 the /64) are counted. */
void lockout_subject(char what, const char *name, size_t bytes, uint8_t ret[static 32]);

#endif
