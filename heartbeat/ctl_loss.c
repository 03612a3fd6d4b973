#include "heartbeat/ctl_loss.h"

#include <string.h>

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

void ctl_loss_print(FILE *out, const json_t *loss, const json_t *named)
{
	const json_t *answered = json_object_get(loss, "answered"), *node;
	const char *name = ctl_text(named, "name");
	json_int_t has = ctl_number(named, "seq"), known = furthest(loss, name);
	size_t i;

	if (json_is_true(json_object_get(named, "maintenance")))
		(void)fprintf(out, "%s is in maintenance: by this it comes back, and the mark goes.\n", name);
	(void)fprintf(out, "The record (version %lld, epoch %lld) names %s active. As far as is known here:\n",
	    (long long)ctl_number(loss, "version"), (long long)ctl_number(loss, "epoch"), ctl_text(loss, "active"));
	print_copy(out, named, "has");
	json_array_foreach(json_object_get(loss, "nodes"), i, node)
	{
		if (node != named)
			print_copy(out, node, "had");
	}
	if (json_is_null(json_object_get(ctl_node(loss, ctl_text(loss, "active")), "heard_ms")))
		(void)fprintf(out,
		    "Another member, up for longer, may have heard more of %s: the same command there shows it.\n",
		    ctl_text(loss, "active"));
	if (ctl_number(answered, "seq"))
		(void)fprintf(out, "  %-16s %s, in epoch %lld\n", "answered up to", ctl_text(answered, "gtid"),
		    (long long)ctl_number(answered, "epoch"));
	if (json_is_true(json_object_get(named, "apart")))
		print_apart(out, name, ctl_text(loss, "active"));
	else if (!has || !known)
		(void)fprintf(out, "How much would be lost is not known here.\n");
	else if (known > has)
		(void)fprintf(out,
		    "By that %lld transaction%s would be lost, less what %s has received and not applied yet;\n"
		    "and whatever was paid after that was heard. A transaction is what was committed together: under "
		    "load\n"
		    "hundreds of payments (up to %d), at rest none.\n",
		    (long long)(known - has), known - has == 1 ? "" : "s", name, PAYMENTS_MAX);
	else
		(void)fprintf(
		    out, "Nothing is known to be missing; what was paid after that was heard would be lost.\n");
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
