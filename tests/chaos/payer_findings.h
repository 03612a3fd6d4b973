/* What the system did that it must never do: counted by class, the first ones printed. Safe for threads. */
#ifndef HOLDFAST_TESTS_CHAOS_PAYER_FINDINGS_H
#define HOLDFAST_TESTS_CHAOS_PAYER_FINDINGS_H

#include <stdint.h>

enum finding_class { FINDING_LOST, FINDING_DUPLICATE, FINDING_OTHER, FINDING_CLASSES };

struct findings;

/* NULL: no memory. */
struct findings *findings_new(void);
void findings_free(struct findings *f);

/* One line of text; f may be NULL: nobody wants to know. */
void findings_add(struct findings *f, enum finding_class class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

uint64_t findings_count(const struct findings *f, enum finding_class class);

#endif
