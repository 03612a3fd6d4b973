#include "tests/chaos/payer_balance.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_WITHIN_US 20000000 /* a question may take so long, repeats included */
#define SETTLE_US 10000000	  /* a key may stay in progress so long */

struct verifier {
	struct payer_options options;
	struct record record;
	struct findings *findings; /* owned */
	bool *executed;		   /* owned, per operation */
	int64_t *posted;	   /* owned, per account */
	atomic_size_t next;	   /* operations first, then accounts */
	atomic_ullong unknown, unknown_executed;
};

struct asker {
	struct verifier *v;
	struct http_client *http;
	struct http_answer answer;
};

/* The JSON of a definitive answer, or NULL and a finding; the caller drops it. */
static json_t *ask(struct asker *a, const char *path, long *status)
{
	struct http_request r = {.method = "GET", .path = path};
	uint64_t begun_us = payer_mono_us();
	json_t *body;

	for (;; r.fresh = true) {
		http_ask(a->http, &r, &a->answer);
		if (http_definitive(a->answer.status, a->answer.body) || payer_mono_us() - begun_us > ANSWER_WITHIN_US)
			break;
		payer_pause_ms(50);
	}
	*status = a->answer.status;
	body = json_loads(a->answer.body, 0, NULL);
	if (!http_definitive(a->answer.status, a->answer.body) || (*status == 200 && !body))
		findings_add(
		    a->v->findings, FINDING_OTHER, "GET %s: no answer: %ld %s", path, *status, a->answer.error);
	return body;
}

static const char *text(const json_t *body, const char *member)
{
	const char *s = json_string_value(json_object_get(body, member));

	return s ? s : "";
}

/* What the system says about the key now; waits while it is in progress. */
static json_t *ask_key(struct asker *a, const char *key, long *status)
{
	char path[PAYER_KEY_BYTES + 32];
	uint64_t begun_us = payer_mono_us();
	json_t *body;

	(void)snprintf(path, sizeof(path), "/v1/idempotency_keys/%s", key);
	while ((body = ask(a, path, status)) && strcmp(text(body, "state"), "in_progress") == 0 &&
	       payer_mono_us() - begun_us < SETTLE_US) {
		json_decref(body);
		payer_pause_ms(100);
	}
	return body;
}

static bool side_is(const struct verifier *v, const json_t *body, const char *member, size_t account)
{
	return !member || strcmp(text(body, member), v->record.account[account].id) == 0;
}

static void check_resource(struct asker *a, const struct record_op *op)
{
	const struct payer_kind_row *kind = &payer_kinds[op->kind];
	char path[PAYER_ID_BYTES + 32];
	struct findings *f = a->v->findings;
	long status;
	json_t *body;

	(void)snprintf(path, sizeof(path), "%s/%s", kind->route, op->id);
	body = ask(a, path, &status);
	if (status == 404)
		findings_add(f, FINDING_LOST, "key %s: %s is gone", op->key, op->id);
	else if (http_definitive(status, "") && status != 200)
		findings_add(f, FINDING_OTHER, "GET %s: %ld", path, status);
	else if (status == 200 && body &&
		 (strcmp(text(body, "id"), op->id) != 0 || !side_is(a->v, body, kind->from, op->from) ||
		     !side_is(a->v, body, kind->to, op->to) ||
		     (record_is_payment(op) &&
			 json_integer_value(json_object_get(body, "amount")) != (json_int_t)op->amount)))
		findings_add(
		    f, FINDING_OTHER, "key %s: %s is not what was paid: %.300s", op->key, op->id, a->answer.body);
	json_decref(body);
}

static void check_acknowledged(struct asker *a, size_t i, const json_t *key, const char *state)
{
	struct record_op *op = &a->v->record.op[i];
	char resource[PAYER_ID_BYTES + 32];

	a->v->executed[i] = true;
	(void)snprintf(resource, sizeof(resource), "%s/%s", payer_kinds[op->kind].route, op->id);
	if (strcmp(state, "completed") != 0)
		findings_add(a->v->findings, FINDING_LOST, "key %s: was acknowledged, is %s now", op->key, state);
	else if (strcmp(text(key, "resource"), resource) != 0)
		findings_add(a->v->findings, FINDING_DUPLICATE, "key %s: made %s, shows %s now", op->key, resource,
		    text(key, "resource"));
	else if (json_integer_value(json_object_get(key, "status")) != op->status)
		findings_add(a->v->findings, FINDING_OTHER, "key %s: was answered %ld, shows %.200s now", op->key,
		    op->status, a->answer.body);
	if (*op->id)
		check_resource(a, op);
}

/* No answer ever came: it may have happened or not, but not something else. */
static void check_unknown(struct asker *a, size_t i, const json_t *key, const char *state)
{
	struct record_op *op = &a->v->record.op[i];
	const char *resource = text(key, "resource"), *slash = strrchr(resource, '/');

	atomic_fetch_add(&a->v->unknown, 1);
	if (strcmp(state, "absent") == 0)
		return;
	if (strcmp(state, "completed") != 0) {
		findings_add(a->v->findings, FINDING_OTHER, "key %s: is still '%s'", op->key, state);
		return;
	}
	if (!slash)
		return; /* refused */
	(void)snprintf(op->id, sizeof(op->id), "%s", slash + 1);
	a->v->executed[i] = true;
	atomic_fetch_add(&a->v->unknown_executed, 1);
	check_resource(a, op);
}

static void check_op(struct asker *a, size_t i)
{
	const struct record_op *op = &a->v->record.op[i];
	long status;
	json_t *key = ask_key(a, op->key, &status);
	const char *state = text(key, "state");

	if (http_definitive(status, "") && status != 200)
		findings_add(a->v->findings, FINDING_OTHER, "key %s: asking for it gives %ld", op->key, status);
	else if (record_acknowledged(op))
		check_acknowledged(a, i, key, state);
	else if (!op->status)
		check_unknown(a, i, key, state);
	else if (op->status == 402 &&
		 (strcmp(state, "completed") != 0 || json_integer_value(json_object_get(key, "status")) != 402 ||
		     !json_is_null(json_object_get(key, "resource"))))
		findings_add(a->v->findings, FINDING_OTHER, "key %s: was refused for good, shows %.200s now", op->key,
		    a->answer.body);
	json_decref(key);
}

static void check_account(struct asker *a, size_t i)
{
	char path[PAYER_ID_BYTES + 32];
	const char *id = a->v->record.account[i].id;
	const json_t *posted;
	long status;
	json_t *body;

	(void)snprintf(path, sizeof(path), "/v1/accounts/%s/balance", id);
	body = ask(a, path, &status);
	posted = json_object_get(body, "posted");
	if (status == 404)
		findings_add(a->v->findings, FINDING_LOST, "account %s is gone", id);
	else if (status != 200 || !json_is_integer(posted))
		findings_add(a->v->findings, FINDING_OTHER, "account %s: no balance: %ld", id, status);
	else
		a->v->posted[i] = json_integer_value(posted);
	json_decref(body);
}

static void *asker_main(void *context)
{
	struct verifier *v = context;
	struct asker *a = calloc(1, sizeof(*a));
	size_t i;

	if (!a || !(a->http = http_open(&v->options))) {
		fprintf(stderr, "payer: no memory\n");
		abort();
	}
	a->v = v;
	while ((i = atomic_fetch_add(&v->next, 1)) < v->record.ops + v->record.accounts)
		if (i < v->record.ops)
			check_op(a, i);
		else
			check_account(a, i - v->record.ops);
	http_close(a->http);
	free(a);
	return NULL;
}

static int ask_everything(struct verifier *v)
{
	pthread_t thread[PAYER_CLIENTS_MAX];
	uint64_t started = 0;

	while (started < v->options.clients && !pthread_create(&thread[started], NULL, asker_main, v))
		started++;
	for (uint64_t i = 0; i < started; i++)
		(void)pthread_join(thread[i], NULL);
	return started ? 0 : -EAGAIN;
}

/* No id and no position of the ledger under two keys. */
static void check_unique(const struct record *r, struct findings *f)
{
	json_t *ids = json_object(), *seqs = json_object();

	for (size_t i = 0; i < r->ops; i++) {
		const struct record_op *op = &r->op[i];
		char seq[24];

		(void)snprintf(seq, sizeof(seq), "%" PRIu64, op->ledger_seq);
		if (*op->id && json_object_get(ids, op->id))
			findings_add(f, FINDING_DUPLICATE, "%s is the answer to %s and to %s", op->id, op->key,
			    json_string_value(json_object_get(ids, op->id)));
		if (op->ledger_seq && json_object_get(seqs, seq))
			findings_add(f, FINDING_OTHER, "Ledger-Seq %s belongs to %s and to %s", seq, op->key,
			    json_string_value(json_object_get(seqs, seq)));
		if (*op->id)
			(void)json_object_set_new(ids, op->id, json_string(op->key));
		if (op->ledger_seq)
			(void)json_object_set_new(seqs, seq, json_string(op->key));
	}
	json_decref(ids);
	json_decref(seqs);
}

static bool verifier_open(struct verifier *v, const struct payer_options *o)
{
	struct errbuf e = {""};

	v->options = *o;
	v->options.timeout_ms = 5000;
	v->options.connect_timeout_ms = 1000;
	v->findings = findings_new("payer");
	if (!v->findings) {
		fprintf(stderr, "payer: no memory\n");
		return false;
	}
	if (record_load(o->history, &v->record, v->findings, &e)) {
		fprintf(stderr, "payer: %s\n", e.text);
		return false;
	}
	v->executed = calloc(v->record.ops + 1, sizeof(*v->executed));
	v->posted = calloc(v->record.accounts + 1, sizeof(*v->posted));
	if (!v->executed || !v->posted)
		fprintf(stderr, "payer: no memory\n");
	return v->executed && v->posted;
}

static void verifier_close(struct verifier *v)
{
	record_free(&v->record);
	findings_free(v->findings);
	free(v->executed);
	free(v->posted);
}

/* The last line is for machines. */
static int report(struct verifier *v, uint64_t begun_us)
{
	const struct record *r = &v->record;
	uint64_t lost = findings_count(v->findings, FINDING_LOST);
	uint64_t duplicates = findings_count(v->findings, FINDING_DUPLICATE);
	uint64_t wrong = findings_total(v->findings) - lost - duplicates;
	struct record_gap gap;
	bool good;

	record_find_gap(r, v->options.after_us, 0, &gap);
	if (!gap.acknowledged) {
		wrong++;
		printf("payer: WRONG nothing was acknowledged, so nothing is proved\n");
	}
	good = !lost && !duplicates && !wrong;
	printf("payer: %zu keys, %zu accounts, %zu reads (%" PRIu64 " more failed), %" PRIu64
	       " repeats, %llu of %llu unknown "
	       "ones executed; asked in %.1f s\n",
	    r->ops, r->accounts, r->reads, r->reads_failed, r->replays, atomic_load(&v->unknown_executed),
	    atomic_load(&v->unknown), (double)(payer_mono_us() - begun_us) / 1e6);
	printf("payer: %s, %" PRIu64 " findings\n", good ? "PASS" : "FAIL", lost + duplicates + wrong);
	printf("acked=%" PRIu64 " lost=%" PRIu64 " duplicates=%" PRIu64 " unknown=%llu gap_ms=%" PRIu64
	       " max_latency_ms=%" PRIu64 "\n",
	    gap.acknowledged, lost, duplicates, atomic_load(&v->unknown), gap.gap_us / 1000, gap.latency_max_us / 1000);
	return good ? 0 : 1;
}

int payer_verify(const struct payer_options *o)
{
	struct verifier v = {0};
	uint64_t begun_us = payer_mono_us();
	int status = 2;

	if (verifier_open(&v, o)) {
		if (!v.record.end_us)
			findings_add(
			    v.findings, FINDING_OTHER, "the history has no end: the last second may be missing");
		if (!ask_everything(&v)) {
			check_unique(&v.record, v.findings);
			record_check_order(&v.record, v.findings);
			balance_check_final(&v.record, v.executed, v.posted, v.findings);
			balance_check_reads(&v.record, v.executed, v.findings);
			status = report(&v, begun_us);
		}
	}
	verifier_close(&v);
	return status;
}
