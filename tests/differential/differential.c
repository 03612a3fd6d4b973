/*
 * The ledger against a second one (naive.h): random requests on few accounts, so that refusals, races for the rest of a hold,
 * the very microsecond of an expiry, freezes, limits, repetitions and reused keys are frequent. After each, status, code, event, body
 * what moved, which accounts are to be written, and every balance are compared. Batches of transfers too, atomic or not, item by item.
 * differential [--operations N] [--seed S] [--mutants]: with --mutants each check of gateway/guard.h is left out in turn, and has to
 * be missed.
 */
#include "gateway/guard.h"
#include "tests/differential/drawing.h"
#include "tests/differential/side_batch.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_US UINT64_C(1700000000000000)

unsigned ledger_guard_off;

static const char *const guard_names[] = {"",
#define X(id, text) #id ": " text,
    LEDGER_GUARDS(X)
#undef X
};

static const char *const words[] = {"TOPUP", "TRANSFER", "REVERSE", "PAY", "CAPTURE", "VOID", "EXPIRE", "REFUND",
    "WITHDRAW", "CONFIRM", "FAIL", "FREEZE", "UNFREEZE", "CLOSE", "LIMIT", "CREATE", "BATCH"};

struct run {
	struct side side;
	struct naive *naive;
	struct step steps[2 * STEPS_MAX]; /* by key */
	uint64_t seed, now_us;
	unsigned keys;
	char *told[STEPS_MAX]; /* by key: a batch's first answer; owned */
	bool sweeps;	       /* before each request, as the writer does */
};

static struct run run;
static uint64_t operations_done, refusals[600], replays;

/* ---- comparing ---- */

static bool complain(const struct step *s, const char *what, const char *got, const char *wanted)
{
	if (ledger_guard_off == 0)
		(void)printf("seed %" PRIu64 ", %s from %d to %d subject %d amount %" PRId64
			     ": %s is %s, should be %s\n",
		    run.seed, words[s->what], s->from, s->to, s->subject, s->amount, what, got, wanted);
	return false;
}

static bool same_number(const struct step *s, const char *what, int64_t got, int64_t wanted)
{
	char one[32], other[32];

	if (got == wanted)
		return true;
	(void)snprintf(one, sizeof(one), "%" PRId64, got);
	(void)snprintf(other, sizeof(other), "%" PRId64, wanted);
	return complain(s, what, one, other);
}

static bool has(const struct step *s, const char *words_wanted)
{
	return strstr(run.side.buf, words_wanted) || complain(s, "body", run.side.buf, words_wanted);
}

static bool same_answer(const struct step *s, const struct verdict *v, const char *before)
{
	const struct ledger_decision *d = &run.side.d;
	char code[80];

	if (!same_number(s, "status", d->status, v->status) || !same_number(s, "event", d->event, v->event) ||
	    !same_number(s, "stored", d->stored, v->stored) || !same_number(s, "replayed", d->replayed, v->replayed))
		return false;
	(void)snprintf(code, sizeof(code), "\"code\":\"%s\"", v->code);
	if (*v->code && !has(s, code))
		return false;
	if (v->replayed && !v->stored && strcmp(before, run.side.buf) != 0)
		return complain(s, "repetition", run.side.buf, before);
	refusals[v->status]++;
	replays += v->replayed;
	return true;
}

/* Every payment's amounts and the word of its status; of the one that was asked for, as the body tells it. */
static bool same_payment(const struct step *s, int which, bool told)
{
	const struct payment *p = &run.side.payment[which];
	int64_t amounts[5];
	const char *word = naive_payment(run.naive, which, amounts);
	char text[256];

	if (!same_number(s, "captured", p->captured, amounts[1]) ||
	    !same_number(s, "refunded", p->refunded, amounts[2]) || !same_number(s, "voided", p->voided, amounts[3]) ||
	    !same_number(s, "fee", p->fee, amounts[4]) || !same_number(s, "authorised", p->authorized, amounts[0]))
		return false;
	if (strcmp(payment_status_word(payment_status(p)), word) != 0)
		return complain(s, "status of the payment", payment_status_word(payment_status(p)), word);
	if (!told)
		return true;
	(void)snprintf(text, sizeof(text),
	    "\"authorized_amount\":%" PRId64 ",\"captured_amount\":%" PRId64 ",\"refunded_amount\":%" PRId64
	    ",\"voided_amount\":%" PRId64,
	    amounts[0], amounts[1], amounts[2], amounts[3]);
	if (!has(s, text))
		return false;
	(void)snprintf(text, sizeof(text), "\"status\":\"%s\"", word);
	return has(s, text);
}

/* What moved, with the balances after it, and which rows are to be written. */
static bool same_changes(const struct step *s, const struct verdict *v)
{
	const struct ledger_decision *d = &run.side.d;
	const struct movement *m = &d->moved;
	const struct told_movement *told = &v->moved;
	uint64_t touched = 0;

	for (unsigned i = 0; i < d->touched_count; i++)
		touched |= UINT64_C(1) << side_index(&run.side, &d->touched[i]->id);
	if (!same_number(s, "touched", (int64_t)touched, (int64_t)v->touched) ||
	    !same_number(s, "moved", m->debit != NULL, told->from != NOTHING))
		return false;
	for (int i = 0; i < run.side.accounts; i++)
		if ((v->touched >> i & 1) &&
		    !same_number(s, "last_seq", (int64_t)run.side.account[i].last_seq, (int64_t)d->seq))
			return false;
	if (!m->debit)
		return true;
	if (!same_number(s, "from", side_index(&run.side, &m->debit->id), told->from) ||
	    !same_number(s, "to", side_index(&run.side, &m->credit->id), told->to) ||
	    !same_number(s, "amount", m->amount, told->amount) ||
	    !same_number(s, "fee account", m->fee ? side_index(&run.side, &m->fee->id) : NOTHING, told->fees) ||
	    !same_number(s, "fee", m->fee_amount, told->fee))
		return false;
	return same_number(s, "from after", m->debit_after, told->from_after) &&
	       same_number(s, "to after", m->credit_after, told->to_after) &&
	       same_number(s, "fee after", m->fee_after, told->fee_after);
}

static bool same_account(const struct step *s, int which)
{
	const struct account *a = &run.side.account[which];
	char metadata[NAIVE_METADATA_BYTES], text[NAIVE_METADATA_BYTES + 16];
	int64_t min, max;
	bool has_min = naive_limit(run.naive, which, false, &min), has_max = naive_limit(run.naive, which, true, &max);

	if (!same_number(s, "kind", a->kind, naive_kind(run.naive, which)) ||
	    !same_number(s, "currency", strcmp(a->currency, "JPY") == 0, naive_currency(run.naive, which)) ||
	    !same_number(s, "has min_balance", a->has_min, has_min) ||
	    !same_number(s, "has max_balance", a->has_max, has_max) ||
	    (has_min && !same_number(s, "min_balance", a->min_balance, min)) ||
	    (has_max && !same_number(s, "max_balance", a->max_balance, max)))
		return false;
	naive_metadata(run.naive, which, metadata);
	(void)snprintf(text, sizeof(text), "\"metadata\":%s,", metadata);
	if (strcmp(a->metadata ? a->metadata : "{}", metadata) != 0)
		return complain(s, "metadata", a->metadata ? a->metadata : "{}", metadata);
	return has(s, text);
}

static bool same_resource(const struct step *s, const struct verdict *v)
{
	bool told = v->status < 300 && !v->replayed;

	if (s->what >= PAY && s->what <= REFUND && told) {
		int which = s->what == PAY ? naive_payments(run.naive) - 1 : s->subject;

		return same_payment(s, which, s->what != REFUND);
	}
	if ((s->what == LIMIT || s->what == CREATE) && told)
		return same_account(s, s->what == CREATE ? naive_accounts(run.naive) - 1 : s->subject);
	if ((s->what == CONFIRM || s->what == FAIL) && told) {
		char text[64];

		(void)snprintf(text, sizeof(text), "\"status\":\"%s\"", naive_withdrawal(run.naive, s->subject));
		return has(s, text);
	}
	return true;
}

/* Every balance, every state; and that all of a currency adds up to nothing. */
static bool same_books(const struct step *s)
{
	int64_t sums[2] = {0, 0}, balance[3];

	if (!same_number(s, "accounts", run.side.accounts, naive_accounts(run.naive)))
		return false;
	for (int i = 0; i < run.side.accounts; i++) {
		const struct account *a = &run.side.account[i];

		naive_balance(run.naive, i, balance);
		if (!same_number(s, "posted", a->posted, balance[0]) ||
		    !same_number(s, "pending_in", a->pending_in, balance[1]) ||
		    !same_number(s, "pending_out", a->pending_out, balance[2]) ||
		    !same_number(s, "status of an account", a->status, naive_status(run.naive, i)))
			return false;
		sums[strcmp(a->currency, "JPY") == 0] += a->posted;
	}
	return same_number(s, "sum", sums[0], 0) && same_number(s, "sum", sums[1], 0);
}

/* What must hold whatever the second ledger says. */
static bool invariants(const struct step *s)
{
	int64_t held[ACCOUNTS_MAX] = {0}, promised[ACCOUNTS_MAX] = {0};

	for (int i = 0; i < run.side.payments; i++) {
		const struct payment *p = &run.side.payment[i];

		if (p->captured + p->voided > p->authorized || p->refunded > p->captured || p->fee > p->captured)
			return complain(s, "a payment", "beyond its bounds", "within them");
		if (p->hold == HOLD_OPEN) {
			held[side_index(&run.side, &p->payer)] += payment_rest(p);
			promised[side_index(&run.side, &p->payee)] += payment_rest(p);
		}
	}
	for (int i = 0; i < run.side.withdrawals; i++)
		if (run.side.withdrawal[i].status == WITHDRAWAL_PENDING)
			held[side_index(&run.side, &run.side.withdrawal[i].account)] += run.side.withdrawal[i].amount;
	for (int i = 0; i < run.side.accounts; i++) {
		const struct account *a = &run.side.account[i];

		if (!same_number(s, "pending_out by its holds", a->pending_out, held[i]) ||
		    !same_number(s, "pending_in by its holds", a->pending_in, promised[i]))
			return false;
		if ((a->has_min && a->posted - a->pending_out < a->min_balance) ||
		    (a->has_max && a->posted + a->pending_in > a->max_balance))
			return complain(s, "a limit", "broken", "kept");
	}
	return true;
}

/* ---- batches ---- */

/* Of each item its status and code, in order. */
static bool same_items(const struct step *s, const struct batch_verdict *v, const char *body)
{
	for (int i = 0; i < v->count; i++) {
		bool fine = v->leg[i].status < 300;
		char text[80];
		const char *next;

		(void)snprintf(text, sizeof(text), "{\"index\":%d,\"status\":%d,\"%s\":", i, v->leg[i].status,
		    fine ? "transfer" : "error");
		body = strstr(body, text);
		if (!body)
			return complain(s, "an item", "missing, or another one", text);
		body += strlen(text);
		(void)snprintf(text, sizeof(text), "\"code\":\"%s\"", v->leg[i].code);
		next = strstr(body, "{\"index\":");
		if (!fine && (!strstr(body, text) || (next && strstr(body, text) > next)))
			return complain(s, "the code of an item", "another one", v->leg[i].code);
	}
	return true;
}

static bool same_batch_answer(
    const struct step *s, const struct batch_verdict *v, const struct side_batch *b, unsigned key)
{
	char text[80];

	if (!same_number(s, "code", b->code, 0) || !same_number(s, "status", b->status, v->status) ||
	    !same_number(s, "replayed", b->replayed, v->replayed) || !same_number(s, "rows", b->rows, v->rows) ||
	    !same_number(s, "events", b->events, v->events))
		return false;
	refusals[v->status]++;
	replays += v->replayed;
	if (v->replayed)
		return strcmp(run.told[key], b->body) == 0 || complain(s, "repetition", b->body, run.told[key]);
	if (v->rows) {
		free(run.told[key]);
		run.told[key] = strdup(b->body);
	}
	if (v->status == 200)
		return same_items(s, v, b->body);
	(void)snprintf(text, sizeof(text), "\"code\":\"%s\"", v->code);
	if (!strstr(b->body, text))
		return complain(s, "code of a batch", b->body, v->code);
	(void)snprintf(text, sizeof(text), ",\"failed_index\":%d}", v->failed);
	return (strstr(b->body, text) != NULL) == (v->failed != NOTHING) || complain(s, "failed_index", b->body, text);
}

static bool compare_batch(const struct step *s, unsigned key)
{
	static struct batch_verdict v; /* large */
	uint64_t seq = run.side.next_seq;
	struct side_batch b;

	side_batch_decide(&run.side, s, drawn_legs(s), key, run.now_us, &b);
	naive_batch(run.naive, s, drawn_legs(s), key, &v);
	operations_done++;
	if (!same_batch_answer(s, &v, &b, key) ||
	    !same_number(s, "accounts that are to be written", (int64_t)(b.touched & v.touched), (int64_t)v.touched) ||
	    !same_number(s, "transfers", run.side.transfers, naive_transfers(run.naive)))
		return false;
	for (int i = 0; i < run.side.accounts; i++)
		if (!same_number(s, "changed", run.side.account[i].last_seq >= seq, v.touched >> i & 1))
			return false;
	return same_books(s) && invariants(s);
}

/* ---- running ---- */

/* Often to where something happens: at the end of a hold, just before and just after it. */
static void draw_time(void)
{
	int which = draw_of(naive_payments(run.naive));
	uint64_t expires_us = which == NOTHING ? 0 : naive_expiry(run.naive, which);

	if (expires_us && once_in(4)) {
		uint64_t then_us = expires_us - 1 + draw(3);

		if (then_us > run.now_us)
			run.now_us = then_us;
	} else {
		run.now_us += draw(3) ? draw(3) : draw(200000);
	}
}

static bool compare(const struct step *s, unsigned key)
{
	static char before[BODY_BYTES];
	const struct stored *twin = &run.side.stored[key];
	struct verdict v;

	if (s->what == BATCH)
		return compare_batch(s, key);
	before[0] = '\0';
	if (twin->status) {
		memcpy(before, twin->body, twin->body_bytes);
		before[twin->body_bytes] = '\0';
	}
	side_decide(&run.side, s, key, run.now_us);
	v = naive_decide(run.naive, s, key, run.now_us);
	operations_done++;
	return same_answer(s, &v, before) && same_changes(s, &v) && same_resource(s, &v) && same_books(s) &&
	       invariants(s);
}

/* The ledger's own operations, whose keys are beyond those of the others. */
static bool sweep(bool all)
{
	for (int i = 0; i < run.side.payments; i++) {
		struct step s;

		if (run.side.payment[i].hold != HOLD_OPEN || (run.side.payment[i].expires_us > run.now_us && draw(50)))
			continue;
		if (!all && draw(10))
			continue;
		memset(&s, 0, sizeof(s));
		s.what = EXPIRE;
		s.from = s.to = NOTHING;
		s.subject = i;
		if (!compare(&s, (unsigned)(STEPS_MAX + i)))
			return false;
	}
	return true;
}

static bool run_episode(uint64_t seed)
{
	run.seed = seed;
	drawing_begin(run.naive, seed);
	run.now_us = START_US;
	run.keys = 0;
	run.sweeps = draw(2);
	side_clear(&run.side);
	side_batch_clear();
	naive_clear(run.naive);
	for (int i = 0; i < STEPS_MAX / 2; i++) {
		unsigned key = run.keys;
		struct step s;

		draw_time();
		if (!sweep(run.sweeps))
			return false;
		s = draw_step();
		if (run.keys && once_in(8)) {
			key = (unsigned)draw(run.keys);
			if (draw(4))
				s = run.steps[key]; /* the same request again */
		} else {
			run.steps[run.keys++] = s;
		}
		/* A key belongs to who sent it. */
		if (!compare(&s, s.who == SESSION ? key + STEPS_MAX / 2 : key))
			return false;
	}
	return true;
}

static bool run_all(uint64_t seed, uint64_t operations)
{
	operations_done = 0;
	while (operations_done < operations)
		if (!run_episode(seed++))
			return false;
	return true;
}

static int run_mutants(uint64_t seed, uint64_t operations)
{
	int survivors = 0;

	for (unsigned i = 1; i < LEDGER_GUARD_END; i++) {
		ledger_guard_off = i;
		if (run_all(seed, operations)) {
			(void)printf("not found in %" PRIu64 " operations: %s\n", operations_done, guard_names[i]);
			survivors++;
		} else {
			(void)printf("found after %" PRIu64 " operations: %s\n", operations_done, guard_names[i]);
		}
	}
	return survivors;
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: differential [--operations N] [--seed S] [--mutants]\n");
	return 2;
}

int main(int argc, char **argv)
{
	uint64_t operations = 3000000, seed = 1;
	bool mutants = false;
	int code;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--mutants") == 0)
			mutants = true;
		else if (strcmp(argv[i], "--operations") == 0 && i + 1 < argc)
			operations = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 10);
		else
			return usage();
	}
	if (sodium_init() < 0)
		return 1;
	run.naive = naive_new();
	code = mutants ? run_mutants(seed, operations) : !run_all(seed, operations);
	if (!code && !mutants)
		(void)printf("%" PRIu64 " operations: %" PRIu64 " of 2xx, %" PRIu64 " refused 402, %" PRIu64
			     " 409, %" PRIu64 " 404, %" PRIu64 " 422; %" PRIu64 " repetitions\n",
		    operations_done, refusals[200] + refusals[201], refusals[402], refusals[409], refusals[404],
		    refusals[422], replays);
	naive_free(run.naive);
	return code ? 1 : 0;
}
