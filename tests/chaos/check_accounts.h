/* For every account: is there an order of its operations that explains all answers? Does no I/O. */
#ifndef HOLDFAST_TESTS_CHAOS_CHECK_ACCOUNTS_H
#define HOLDFAST_TESTS_CHAOS_CHECK_ACCOUNTS_H

#include "tests/chaos/payer_record.h"

struct check_effort {
	size_t accounts, operations, largest; /* searched; together; of the account with the most */
};

/* ORDER: there is none, or it was not found out. What is used is times, amounts and answers alone, and no position: a payment that was never
 * answered may have happened at any time since or not at all. With executed (per operation), it is known whether it did. */
void check_accounts(const struct record *r, const bool *executed, struct findings *f, struct check_effort *ret);

#endif
