#include "tests/chaos/payer_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_seconds(const struct record *r)
{
	uint64_t ends_us = r->end_us > r->load_us ? r->end_us : r->load_us,
		 seconds = (ends_us - r->load_us) / 1000000 + 1;
	uint64_t *count = calloc(seconds, sizeof(*count));

	for (size_t i = 0; count && i < r->ops; i++) {
		const struct record_op *op = &r->op[i];

		if (record_acknowledged(op) && record_is_payment(op) && op->got_us >= r->load_us &&
		    op->got_us <= ends_us)
			count[(op->got_us - r->load_us) / 1000000]++;
	}
	for (uint64_t s = 0; count && s < seconds; s++)
		printf("second %" PRIu64 " mono_us %" PRIu64 " acked %" PRIu64 "\n", s, r->load_us + s * 1000000,
		    count[s]);
	free(count);
}

static void print_gap(const struct record *r, uint64_t after_us, uint64_t before_us)
{
	struct record_gap gap;

	record_find_gap(r, after_us, before_us, &gap);
	printf("acked=%" PRIu64 " gap_ms=%" PRIu64 " gap_begins_us=%" PRIu64 " max_latency_ms=%" PRIu64 "\n",
	    gap.acknowledged, gap.gap_us / 1000, gap.begins_us, gap.latency_max_us / 1000);
}

/* One line for each window. Returns the exit status. */
static int print_windows(const struct record *r, const char *path)
{
	uint64_t after_us, before_us;
	FILE *f = fopen(path, "re");
	char line[80];
	int code = 0;

	if (!f)
		fprintf(stderr, "payer: %s cannot be read\n", path);
	while (f && !code && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNu64 " %" SCNu64, &after_us, &before_us) == 2) {
			print_gap(r, after_us, before_us);
		} else {
			fprintf(stderr, "payer: %s: want two numbers in each line\n", path);
			code = 2;
		}
	}
	if (f)
		(void)fclose(f);
	return f ? code : 2;
}

int payer_gap(const struct payer_options *o)
{
	struct errbuf e = {""};
	struct record r;
	int code = 0;

	if (record_load(o->history, &r, NULL, &e)) {
		fprintf(stderr, "payer: %s\n", e.text);
		return 2;
	}
	if (o->windows) {
		code = print_windows(&r, o->windows);
	} else {
		print_seconds(&r);
		print_gap(&r, o->after_us, o->before_us);
	}
	record_free(&r);
	return code;
}
