#include "heartbeat/ctl_history.h"

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/transition.h"

#define ROW "%-7s %-25s %-16s %-16s %-16s %8s"

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "?";
}

static void print_number(FILE *f, const char *format, const json_t *o, const char *key)
{
	(void)fprintf(f, format, (long long)ctl_number(o, key));
}

/* "-": not known. */
static void print_ms(FILE *f, bool known, const json_t *o, const char *key)
{
	if (known)
		print_number(f, " %8lld", o, key);
	else
		(void)fprintf(f, " %8s", "-");
}

/* What does not fit into its 16 bits is told to be longer. */
static void print_stage(FILE *f, bool known, const json_t *stages, const char *key)
{
	if (known && ctl_number(stages, key) >= UINT16_MAX)
		(void)fprintf(f, " %8s", ">65535");
	else
		print_ms(f, known, stages, key);
}

/* The first two begin when nobody served any more; the last ends with the first payment, and it may be long until one comes. */
static bool is_told(bool known, const json_t *stages, unsigned stage)
{
	if (stage == HB_STAGE_ANSWER)
		return ctl_number(stages, hb_stage_text(stage)) != 0;
	return known || (stage != HB_STAGE_DETECT && stage != HB_STAGE_VOTE);
}

static void print_entry(FILE *f, const json_t *t)
{
	const json_t *stages = json_object_get(t, "stages_ms");
	bool known = json_is_integer(json_object_get(t, "took_ms"));

	print_number(f, "%-7lld ", t, "epoch");
	(void)fprintf(
	    f, "%-25s %-16s %-16s %-16s", text_of(t, "at"), text_of(t, "from"), text_of(t, "to"), text_of(t, "reason"));
	print_ms(f, known, t, "took_ms");
	for (unsigned i = 0; i < HB_STAGE_COUNT; i++)
		print_stage(f, is_told(known, stages, i), stages, hb_stage_text(i));
	(void)fputc('\n', f);
}

void ctl_history_print(FILE *f, const json_t *history)
{
	static const char *const help[] = {
#define X(id, word, text) text,
	    HB_STAGES(X)
#undef X
	};

	(void)fprintf(f, ROW, "EPOCH", "AT", "FROM", "TO", "REASON", "TOOK MS");
	for (unsigned i = 0; i < HB_STAGE_COUNT; i++)
		(void)fprintf(f, " %8s", hb_stage_text(i));
	(void)fputc('\n', f);
	for (size_t i = 0; i < json_array_size(history); i++)
		if (json_is_object(json_array_get(history, i)))
			print_entry(f, json_array_get(history, i));
	(void)fprintf(f, "\nTOOK     how long nobody served, until the new one did at its address; by switchover until "
			 "it did at all,\n"
			 "         for the old one passes on what comes by the address; -: not known, as at a start, "
			 "or when it was forced\n");
	for (unsigned i = 0; i < HB_STAGE_COUNT; i++)
		(void)fprintf(f, "%-8s %s\n", hb_stage_text(i), help[i]);
}

int ctl_history(const struct ctl_options *o)
{
	return ctl_ask_and_show("history", o->json, ctl_history_print);
}
