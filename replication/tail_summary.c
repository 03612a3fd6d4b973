#include "replication/tail_summary.h"

#include <inttypes.h>
#include <stdarg.h>
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

static void add_head(struct text *t, const struct tail_summary *s)
{
	char above[GTID_TEXT_BYTES], last[GTID_TEXT_BYTES];

	add(t, "What %.15s wrote and gave up at %.31s, because %.15s is active now.\n\n", s->node, s->when,
	    s->active[0] ? s->active : "another");
	if (s->opened_epoch == UINT64_MAX)
		add(t, "Opened for writing in an epoch that is not known any more;");
	else
		add(t, "Opened for writing in epoch %" PRIu64 ";", s->opened_epoch);
	add(t, " given up in epoch %" PRIu64 ".\n", s->epoch);
	add(t, "%" PRIu64 " transaction%s, from number %" PRIu64 " to %s", s->transactions,
	    s->transactions == 1 ? "" : "s", s->first_seq, gtid_format(s->last, last));
	if (s->above.seq)
		add(t, ": all in its log above %s.\n", gtid_format(s->above, above));
	else
		add(t, ": all in its log.\n");
}

static void add_made(struct text *t, const struct journal_counts *c)
{
	if (!(c->transfers + c->topups + c->accounts + c->payments + c->refunds + c->withdrawals + c->users +
		c->others)) {
		add(t, "They made no payment, no top-up and no account.\n");
		return;
	}
	add(t, "They made:\n");
	add_count(t, c->transfers, "transfer", " (tr_)");
	add_count(t, c->topups, "top-up", " (top_)");
	add_count(t, c->payments, "payment", " (pay_)");
	add_count(t, c->refunds, "refund", " (ref_)");
	add_count(t, c->withdrawals, "withdrawal", " (wd_)");
	add_count(t, c->users, "user", " (usr_)");
	add_count(t, c->accounts, "account", " (acc_)");
	add_count(t, c->others, "row", " of a kind that this release does not know");
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
	add(&t, "%.150s.payments  the ids of all that it made, one a line\n\n", name);
	add(&t,
	    "This machine told no client \"succeeded\" for any of it, unless a copy was promoted by force since: then\n"
	    "clients may have been told so (`holdfastctl history` says \"forced\"). It is not in the books, but for "
	    "what\n"
	    "a client has repeated with its key, which was executed anew, under another id.\n\n"
	    "What to do:\n"
	    "- When a client complains about a payment, look for its id in the .payments. If it is there, and\n"
	    "  GET /v1/transfers/ID answers 404, it is not in the books under that id. Did the client repeat it?\n"
	    "  GET /v1/idempotency_keys/KEY tells. If not, it has to be paid again.\n"
	    "- After a promotion by force go through the whole list: these clients may not complain.\n"
	    "- Never load the files into the database.\n"
	    "- When all is settled, move the files to where you keep evidence. `holdfastctl status` on this machine\n"
	    "  reminds of them until then.\n");
}
