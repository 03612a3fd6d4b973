#include "replication/lineage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct row {
	const char *text; /* "": there is none */
	size_t length;
	uint64_t epoch, opened_seq;
};

static bool take_number(const char **at, uint64_t *ret)
{
	const char *start = *at;

	for (*ret = 0; **at >= '0' && **at <= '9'; ++*at)
		*ret = *ret * 10 + (uint64_t)(**at - '0');
	return *at > start && **at == ' ';
}

/* The row that begins there. False: none does. */
static bool row_at(const char *text, struct row *ret)
{
	const char *at = text;

	*ret = (struct row){.text = text, .length = strcspn(text, "\n")};
	if (!take_number(&at, &ret->epoch))
		return false;
	at++;
	return take_number(&at, &ret->opened_seq) && ret->epoch > 0;
}

static const char *behind(const struct row *r)
{
	return r->text + r->length + (r->text[r->length] == '\n');
}

enum lineage_verdict lineage_compare(const struct lineage *own, const struct lineage *source, struct lineage_found *ret)
{
	const char *left = own->rows, *right = source->rows;
	struct row a, b;
	bool more_own = row_at(left, &a), more_source = row_at(right, &b);
	uint64_t own_end, source_end;

	*ret = (struct lineage_found){0};
	while (more_own && more_source && a.length == b.length && memcmp(a.text, b.text, a.length) == 0) {
		ret->common_epoch = a.epoch;
		left = behind(&a);
		right = behind(&b);
		more_own = row_at(left, &a);
		more_source = row_at(right, &b);
	}
	/* Where each of them leaves the last epoch that both have, or is in it. */
	own_end = more_own ? a.opened_seq : own->last_seq;
	source_end = more_source ? b.opened_seq : source->last_seq;
	ret->parted_seq = own_end < source_end ? own_end : source_end;
	if (!ret->common_epoch) {
		ret->parted_seq = 0;
		return LINEAGE_OTHER;
	}
	if (more_own && more_source)
		return LINEAGE_OTHER;
	if (more_own)
		return source_end <= own_end ? LINEAGE_AHEAD : LINEAGE_OTHER;
	if (own_end <= source_end)
		return LINEAGE_BEGINNING;
	return more_source ? LINEAGE_OTHER : LINEAGE_AHEAD;
}

void lineage_note_format(const struct lineage_note *n, char ret[static LINEAGE_NOTE_BYTES])
{
	if (n->other)
		(void)snprintf(
		    ret, LINEAGE_NOTE_BYTES, "epoch %" PRIu64 " parted %" PRIu64 "\n", n->epoch, n->parted_seq);
	else
		(void)snprintf(ret, LINEAGE_NOTE_BYTES, "epoch %" PRIu64 " one\n", n->epoch);
}

int lineage_note_parse(const char *text, struct lineage_note *ret)
{
	struct lineage_note n = {0};
	char same[LINEAGE_NOTE_BYTES];

	n.other = sscanf(text, "epoch %" SCNu64 " parted %" SCNu64, &n.epoch, &n.parted_seq) == 2;
	if (!n.other)
		n.parted_seq = 0;
	lineage_note_format(&n, same);
	if (!n.epoch || strcmp(text, same) != 0)
		return -EINVAL;
	*ret = n;
	return 0;
}
