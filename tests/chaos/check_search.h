/* Is there an order of the operations on one account that explains every answer? A search over all of them. Does no I/O. */
#ifndef HOLDFAST_TESTS_CHAOS_CHECK_SEARCH_H
#define HOLDFAST_TESTS_CHAOS_CHECK_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEARCH_NEVER UINT64_MAX

enum search_kind {
	SEARCH_ADD,    /* the balance changes by amount, and is not below 0 afterwards if amount is negative */
	SEARCH_READ,   /* the balance is amount */
	SEARCH_REFUSED /* the balance is below amount */
};

struct search_op {
	uint64_t call_us, return_us; /* SEARCH_NEVER: no answer, it may take effect at any later time */
	int64_t amount;
	enum search_kind kind;
	bool optional; /* nobody knows whether it took effect; return_us is SEARCH_NEVER */
};

enum search_result { SEARCH_FOUND, SEARCH_IMPOSSIBLE, SEARCH_UNDECIDED, SEARCH_NO_MEMORY };

/* SEARCH_FOUND: the operations can be put into one order in which each lies between its call and its return, none that ended before another
 * began comes after it, and all answers are right, from a balance of 0. SEARCH_IMPOSSIBLE: all orders were ruled out, and *stuck is the
 * operation whose end the longest of them did not get past. SEARCH_UNDECIDED: more than states_max were looked at.
 *
 * The algorithm is that of Wing and Gong (1993) with what Lowe ("Testing for linearizability", 2017) added to it: no set of operations is
 * looked at twice. The balance follows from the set. A set is remembered by 128 bits that are drawn for each of its members and summed
 * without carry (Zobrist 1970): two of a million sets are taken for one with a chance of 1 in 10^26. */
enum search_result search_run(const struct search_op *op, size_t ops, size_t states_max, size_t *stuck);

#endif
