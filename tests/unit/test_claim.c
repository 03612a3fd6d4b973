/* When a standby may claim what its active does not ask for any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heartbeat/fitness.h"
#include "tests/unit/a_node.h"

/* A standby that hears its active, which has asked for no lease for a long time. */
static void standby(void)
{
	make(B);
	node.renewed_us = NOW_US - 2000000;
	assert_true(hb_claim_from_us(&node) < NOW_US);
}

/* The active may have given its lease up while nothing could be written here: it gets the time to ask again. */
static void who_could_write_nothing_claims_a_lease_later(void **state)
{
	(void)state;
	standby();
	node.storing_since_us = NOW_US - FIT_REGISTER_SLOW_US;
	step(NOW_US);
	assert_true(hb_claim_from_us(&node) < NOW_US);
	assert_int_equal(node.proposer.change.kind, HB_CHANGE_CLAIM);
	step(NOW_US + 1); /* what its own claim writes does not stop it */
	assert_true(hb_claim_from_us(&node) < NOW_US);
	standby();
	node.storing_since_us = NOW_US - FIT_REGISTER_SLOW_US - 1;
	step(NOW_US);
	assert_true(hb_claim_from_us(&node) == NOW_US + node.settings.lease_us);
	node.storing_since_us = 0; /* it is written */
	step(NOW_US + 1);
	assert_true(hb_claim_from_us(&node) == NOW_US + node.settings.lease_us);
}

/* Of an active that is gone nothing can be missed. */
static void a_slow_disk_does_not_keep_from_claiming_after_a_death(void **state)
{
	(void)state;
	standby();
	node.peer[A].heard_us = NOW_US - node.settings.lease_us;
	node.storing_since_us = NOW_US - FIT_REGISTER_SLOW_US - 1;
	step(NOW_US);
	assert_true(hb_claim_from_us(&node) < NOW_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_could_write_nothing_claims_a_lease_later),
	    cmocka_unit_test(a_slow_disk_does_not_keep_from_claiming_after_a_death),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
