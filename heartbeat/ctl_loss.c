#include "heartbeat/ctl_loss.h"

#include <string.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_command.h"

#define PAYMENTS_MAX 1024 /* in a transaction: BATCH_OPS_MAX of gateway/queue.h, which this layer does not see */

static void print_copy(FILE *out, const json_t *node, const char *what)
{
	const json_t *heard = json_object_get(node, "heard_ms");
	const char *gtid = ctl_text(node, "gtid");

	(void)fprintf(
	    out, "  %-16s %s %s", ctl_text(node, "name"), what, gtid[0] ? gtid : "a position that is not known here");
	if (json_is_integer(heard))
		(void)fprintf(out, ", heard %.1f s ago\n", (double)json_integer_value(heard) / 1000);
	else
		(void)fprintf(out, ", not heard since heartbeatd started here\n");
}

/* The furthest that anybody is known to have come, but for the named one: of a copy that counts, or of what was answered. */
static json_int_t furthest(const json_t *loss, const char *name)
{
	json_int_t seq = ctl_number(json_object_get(loss, "answered"), "seq");
	const json_t *node;
	size_t i;

	json_array_foreach(json_object_get(loss, "nodes"), i, node)
	{
		if (strcmp(ctl_text(node, "name"), name) != 0 && json_is_true(json_object_get(node, "in_sync")) &&
		    ctl_number(node, "seq") > seq)
			seq = ctl_number(node, "seq");
	}
	return seq;
}

/* Positions of two histories say nothing about each other. */
static void print_apart(FILE *out, const char *name, const char *active)
{
	(void)fprintf(out,
	    "%s was active itself, and its log need not be that of %s: the positions do not compare.\n"
	    "What %s wrote then it keeps, what nobody acknowledged included. All that %s answered since it took\n"
	    "the role would be lost; how much that is is not known here.\n",
	    name, active, name, active);
}

/* How far each has come, or had. */
static void print_copies(FILE *out, const json_t *loss, const json_t *named)
{
	const json_t *answered = json_object_get(loss, "answered"), *node;
	size_t i;

	(void)fprintf(out, "The record (version %lld, epoch %lld) names %s active. As far as is known here:\n",
	    (long long)ctl_number(loss, "version"), (long long)ctl_number(loss, "epoch"), ctl_text(loss, "active"));
	print_copy(out, named, "has");
	json_array_foreach(json_object_get(loss, "nodes"), i, node)
	{
		if (node != named)
			print_copy(out, node, "had");
	}
	if (named != json_object_get(loss, "replica") &&
	    json_is_null(json_object_get(ctl_node(loss, ctl_text(loss, "active")), "heard_ms")))
		(void)fprintf(out,
		    "Another member, up for longer, may have heard more of %s: the same command there shows it.\n",
		    ctl_text(loss, "active"));
	if (ctl_number(answered, "seq"))
		(void)fprintf(out, "  %-16s %s, in epoch %lld\n", "answered up to", ctl_text(answered, "gtid"),
		    (long long)ctl_number(answered, "epoch"));
}

static const char *plural(json_int_t n)
{
	return n == 1 ? "" : "s";
}

static void print_lost(FILE *out, json_int_t has, json_int_t known, const char *less)
{
	if (!has || !known)
		(void)fprintf(out, "How much would be lost is not known here.\n");
	else if (known > has)
		(void)fprintf(out,
		    "By that %lld transaction%s would be lost%s;\nand whatever was paid after that was heard. A "
		    "transaction is what was committed together: under load\n"
		    "hundreds of payments (up to %d), at rest none; two that every opening writes have none.\n",
		    (long long)(known - has), plural(known - has), less, PAYMENTS_MAX);
	else
		(void)fprintf(
		    out, "Nothing is known to be missing; what was paid after that was heard would be lost.\n");
}

void ctl_loss_print(FILE *out, const json_t *loss, const json_t *named)
{
	const char *name = ctl_text(named, "name");
	char less[96];

	if (json_is_true(json_object_get(named, "maintenance")))
		(void)fprintf(out, "%s is in maintenance: by this it comes back, and the mark goes.\n", name);
	print_copies(out, loss, named);
	(void)snprintf(less, sizeof(less), ", less what %.15s has received and not applied yet", name);
	if (json_is_true(json_object_get(named, "apart")))
		print_apart(out, name, ctl_text(loss, "active"));
	else
		print_lost(out, ctl_number(named, "seq"), furthest(loss, name), less);
}

/* Its own numbers above where the two part are not those of the pair, which has other transactions under them. */
static void print_astray(FILE *out, const char *name, json_int_t parted, json_int_t known)
{
	(void)fprintf(out,
	    "The history of %s is not that of the pair above transaction %lld: the positions do not compare. What %s "
	    "has\n"
	    "above that counts again, and all that the pair wrote above it would be lost:\n",
	    name, (long long)parted, name);
	if (known > parted)
		(void)fprintf(out, "%lld transaction%s, as far as was heard, and whatever was paid after that.\n",
		    (long long)(known - parted), plural(known - parted));
	else
		(void)fprintf(out, "how much that is is not known here.\n");
}

void ctl_loss_print_replica(FILE *out, const json_t *loss)
{
	const json_t *named = json_object_get(loss, "replica");
	const char *name = ctl_text(named, "name"), *kin = ctl_text(named, "kin");
	bool stuck = json_is_true(json_object_get(named, "stuck"));
	char less[96];

	print_copies(out, loss, named);
	(void)snprintf(less, sizeof(less), ", less what %.15s has received and not applied yet", name);
	if (strcmp(kin, "astray") == 0)
		print_astray(out, name, ctl_number(named, "parted_seq"), furthest(loss, name));
	else if (strcmp(kin, "uncompared") == 0)
		(void)fprintf(out,
		    "A role was forced since %s looked last whether its history is that of the pair: it need not be, "
		    "and the\n"
		    "positions need not compare. How much would be lost is not known here.\n",
		    name);
	else
		print_lost(out, ctl_number(named, "seq"), furthest(loss, name), stuck ? "" : less);
	if (stuck)
		(void)fprintf(out,
		    "What %s received above that it cannot apply (%.80s).\nIt is tried once more; what does not go is "
		    "exported to " CONF_TAILS_DIR ", and lost, too.\n",
		    name, ctl_text(named, "reason"));
}

const char *ctl_loss_note(const json_t *status, const char *name)
{
	const char *reason = ctl_text(ctl_node(status, name), "reason");

	return strncmp(reason, "was not promoted", 16) == 0 ? reason : "";
}

enum ctl_outcome ctl_loss_outcome(
    const json_t *status, const char *name, json_int_t version, const char *before, const char **why)
{
	const char *note = ctl_loss_note(status, name), *active = ctl_text(status, "active");
	bool named = strcmp(active, name) == 0;

	if (named && strcmp(ctl_text(status, "mode"), "STALLED") != 0)
		return CTL_SERVES;
	*why = note;
	if (note[0] && strcmp(note, before) != 0)
		return CTL_FAILED;
	*why = "the record has changed meanwhile: look again";
	return active[0] && !named && ctl_number(status, "version") > version ? CTL_FAILED : CTL_WAITS;
}
