/* Who is logged in at the status page: a table of fixed size. Times are of one clock that never goes back. Pure. */
#ifndef HOLDFAST_HEARTBEAT_PAGED_SESSION_H
#define HOLDFAST_HEARTBEAT_PAGED_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#define PAGED_SESSIONS_MAX 16
#define PAGED_IDLE_MS (INT64_C(30) * 60 * 1000)	  /* without a request */
#define PAGED_LIFE_MS (INT64_C(12) * 3600 * 1000) /* in all: a page that stays open asks each second */
#define PAGED_SECRET_BYTES 32
#define PAGED_SECRET_CHARS (2 * PAGED_SECRET_BYTES) /* hexadecimal */

struct paged_session {
	bool open;
	char secret[PAGED_SECRET_CHARS + 1]; /* the cookie */
	char token[PAGED_SECRET_CHARS + 1];  /* what a POST of our page shows, and one of another page cannot know */
	int64_t began_ms, seen_ms;
};

struct paged_sessions {
	struct paged_session session[PAGED_SESSIONS_MAX];
};

/* One more session. secret and token are random, of PAGED_SECRET_CHARS each. When the table is full the one that was seen longest ago ends. */
void paged_session_begin(struct paged_sessions *t, const char *secret, const char *token, int64_t now_ms);

/* The session of that cookie, which is seen now; NULL: there is none, or it was idle or has lived for too long. Takes as long for any secret. */
struct paged_session *paged_session_find(struct paged_sessions *t, const char *secret, int64_t now_ms);

/* Is that the session's token? Takes as long for any text of the right length. */
bool paged_session_has_token(const struct paged_session *s, const char *token);

void paged_session_end(struct paged_session *s);

#endif
