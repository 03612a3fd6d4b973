/* heartbeat/node_fit.c: an active whom nobody reaches, and a standby that could not hold the address either. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "heartbeat/fitness.h"
#include "tests/unit/a_node.h"

static int active_is_here(void **state)
{
	(void)state;
	make(A);
	node.ledger.barrier_epoch = node.repl.opened_epoch = 4;
	node.vip_watched = true;
	return 0;
}

static int active_is_there(void **state)
{
	(void)state;
	make(B);
	node.vip_watched = true;
	return 0;
}

static void missing_since(uint64_t since_us)
{
	node.no_vip_us = since_us;
	hb_address_look(&node, true, NOW_US);
}

static void the_role_goes_to_who_can_hold_the_address(void **state)
{
	(void)state;
	missing_since(NOW_US - FIT_ADDRESS_US);
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_NONE);
	missing_since(NOW_US - FIT_ADDRESS_US - 1);
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_ADDRESS_MISSING);
	assert_int_equal(wanted().kind, HB_CHANGE_HAND);
	node.peer[B].facts.fit = 0; /* it is no better: the role stays */
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	assert_true(hb_fit_to_renew(&node, NOW_US));
}

/* Without a word from the kernel nobody knows; without a lease nobody is asked to hold it. */
static void it_is_missed_only_where_it_is_asked_for(void **state)
{
	(void)state;
	missing_since(NOW_US - FIT_ADDRESS_US - 1);
	node.vip_watched = false;
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_NONE);
	node.vip_watched = true;
	node.proposer.pending = true; /* it is being handed over: that is not given up half way */
	hb_address_look(&node, false, NOW_US);
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_ADDRESS_MISSING);
	node.proposer.pending = false;
	hb_address_look(&node, false, NOW_US);
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_NONE);
	missing_since(0);
	assert_int_equal(node.no_vip_us, NOW_US);
	node.holds_vip = true;
	hb_address_look(&node, true, NOW_US);
	assert_int_equal(node.no_vip_us, 0);
}

static void who_does_not_listen_is_handed_nothing_and_may_claim(void **state)
{
	(void)state;
	node.vip_deaf_us = NOW_US - FIT_ADDRESS_DEAF_US;
	assert_true(hb_is_fit(&node, NOW_US));
	node.vip_deaf_us--;
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_ADDRESS_DEAF);
	assert_false(hb_is_fit(&node, NOW_US));
	node.renewed_us = NOW_US - 2 * node.settings.lease_us;
	assert_int_equal(wanted().kind, HB_CHANGE_CLAIM);
}

static void the_record_names_the_other(void)
{
	node.known.active = node.acceptor.reg.accepted.active = B;
	node.my_epoch = 0;
	node.serving = node.opened = false;
	hb_address_look(&node, false, NOW_US);
}

/* keepalived listened and did not take it, as without a link: whether it would now is not seen before it is tried again. */
static void who_could_not_take_it_is_handed_nothing_for_a_while(void **state)
{
	(void)state;
	missing_since(NOW_US - FIT_ADDRESS_US - 1);
	the_record_names_the_other();
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_ADDRESS_FAILED);
	node.repl_us = node.ledger_us = NOW_US + FIT_ADDRESS_AGAIN_US;
	assert_int_equal(hb_ill(&node, NOW_US + FIT_ADDRESS_AGAIN_US), HB_ILL_NONE);
}

/* So it goes to and fro less and less, where it comes to neither. */
static void who_could_not_take_it_again_is_handed_nothing_for_longer(void **state)
{
	uint64_t again_us = FIT_ADDRESS_AGAIN_US;

	(void)state;
	for (unsigned i = 0; i <= FIT_ADDRESS_DOUBLED + 1; i++) {
		(void)active_is_here(state);
		node.vip_failures = i;
		node.vip_failed_us = i ? NOW_US - FIT_ADDRESS_US - 2 : 0;
		missing_since(NOW_US - FIT_ADDRESS_US - 1);
		hb_address_look(&node, true, NOW_US); /* the same time once more */
		assert_int_equal(node.vip_failures, i + 1);
		the_record_names_the_other();
		node.repl_us = node.ledger_us = NOW_US + again_us - 1;
		assert_int_equal(hb_ill(&node, NOW_US + again_us - 1), HB_ILL_ADDRESS_FAILED);
		assert_int_equal(hb_ill(&node, NOW_US + again_us), HB_ILL_NONE);
		again_us *= i < FIT_ADDRESS_DOUBLED ? 2 : 1;
	}
	node.holds_vip = true;
	hb_address_look(&node, false, NOW_US);
	assert_int_equal(node.vip_failures, 0);
}

static void who_did_not_listen_has_been_mended_when_it_does(void **state)
{
	(void)state;
	node.vip_deaf_us = NOW_US - FIT_ADDRESS_US - 1;
	missing_since(NOW_US - FIT_ADDRESS_US - 1);
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_ADDRESS_MISSING);
	the_record_names_the_other();
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_ADDRESS_DEAF);
	node.vip_deaf_us = 0;
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_NONE);
}

/* The others are told, and why. */
static void an_operator_is_told_why(void **state)
{
	static struct hb_facts f;

	(void)state;
	make(B);
	node.stepped_us = NOW_US;
	node.vip_deaf_us = NOW_US - FIT_ADDRESS_DEAF_US;
	step(NOW_US + 1000);
	hb_node_facts(&node, NOW_US + 1000, &f);
	assert_false(f.fit);
	assert_non_null(strstr(f.reason, "keepalived does not listen"));
	make(A);
	node.peer[B].facts.fit = f.fit;
	memcpy(node.peer[B].facts.reason, f.reason, sizeof(f.reason));
	expect("switchover b", false, "b cannot take over: keepalived does not listen");
	expect("maintenance-on a", false, "b cannot take over: keepalived does not listen");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_role_goes_to_who_can_hold_the_address, active_is_here),
	    cmocka_unit_test_setup(it_is_missed_only_where_it_is_asked_for, active_is_here),
	    cmocka_unit_test_setup(who_does_not_listen_is_handed_nothing_and_may_claim, active_is_there),
	    cmocka_unit_test_setup(who_could_not_take_it_again_is_handed_nothing_for_longer, active_is_here),
	    cmocka_unit_test_setup(who_could_not_take_it_is_handed_nothing_for_a_while, active_is_here),
	    cmocka_unit_test_setup(who_did_not_listen_has_been_mended_when_it_does, active_is_here),
	    cmocka_unit_test(an_operator_is_told_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
