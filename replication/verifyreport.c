#include "replication/verifyreport.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "heartbeat/durable.h"

#define TIME_BYTES 32

void verifyreport_take(void *report, const struct audit_finding *f)
{
	struct verifyreport *r = report;

	if (r->first_count < VERIFYREPORT_MOST)
		r->first[r->first_count++] = *f;
}

static void print_finding(FILE *f, const struct audit_finding *x)
{
	(void)fprintf(f, "  %s%s%s", x->of, x->of[0] ? " " : "", x->what);
	if (x->seq)
		(void)fprintf(f, " at %" PRIu64, x->seq);
	(void)fprintf(f, ": expected %s, found %s\n", x->expected, x->found);
}

void verifyreport_print(FILE *f, const struct verifyreport *r)
{
	uint64_t listed = 0;

	(void)fprintf(f,
	    "%s: %" PRIu64 " operations, %" PRIu64 " accounts, %" PRIu64 " payments, %" PRIu64
	    " withdrawals, in %.1f s\n",
	    r->result.finding_count ? "the ledger does not add up" : "the ledger adds up", r->result.operations,
	    r->result.accounts, r->result.payments, r->result.withdrawals, (double)r->took_ms / 1000);
	for (unsigned check = 0; check < AUDIT_CHECK_END; check++) {
		if (!r->result.findings[check])
			continue;
		(void)fprintf(f, "%s: %" PRIu64 " times it is not true that %s\n", audit_check_word(check),
		    r->result.findings[check], audit_check_truth(check));
		for (unsigned i = 0; i < r->first_count; i++)
			if (r->first[i].check == check)
				print_finding(f, &r->first[i]);
	}
	listed = r->first_count;
	if (r->result.finding_count > listed)
		(void)fprintf(f, "%" PRIu64 " more are not listed\n", r->result.finding_count - listed);
}

static json_t *finding(const struct audit_finding *f)
{
	return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "check", audit_check_word(f->check), "of", f->of, "seq",
	    (json_int_t)f->seq, "what", f->what, "expected", f->expected, "found", f->found, "truth",
	    audit_check_truth(f->check));
}

static json_t *counts(const struct verifyreport *r)
{
	json_t *o = json_object();

	for (unsigned check = 0; o && check < AUDIT_CHECK_END; check++)
		if (r->result.findings[check])
			(void)json_object_set_new(
			    o, audit_check_word(check), json_integer((json_int_t)r->result.findings[check]));
	return o;
}

static json_t *list_of(const struct verifyreport *r)
{
	json_t *a = json_array();

	for (unsigned i = 0; a && i < r->first_count; i++)
		(void)json_array_append_new(a, finding(&r->first[i]));
	return a;
}

char *verifyreport_json(const struct verifyreport *r, bool list)
{
	char at[TIME_BYTES], *text;
	time_t at_s = (time_t)r->at_s;
	struct tm tm;
	json_t *o;

	(void)strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at_s, &tm));
	o = json_pack("{s:s, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "result",
	    r->result.finding_count ? "found"
	    : r->failed		    ? "failed"
				    : "right",
	    "at", at, "at_unix", (json_int_t)r->at_s, "node", r->node, "role", r->role, "took_ms",
	    (json_int_t)r->took_ms, "operations", (json_int_t)r->result.operations, "accounts",
	    (json_int_t)r->result.accounts, "payments", (json_int_t)r->result.payments, "withdrawals",
	    (json_int_t)r->result.withdrawals, "passes", (json_int_t)r->result.passes, "findings",
	    (json_int_t)r->result.finding_count, "by_check", counts(r));
	if (o && r->failed)
		(void)json_object_set_new(o, "error", json_string(r->failed));
	if (o && list)
		(void)json_object_set_new(o, "list", list_of(r));
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return text;
}

int verifyreport_store(const char *path, const struct verifyreport *r, struct errbuf *e)
{
	char *text = verifyreport_json(r, false);
	int code = text ? durable_write(path, text, e) : err_set(e, -ENOMEM, "%s: no memory", path);

	free(text);
	if (!code && chmod(path, 0644))
		code = err_set(e, -errno, "%s: %s", path, strerror(errno));
	return code;
}
