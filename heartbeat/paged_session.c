#include "heartbeat/paged_session.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static bool is_over(const struct paged_session *s, int64_t now_ms)
{
	return !s->open || now_ms - s->seen_ms >= PAGED_IDLE_MS || now_ms - s->began_ms >= PAGED_LIFE_MS;
}

void paged_session_end(struct paged_session *s)
{
	sodium_memzero(s, sizeof(*s));
}

void paged_session_begin(struct paged_sessions *t, const char *secret, const char *token, int64_t now_ms)
{
	struct paged_session *s = &t->session[0];

	assert(strlen(secret) == PAGED_SECRET_CHARS && strlen(token) == PAGED_SECRET_CHARS);
	for (unsigned i = 0; i < PAGED_SESSIONS_MAX; i++) {
		if (is_over(&t->session[i], now_ms)) {
			s = &t->session[i];
			break;
		}
		if (t->session[i].seen_ms < s->seen_ms)
			s = &t->session[i];
	}
	*s = (struct paged_session){.open = true, .began_ms = now_ms, .seen_ms = now_ms};
	memcpy(s->secret, secret, PAGED_SECRET_CHARS);
	memcpy(s->token, token, PAGED_SECRET_CHARS);
}

struct paged_session *paged_session_find(struct paged_sessions *t, const char *secret, int64_t now_ms)
{
	struct paged_session *found = NULL;

	if (strlen(secret) != PAGED_SECRET_CHARS)
		return NULL;
	for (unsigned i = 0; i < PAGED_SESSIONS_MAX; i++) {
		struct paged_session *s = &t->session[i];
		bool same = sodium_memcmp(s->secret, secret, PAGED_SECRET_CHARS) == 0;

		if (same && s->open)
			found = s;
	}
	if (!found)
		return NULL;
	if (is_over(found, now_ms)) {
		paged_session_end(found);
		return NULL;
	}
	found->seen_ms = now_ms;
	return found;
}

bool paged_session_has_token(const struct paged_session *s, const char *token)
{
	return strlen(token) == PAGED_SECRET_CHARS && sodium_memcmp(s->token, token, PAGED_SECRET_CHARS) == 0;
}
