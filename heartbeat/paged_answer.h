/* What the status page answers to each request: who may, and what comes of it. */
#ifndef HOLDFAST_HEARTBEAT_PAGED_ANSWER_H
#define HOLDFAST_HEARTBEAT_PAGED_ANSWER_H

#include "heartbeat/paged_guard.h"
#include "heartbeat/paged_http.h"
#include "heartbeat/paged_session.h"
#include "heartbeat/paged_view.h"

struct paged_desk {
	struct paged_sessions sessions;
	struct paged_guard guard;
	struct paged_view view;
	const char *page_dir; /* borrowed */
};

/* conf and the texts are borrowed. */
void paged_answer_open(struct paged_desk *d, const struct conf *conf, const char *run_dir, const char *page_dir);
void paged_answer_close(struct paged_desk *d);

paged_answer paged_answer_request; /* userdata: the struct paged_desk */

#endif
