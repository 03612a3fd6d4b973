/* The acceptor, the lease and the changes: each guard of protocol.md section 1 by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "heartbeat/acceptor.h"
#include "heartbeat/change.h"
#include "heartbeat/lease.h"
#include "heartbeat/proposer.h"

#define MS 1000u
#define LATE (HB_LEASE_MAX_US + 1)

static struct hb_record record(uint8_t active, uint64_t epoch)
{
	struct hb_record r = {
	    .version = epoch, .epoch = epoch, .active = active, .phase = HB_OPEN, .in_sync = 3, .members = 3};

	for (uint8_t i = 0; i < 3; i++) {
		r.member[i].name[0] = (char)('a' + i);
		r.member[i].kind = i == 2 ? HB_KIND_WITNESS : HB_KIND_GATEWAY;
		memset(r.token[i].byte, i + 1, TOKEN_BYTES);
	}
	return r;
}

static struct hb_acceptor acceptor(uint64_t now_us)
{
	struct hb_register reg = {
	    .admitted = 1, .promised = {5, 0}, .accepted_ballot = {5, 0}, .accepted = record(0, 4)};
	struct hb_acceptor a;

	hb_acceptor_start(&a, &reg, now_us);
	return a;
}

static void test_started_member_is_silent_but_for_its_active(void **state)
{
	struct hb_acceptor a = acceptor(0);
	struct hb_record other = record(1, 5), own = record(0, 4);

	(void)state;
	assert_int_equal(hb_acceptor_prepare(&a, 1, (struct hb_ballot){6, 1}, 10 * MS), HB_REFUSED_SILENT);
	assert_int_equal(hb_acceptor_accept(&a, 1, (struct hb_ballot){6, 1}, &other, 10 * MS), HB_REFUSED_SILENT);
	assert_int_equal(hb_acceptor_prepare(&a, 0, (struct hb_ballot){6, 0}, 10 * MS), HB_OK);
	assert_int_equal(hb_acceptor_accept(&a, 0, (struct hb_ballot){6, 0}, &own, 10 * MS), HB_OK);
	assert_int_equal(hb_acceptor_prepare(&a, 1, (struct hb_ballot){7, 1}, LATE), HB_OK);
}

static void test_lease_promise_covers_prepare_and_accept(void **state)
{
	struct hb_acceptor a = acceptor(0);
	struct hb_record other = record(1, 5);
	uint64_t now = LATE;

	(void)state;
	assert_int_equal(hb_acceptor_renew(&a, 0, 4, now - MS, 400 * MS, now), HB_OK);
	assert_int_equal(hb_acceptor_prepare(&a, 1, (struct hb_ballot){9, 1}, now + MS), HB_REFUSED_PROMISE);
	assert_int_equal(hb_acceptor_accept(&a, 1, (struct hb_ballot){9, 1}, &other, now + MS), HB_REFUSED_PROMISE);
	assert_int_equal(hb_acceptor_prepare(&a, 1, (struct hb_ballot){9, 1}, now + 400 * MS), HB_OK);
}

static void test_grants_only_to_the_active_of_its_own_record(void **state)
{
	struct hb_acceptor a = acceptor(0);
	uint64_t now = LATE;

	(void)state;
	assert_int_equal(hb_acceptor_renew(&a, 1, 4, now, 400 * MS, now), HB_REFUSED_ROLE);
	assert_int_equal(hb_acceptor_renew(&a, 0, 3, now, 400 * MS, now), HB_REFUSED_ROLE);
	/* deaf: the echo is as old as a lease; or from another boot: in the future */
	assert_int_equal(hb_acceptor_renew(&a, 0, 4, now - 400 * MS, 400 * MS, now), HB_REFUSED_ROLE);
	assert_int_equal(hb_acceptor_renew(&a, 0, 4, now + 1, 400 * MS, now), HB_REFUSED_ROLE);
	assert_int_equal(hb_acceptor_renew(&a, 0, 4, now - 399 * MS, 400 * MS, now), HB_OK);
}

static void test_accepting_another_active_ends_the_promise(void **state)
{
	struct hb_acceptor a = acceptor(0);
	struct hb_record other = record(1, 5);
	uint64_t now = LATE;

	(void)state;
	assert_int_equal(hb_acceptor_renew(&a, 0, 4, now, 400 * MS, now), HB_OK);
	assert_int_equal(hb_acceptor_accept(&a, 0, (struct hb_ballot){6, 0}, &other, now + MS), HB_OK);
	assert_int_equal(hb_acceptor_renew(&a, 0, 4, now, 400 * MS, now + MS), HB_REFUSED_ROLE);
	assert_int_equal(hb_acceptor_renew(&a, 1, 5, now, 400 * MS, now + MS), HB_OK);
}

static void test_ballots_order(void **state)
{
	struct hb_acceptor a = acceptor(0);
	struct hb_record r = record(0, 4);

	(void)state;
	assert_int_equal(hb_acceptor_prepare(&a, 1, (struct hb_ballot){4, 1}, LATE), HB_REFUSED_BALLOT);
	assert_int_equal(hb_acceptor_prepare(&a, 1, (struct hb_ballot){7, 1}, LATE), HB_OK);
	assert_int_equal(hb_acceptor_prepare(&a, 1, (struct hb_ballot){7, 1}, LATE), HB_OK);
	assert_int_equal(a.generation, 1);
	assert_int_equal(hb_acceptor_accept(&a, 0, (struct hb_ballot){7, 0}, &r, LATE), HB_REFUSED_BALLOT);
}

static void test_amnesia_has_no_vote(void **state)
{
	struct hb_register reg = {.admitted = 0};
	struct hb_record r = record(0, 4);
	struct hb_acceptor a;

	(void)state;
	hb_acceptor_start(&a, &reg, 0);
	assert_int_equal(hb_acceptor_prepare(&a, 0, (struct hb_ballot){9, 0}, LATE), HB_REFUSED_AMNESIA);
	assert_int_equal(hb_acceptor_accept(&a, 0, (struct hb_ballot){9, 0}, &r, LATE), HB_REFUSED_AMNESIA);
	assert_int_equal(hb_acceptor_renew(&a, 0, 4, LATE, 400 * MS, LATE), HB_REFUSED_AMNESIA);
	hb_acceptor_adopt(&a, (struct hb_ballot){8, 1}, (struct hb_ballot){7, 0}, &r, LATE);
	assert_int_equal(hb_acceptor_prepare(&a, 1, (struct hb_ballot){8, 0}, LATE + MS), HB_REFUSED_BALLOT);
	assert_int_equal(hb_acceptor_prepare(&a, 1, (struct hb_ballot){9, 1}, LATE + MS), HB_OK);
}

static void test_lease_is_the_majority_with_self(void **state)
{
	struct hb_lease l = {0};

	(void)state;
	hb_lease_begin(&l, 4);
	hb_lease_grant(&l, 0, 4, 1000 * MS, 400 * MS);
	assert_int_equal(hb_lease_until(&l, 0, 1, 4), 1000 * MS + 395 * MS);
	assert_int_equal(hb_lease_until(&l, 0, 3, 4), 0);
	hb_lease_grant(&l, 2, 4, 900 * MS, 400 * MS);
	assert_int_equal(hb_lease_until(&l, 0, 3, 4), 900 * MS + 395 * MS);
	hb_lease_grant(&l, 1, 3, 2000 * MS, 400 * MS); /* of another epoch */
	assert_int_equal(hb_lease_until(&l, 0, 3, 4), 900 * MS + 395 * MS);
	assert_int_equal(hb_lease_until(&l, 0, 5, 4), 0);
	hb_lease_begin(&l, 5);
	assert_int_equal(hb_lease_until(&l, 0, 3, 5), 0);
	/* the others alone are no lease: the own vote obeys the same rule */
	hb_lease_grant(&l, 1, 5, 2000 * MS, 400 * MS);
	hb_lease_grant(&l, 2, 5, 2000 * MS, 400 * MS);
	assert_int_equal(hb_lease_until(&l, 0, 3, 5), 0);
}

static void test_lease_of_five_needs_three(void **state)
{
	struct hb_lease l = {0};

	(void)state;
	hb_lease_begin(&l, 4);
	hb_lease_grant(&l, 0, 4, 1000 * MS, 400 * MS);
	hb_lease_grant(&l, 3, 4, 1000 * MS, 400 * MS);
	assert_int_equal(hb_lease_until(&l, 0, 5, 4), 0);
	assert_int_equal(hb_lease_others_until(&l, 0, 5, 4), 0);
	hb_lease_grant(&l, 4, 4, 800 * MS, 400 * MS);
	assert_int_equal(hb_lease_until(&l, 0, 5, 4), 800 * MS + 395 * MS);
	/* the best two of the others count, not the last two */
	hb_lease_grant(&l, 1, 4, 900 * MS, 400 * MS);
	assert_int_equal(hb_lease_until(&l, 0, 5, 4), 900 * MS + 395 * MS);
	assert_int_equal(hb_lease_others_until(&l, 0, 5, 4), 900 * MS + 395 * MS);
	assert_int_equal(hb_lease_others_until(&l, 0, 1, 4), UINT64_MAX);
}

/* One round of five: own acceptor first, two more promises, two more accepts. */
static void test_round_of_five(void **state)
{
	struct hb_acceptor a = acceptor(0);
	struct hb_change c = {.kind = HB_CHANGE_SOLO, .self = 0, .epoch = 4};
	struct hb_message m = {.type = HB_PROMISE};
	struct hb_proposer p;
	struct hb_outbox out = {0};

	(void)state;
	a.reg.accepted.members = 5;
	hb_proposer_start(&p, 0, 1);
	hb_proposer_begin(&p, &a, &c, false, LATE, &out);
	m.ballot = p.ballot;
	for (uint8_t from = 0; from < 3; from++) {
		assert_int_not_equal(p.step, HB_STEP_SELF_ACCEPT);
		m.from = from;
		out.count = 0;
		hb_proposer_answer(&p, &m, LATE, &out);
	}
	assert_int_equal(p.step, HB_STEP_SELF_ACCEPT);
	m.type = HB_ACCEPTED;
	for (uint8_t from = 0; from < 3; from++) {
		assert_false(p.chosen);
		m.from = (uint8_t)(from ? from + 2 : 0);
		out.count = 0;
		hb_proposer_answer(&p, &m, LATE, &out);
	}
	assert_true(p.chosen);
	assert_int_equal(p.value.in_sync, 1);
}

/* The letter to the own acceptor can be lost like any other. */
static void test_asks_its_own_acceptor_again(void **state)
{
	struct hb_acceptor a = acceptor(0);
	struct hb_change c = {.kind = HB_CHANGE_SOLO, .self = 0, .epoch = 4};
	struct hb_proposer p;
	struct hb_outbox out = {0};

	(void)state;
	hb_proposer_start(&p, 0, 1);
	hb_proposer_begin(&p, &a, &c, false, LATE, &out);
	assert_int_equal(out.count, 1);
	out.count = 0;
	hb_proposer_tick(&p, LATE + 1000 * MS, &out);
	assert_int_equal(out.count, 1);
	assert_int_equal(out.letter[0].to, 0);
	assert_int_equal(out.letter[0].message.type, HB_PREPARE);
}

static void test_claim_needs_in_sync_and_token(void **state)
{
	struct hb_record r = record(0, 4), n;
	struct hb_change c = {.kind = HB_CHANGE_CLAIM, .self = 1, .token = r.token[1]};

	(void)state;
	assert_true(hb_change_apply(&c, &r, &n));
	assert_int_equal(n.epoch, 5);
	assert_int_equal(n.active, 1);
	assert_int_equal(n.phase, HB_CLAIMED);
	assert_int_equal(n.in_sync, 3);
	assert_int_equal(n.keep, 0);
	c.token.byte[0] ^= 1;
	assert_false(hb_change_apply(&c, &r, &n));
	assert_true(hb_record_equal(&r, &n));
	r.in_sync = 1;
	c.token = r.token[1];
	assert_false(hb_change_apply(&c, &r, &n));
}

static void test_reopening_keeps_in_sync(void **state)
{
	struct hb_record r = record(0, 4), n, o;
	struct hb_change c = {.kind = HB_CHANGE_CLAIM, .self = 0, .token = r.token[0]};

	(void)state;
	assert_false(hb_change_apply(&c, &r, &n)); /* active already and not restarted */
	c.reopen = true;
	assert_true(hb_change_apply(&c, &r, &n));
	assert_int_equal(n.keep, 1);
	c = (struct hb_change){.kind = HB_CHANGE_OPEN, .self = 0, .epoch = 5};
	assert_true(hb_change_apply(&c, &n, &o));
	assert_int_equal(o.in_sync, 3);
	n.keep = 0;
	assert_true(hb_change_apply(&c, &n, &o));
	assert_int_equal(o.in_sync, 1);
	c.epoch = 4;
	assert_false(hb_change_apply(&c, &n, &o));
}

static void test_solo_add_hand_only_in_the_own_open_epoch(void **state)
{
	struct hb_record r = record(0, 4), n, o;
	struct hb_change c = {.kind = HB_CHANGE_SOLO, .self = 0, .epoch = 4};

	(void)state;
	assert_true(hb_change_apply(&c, &r, &n));
	assert_int_equal(n.in_sync, 1);
	assert_false(hb_change_apply(&c, &n, &o));
	c = (struct hb_change){.kind = HB_CHANGE_ADD, .self = 0, .epoch = 4, .target = 2, .token = r.token[2]};
	assert_false(hb_change_apply(&c, &n, &o)); /* a witness has no data */
	c.target = 1;
	assert_true(hb_change_apply(&c, &n, &o));
	assert_int_equal(o.in_sync, 3);
	c.kind = HB_CHANGE_HAND;
	c.token = r.token[1];
	assert_false(hb_change_apply(&c, &o, &n)); /* the token in the record is the one that ADD wrote */
	c.token = o.token[1];
	assert_true(hb_change_apply(&c, &o, &n));
	assert_int_equal(n.active, 1);
	assert_int_equal(n.phase, HB_CLAIMED);
	c.epoch = 3;
	assert_false(hb_change_apply(&c, &o, &n));
}

static void answer(
    struct hb_proposer *p, uint8_t from, enum hb_message_type type, enum hb_refusal refusal, struct hb_outbox *out)
{
	struct hb_message m = {.type = (uint8_t)type,
	    .from = from,
	    .ballot = p->ballot,
	    .refusal = (uint8_t)refusal,
	    .promised = {p->ballot.counter + 1, 1}};

	out->count = 0;
	hb_proposer_answer(p, &m, 0, out);
}

/* A round that changes nothing is pending when a standby is about to be added, and that one fails before the value goes out:
 * payments are answered without it, so the round must not add it any more. Found by tests/model (MUT_STALE). */
static void test_pending_round_drops_a_wish_that_has_gone(void **state)
{
	static struct hb_outbox out;
	struct hb_change add = {.kind = HB_CHANGE_ADD, .target = 1, .epoch = 4, .token.byte = {7}};
	struct hb_change nothing = {.kind = HB_CHANGE_NOTHING};
	struct hb_acceptor a = acceptor(0);
	struct hb_proposer p;

	(void)state;
	a.reg.accepted.in_sync = 1;
	hb_proposer_start(&p, 0, 1);
	out.count = 0;
	hb_proposer_begin(&p, &a, &nothing, true, 0, &out);
	answer(&p, 0, HB_PROMISE, HB_OK, &out);
	answer(&p, 2, HB_PROMISE, HB_OK, &out);
	assert_int_equal(p.step, HB_STEP_SELF_ACCEPT);
	answer(&p, 0, HB_ACCEPTED, HB_OK, &out);
	answer(&p, 2, HB_ACCEPTED, HB_REFUSED_BALLOT, &out);
	assert_int_equal(p.step, HB_STEP_BACK_OFF);
	assert_true(p.pending);
	out.count = 0;
	hb_proposer_begin(&p, &a, &add, true, 0, &out);
	answer(&p, 0, HB_PROMISE, HB_OK, &out);
	hb_proposer_abandon(&p);
	answer(&p, 2, HB_PROMISE, HB_OK, &out);
	assert_int_equal(p.step, HB_STEP_SELF_ACCEPT);
	assert_int_equal(p.value.in_sync, 1);
	assert_false(p.applied);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_started_member_is_silent_but_for_its_active),
	    cmocka_unit_test(test_lease_promise_covers_prepare_and_accept),
	    cmocka_unit_test(test_grants_only_to_the_active_of_its_own_record),
	    cmocka_unit_test(test_accepting_another_active_ends_the_promise),
	    cmocka_unit_test(test_ballots_order),
	    cmocka_unit_test(test_amnesia_has_no_vote),
	    cmocka_unit_test(test_lease_is_the_majority_with_self),
	    cmocka_unit_test(test_lease_of_five_needs_three),
	    cmocka_unit_test(test_round_of_five),
	    cmocka_unit_test(test_asks_its_own_acceptor_again),
	    cmocka_unit_test(test_claim_needs_in_sync_and_token),
	    cmocka_unit_test(test_reopening_keeps_in_sync),
	    cmocka_unit_test(test_solo_add_hand_only_in_the_own_open_epoch),
	    cmocka_unit_test(test_pending_round_drops_a_wish_that_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
