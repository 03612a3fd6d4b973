#include "heartbeat/ctl_explain.h"

#include <string.h>

#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/explain.h"

static const char *mark_of(const json_t *line)
{
	const json_t *holds = json_object_get(line, "holds");

	return json_is_true(holds) ? "[yes] " : json_is_false(holds) ? "[no]  " : "";
}

static void print_topic(FILE *f, const json_t *lines, const char *word, const char *title)
{
	const char *about = NULL; /* the member that the last line was about */
	bool any = false;

	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);
		const char *whom = ctl_text(line, "about");

		if (strcmp(ctl_text(line, "topic"), word) != 0)
			continue;
		if (!any)
			(void)fprintf(f, "%s:\n", title);
		any = true;
		(void)fprintf(f, "  %-15s %s%s\n", about && strcmp(about, whom) == 0 ? "" : whom, mark_of(line),
		    ctl_text(line, "text"));
		about = whom;
	}
}

void ctl_explain_print(FILE *f, const json_t *explanation)
{
	const json_t *lines = json_object_get(explanation, "lines");

	(void)fprintf(
	    f, "cluster %s as %s knows it\n", ctl_text(explanation, "cluster"), ctl_text(explanation, "node"));
#define X(id, word, text) print_topic(f, lines, word, text);
	HB_TOPICS(X)
#undef X
}

int ctl_explain(const struct ctl_options *o)
{
	return ctl_ask_and_show("explain", o->json, ctl_explain_print);
}
