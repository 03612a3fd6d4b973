/* What the system did that it must never do: counted by class, the first ones printed. Safe for threads. */
#ifndef HOLDFAST_TESTS_CHAOS_PAYER_FINDINGS_H
#define HOLDFAST_TESTS_CHAOS_PAYER_FINDINGS_H

#include <stdint.h>

/* Class, the word that is printed. */
#define FINDING_CLASS_LIST(X)                                                                                          \
	X(LOST, "LOST")		  /* acknowledged, and not there */                                                    \
	X(DUPLICATE, "DUPLICATE") /* executed twice */                                                                 \
	X(PRESENT, "PRESENT")	  /* there, and refused or never asked for */                                          \
	X(STALE, "STALE")	  /* a read that shows an older state than has been shown or answered before */        \
	X(REORDERED, "REORDERED") /* an operation before one that had ended when it began */                           \
	X(BALANCE, "BALANCE")	  /* a balance that is not the sum of what happened */                                 \
	X(REPLAY, "REPLAY")	  /* a repeated request with another answer */                                         \
	X(GAP, "GAP")		  /* a position that the journal does not have */                                      \
	X(DIFFERENT, "DIFFERENT") /* the databases */                                                                  \
	X(ORDER, "ORDER")	  /* no order of an account's operations explains all answers */                       \
	X(OTHER, "WRONG")

enum finding_class {
#define X(name, word) FINDING_##name,
	FINDING_CLASS_LIST(X)
#undef X
	    FINDING_CLASSES
};

struct findings;

/* The word of each class. */
extern const char *const findings_word[FINDING_CLASSES];

/* Lines begin with `who`, which is borrowed; NULL: nothing is printed. NULL: no memory. */
struct findings *findings_new(const char *who);
void findings_free(struct findings *f);

/* One line of text; f may be NULL: nobody wants to know. */
void findings_add(struct findings *f, enum finding_class class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

uint64_t findings_count(const struct findings *f, enum finding_class class);
uint64_t findings_total(const struct findings *f);

#endif
