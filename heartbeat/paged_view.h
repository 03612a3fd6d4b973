/* What the status page shows: what heartbeatd of this machine answers, and what the ledger here has counted. */
#ifndef HOLDFAST_HEARTBEAT_PAGED_VIEW_H
#define HOLDFAST_HEARTBEAT_PAGED_VIEW_H

#include <jansson.h>

#include "heartbeat/conf.h"
#include "heartbeat/paged_series.h"

struct paged_view {
	const struct conf *conf; /* borrowed */
	const char *run_dir;	 /* borrowed */
	char socket[108];
	struct paged_series series;
	json_t *seen;	 /* what heartbeatd answered last; NULL: nothing yet */
	int64_t seen_ms; /* when; CLOCK_BOOTTIME */
	bool answers;	 /* it did when it was asked last */
	bool hangs;	 /* or it is there, and did not in time */
	int64_t asked_ms;
	char why[ERR_TEXT_BYTES]; /* not */
};

void paged_view_open(struct paged_view *v, const struct conf *conf, const char *run_dir);
void paged_view_close(struct paged_view *v);

/* Looks at the ledger's file of metrics; once a second. */
void paged_view_sample(struct paged_view *v);

/* The text of status.json, with the token of whoever asks; for the caller to free. heartbeatd is asked at most twice a second, whoever asks how often; takes
 * up to 2 s when it hangs. NULL: no memory. */
char *paged_view_text(struct paged_view *v, const char *token);

/* Sends words (heartbeat/command.h) to heartbeatd. The answer: {"started": BOOLEAN, "text": TEXT}, for the caller to json_decref; NULL: no memory. */
json_t *paged_view_command(struct paged_view *v, const char *words);

#endif
