/* tests/chaos/check: a history of the load, and what both databases hold at the end, or the one that can still be read. Exit status 0: nothing is wrong with them, 1: something
 * is, 2: they cannot be read. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chaos/check_accounts.h"
#include "tests/chaos/check_ledger.h"
#include "tests/chaos/payer_balance.h"

struct check {
	const char *history, *dump[2], *json;
	uint64_t after_seq;
	struct record record;
	struct dump database[2];
	struct findings *findings; /* owned */
	bool *executed;		   /* owned, per operation */
	int64_t *posted;	   /* owned, per account */
	struct check_effort effort;
};

static bool take_options(struct check *c, int argc, char **argv)
{
	static const struct option longs[] = {{"history", required_argument, NULL, 'h'},
	    {"active", required_argument, NULL, 'a'}, {"standby", required_argument, NULL, 's'},
	    {"after", required_argument, NULL, 'n'}, {"json", required_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	char *end = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (option) {
		case 'h': c->history = optarg; break;
		case 'a': c->dump[0] = optarg; break;
		case 's': c->dump[1] = optarg; break;
		case 'n': c->after_seq = strtoull(optarg, &end, 10); break;
		case 'j': c->json = optarg; break;
		default: return false;
		}
	if (end && *end) {
		fprintf(stderr, "check: --after wants a position of the journal\n");
		return false;
	}
	return optind == argc && c->history && c->dump[0];
}

static int read_all(struct check *c, struct errbuf *e)
{
	int rc = record_load(c->history, &c->record, c->findings, e);

	for (int i = 0; !rc && i < 2 && c->dump[i]; i++)
		rc = dump_load(c->dump[i], &c->database[i], e);
	if (rc)
		return rc;
	c->executed = calloc(c->record.ops + 1, sizeof(*c->executed));
	c->posted = calloc(c->record.accounts + 1, sizeof(*c->posted));
	return c->executed && c->posted ? 0 : err_set(e, -ENOMEM, "no memory");
}

/* The search comes first: it must not know what the journal says. */
static int check_all(struct check *c, struct errbuf *e)
{
	struct record *r = &c->record;
	struct findings *f = c->findings;

	if (!r->end_us)
		findings_add(f, FINDING_OTHER, "the history has no end");
	check_accounts(r, NULL, f, &c->effort);
	if (c->dump[1])
		check_databases(&c->database[0], &c->database[1], f);
	check_journal(&c->database[0], c->after_seq, f);
	if (check_operations(r, &c->database[0], c->executed, c->posted, f))
		return err_set(e, -ENOMEM, "no memory");
	balance_check_final(r, c->executed, c->posted, f);
	balance_check_reads(r, c->executed, f);
	check_pages(r, &c->database[0], f);
	check_looks(r, f);
	check_sessions(r, f);
	record_check_order(r, f);
	check_accounts(r, c->executed, f, &c->effort);
	return 0;
}

static void count_outcomes(
    const struct check *c, size_t *acknowledged, size_t *refused, size_t *unknown, size_t *happened)
{
	*acknowledged = *refused = *unknown = *happened = 0;
	for (size_t i = 0; i < c->record.ops; i++) {
		const struct record_op *op = &c->record.op[i];

		*acknowledged += record_acknowledged(op);
		*refused += op->status && !record_acknowledged(op);
		*unknown += !op->status;
		*happened += !op->status && c->executed[i];
	}
}

static bool tell(const struct check *c, FILE *out)
{
	size_t acknowledged, refused, unknown, happened;

	count_outcomes(c, &acknowledged, &refused, &unknown, &happened);
	fprintf(out,
	    "{\"operations\":%zu,\"acknowledged\":%zu,\"refused\":%zu,\"unknown\":%zu,\"unknown_executed\":%zu,"
	    "\"repeats\":%" PRIu64 ",\"reads\":%zu,\"reads_failed\":%" PRIu64
	    ",\"searched\":{\"accounts\":%zu,\"operations\":%zu,\"largest\":%zu},\"findings\":{",
	    c->record.ops, acknowledged, refused, unknown, happened, c->record.replays,
	    c->record.reads + c->record.pages + c->record.looks, c->record.reads_failed, c->effort.accounts,
	    c->effort.operations, c->effort.largest);
	for (size_t i = 0, told = 0; i < FINDING_CLASSES; i++) {
		uint64_t count = findings_count(c->findings, (enum finding_class)i);

		if (count)
			fprintf(out, "%s\"%s\":%" PRIu64, told++ ? "," : "", findings_word[i], count);
	}
	fprintf(out, "}}\n");
	return fflush(out) == 0;
}

static bool report(const struct check *c)
{
	FILE *file = c->json ? fopen(c->json, "we") : NULL;
	bool good = !c->json || (file && tell(c, file));

	if (file && fclose(file) != 0)
		good = false;
	if (!good)
		fprintf(stderr, "check: %s: cannot be written\n", c->json);
	printf("check: operations=%zu reads=%zu findings=%" PRIu64 "\n", c->record.ops,
	    c->record.reads + c->record.pages + c->record.looks, findings_total(c->findings));
	return good;
}

int main(int argc, char **argv)
{
	struct check c = {0};
	struct errbuf e = {""};
	int status = 2;

	if (!take_options(&c, argc, argv)) {
		fprintf(
		    stderr, "usage: check --history FILE --active DUMP [--standby DUMP] [--after SEQ] [--json FILE]\n");
		return 2;
	}
	c.findings = findings_new("check");
	if (!c.findings || read_all(&c, &e) || check_all(&c, &e))
		fprintf(stderr, "check: %s\n", c.findings ? e.text : "no memory");
	else if (report(&c))
		status = findings_total(c.findings) != 0;
	record_free(&c.record);
	dump_free(&c.database[0]);
	dump_free(&c.database[1]);
	findings_free(c.findings);
	free(c.executed);
	free(c.posted);
	return status;
}
