/* ISO 4217: which codes there are and how many decimals their minor unit has. Pure. */
#ifndef HOLDFAST_GATEWAY_CURRENCY_H
#define HOLDFAST_GATEWAY_CURRENCY_H

#include <stdbool.h>
#include <stddef.h>

/* The exponent (0, 2, 3 or 4), or -1 when text is no currency code. */
int currency_exponent(const char *text, size_t length);

/* The i-th code, terminated. False: there are not so many. */
bool currency_word(unsigned i, char ret[static 4]);

#endif
