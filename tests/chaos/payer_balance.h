/* Balances worked out from the history alone, against those that the system shows. */
#ifndef HOLDFAST_TESTS_CHAOS_PAYER_BALANCE_H
#define HOLDFAST_TESTS_CHAOS_PAYER_BALANCE_H

#include "tests/chaos/payer_record.h"

/* executed[i]: operation i took effect. posted[a]: what account a shows now. An account that is off is
 * explained by the operation that was executed twice, or not at all, where one fits. */
void balance_check_final(const struct record *r, const bool *executed, const int64_t *posted, struct findings *f);

/* Every balance that was read during the load is the sum of what had happened up to the position it names. */
void balance_check_reads(const struct record *r, const bool *executed, struct findings *f);

#endif
