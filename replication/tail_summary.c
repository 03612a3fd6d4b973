#include "replication/tail_summary.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *at;
	size_t room;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, t->room, format, args);
	va_end(args);
	if (n < 0)
		n = 0;
	if ((size_t)n >= t->room)
		n = (int)t->room - 1;
	t->at += n;
	t->room -= (size_t)n;
}

static void add_count(struct text *t, uint64_t count, const char *one, const char *prefix)
{
	if (count)
		add(t, "  %" PRIu64 " %s%s%s\n", count, one, count == 1 ? "" : "s", prefix);
}

static void add_reason(struct text *t, const struct tail_summary *s)
{
	const char *active = s->active[0] ? s->active : "another";

	if (s->kind == TAIL_GIVEN_UP)
		add(t, "because its cluster was given up for that of %.15s.\n\n", active);
	else if (s->kind == TAIL_REPLICA && strcmp(s->node, active) == 0)
		add(t, "because it was promoted and cannot apply it.\n\n");
	else if (s->kind == TAIL_REPLICA)
		add(t, "because the history of the pair has gone another way.\n\n");
	else
		add(t, "because %.15s is active now.\n\n", active);
}

static void add_head(struct text *t, const struct tail_summary *s)
{
	const char *log = s->received ? "relay logs" : "log", *did = "wrote";
	char above[GTID_TEXT_BYTES], last[GTID_TEXT_BYTES];

	if (s->received)
		did = "received, had not applied";
	else if (!s->opened_epoch)
		did = "had";
	add(t, "What %.15s %s and gave up at %.31s, ", s->node, did, s->when);
	add_reason(t, s);
	if (s->opened_epoch == UINT64_MAX)
		add(t, "Opened for writing in an epoch that is not known any more;");
	else if (s->opened_epoch)
		add(t, "Opened for writing in epoch %" PRIu64 ";", s->opened_epoch);
	add(t, "%s in epoch %" PRIu64 ".\n", s->opened_epoch ? " given up" : "Given up", s->epoch);
	add(t, "%" PRIu64 " transaction%s, from number %" PRIu64 " to %s", s->transactions,
	    s->transactions == 1 ? "" : "s", s->first_seq, gtid_format(s->last, last));
	if (s->above.seq)
		add(t, ": all in its %s above %s.\n", log, gtid_format(s->above, above));
	else
		add(t, ": all in its %s.\n", log);
}

struct line {
	size_t count; /* in struct journal_counts */
	const char *one, *prefix;
};

static const struct line made[] = {
    {offsetof(struct journal_counts, transfers), "transfer", " (tr_)"},
    {offsetof(struct journal_counts, topups), "top-up", " (top_)"},
    {offsetof(struct journal_counts, payments), "payment", " (pay_)"},
    {offsetof(struct journal_counts, refunds), "refund", " (ref_)"},
    {offsetof(struct journal_counts, withdrawals), "withdrawal", " (wd_)"},
    {offsetof(struct journal_counts, users), "user", " (usr_)"},
    {offsetof(struct journal_counts, accounts), "account", " (acc_)"},
    {offsetof(struct journal_counts, others), "row", " of a kind that this release does not know"},
};

static const struct line changed[] = {
    {offsetof(struct journal_counts, captures), "capture", " (pay_ captured)"},
    {offsetof(struct journal_counts, voids), "void", " (pay_ voided)"},
    {offsetof(struct journal_counts, expiries), "hold", " let go at their time (pay_ expired)"},
    {offsetof(struct journal_counts, confirmed), "withdrawal", " confirmed (wd_ succeeded)"},
    {offsetof(struct journal_counts, failed), "withdrawal", " given back (wd_ failed)"},
    {offsetof(struct journal_counts, changes), "change", " of accounts (acc_ updated, frozen, unfrozen, closed)"},
};

/* False: none of these. */
static bool add_lines(
    struct text *t, const char *title, const struct line *lines, size_t count, const struct journal_counts *c)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		uint64_t n;

		memcpy(&n, (const char *)c + lines[i].count, sizeof(n));
		if (n && !any)
			add(t, "%s:\n", title);
		any = any || n;
		add_count(t, n, lines[i].one, lines[i].prefix);
	}
	return any;
}

static void add_made(struct text *t, const struct journal_counts *c)
{
	bool any = add_lines(t, "They made", made, sizeof(made) / sizeof(made[0]), c);

	if (!add_lines(
		t, any ? "And they changed" : "They changed", changed, sizeof(changed) / sizeof(changed[0]), c) &&
	    !any)
		add(t, "They made no payment, no top-up and no account.\n");
}

static void add_told(struct text *t, const struct tail_summary *s)
{
	static const char *const told[] = {
	    [TAIL_OWN] = "This machine told no client \"succeeded\" for any of it, unless a copy was promoted by force "
			 "since: then\n"
			 "clients may have been told so (`journalctl -u holdfast-heartbeatd | grep reason=forced`).\n",
	    [TAIL_GIVEN_UP] = "Clients were told \"succeeded\" for it, but perhaps for the last of it: take all of it "
			      "for answered. A\n"
			      "replica was promoted by force, and lacked it. ",
	    [TAIL_REPLICA] =
		"Clients may have been told \"succeeded\" for it:\na role was forced upon a copy that lacks it. ",
	};

	add(t,
	    "%sIt is not in the books, but for what\na client has repeated with its key, which was executed anew, "
	    "under another id.\n",
	    told[s->kind]);
	/* No server: where two histories part, of which this one may be the one that goes on. */
	if (s->received || (s->kind == TAIL_GIVEN_UP && !s->above.server))
		add(t, "Some of it may be in the books all the same: the others may have had it. Its id tells.\n");
	add(t, "\n");
}

void tail_summary_text(const struct tail_summary *s, char ret[static TAIL_SUMMARY_BYTES])
{
	struct text t = {.at = ret, .room = TAIL_SUMMARY_BYTES};
	const char *slash = strrchr(s->file, '/'), *name = slash ? slash + 1 : s->file;

	ret[0] = '\0';
	add_head(&t, s);
	add_made(&t, &s->made);
	add(&t, "\n%.150s           a piece of the binary log\n", name);
	add(&t, "%.150s.sql       the same, to be read\n", name);
	add(&t,
	    "%.150s.payments  the ids of all that it made, and of what it changed with a word for that, one a line\n\n",
	    name);
	add_told(&t, s);
	add(&t,
	    "What to do:\n"
	    "- When a client complains about a payment, look for its id in the .payments. If it is there, and\n"
	    "  GET /v1/transfers/ID answers 404, it is not in the books under that id. Did the client repeat it?\n"
	    "  GET /v1/idempotency_keys/KEY tells. If not, it has to be paid again.\n"
	    "- %s\n"
	    "- Never load the files into the database.\n"
	    "- When all is settled, move the files to where you keep evidence. `holdfastctl status` on this machine\n"
	    "  reminds of them until then.\n",
	    s->kind == TAIL_OWN
		? "After a promotion by force go through the whole list: these clients may not complain."
		: "Go through the whole list: these clients may not complain.");
}
