#include "heartbeat/paged_answer.h"

#include <microhttpd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/ctl_check.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/log.h"
#include "heartbeat/monotonic.h"
#include "heartbeat/paged_body.h"
#include "heartbeat/paged_file.h"
#include "heartbeat/paged_form.h"

/* RFC 6265bis, section 4.1.3.2: the browser takes a cookie of that name only by TLS, for this host and Path=/. */
#define COOKIE "__Host-holdfast"
#define COOKIE_ENDS COOKIE "=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"
#define CSRF "token"
#define WORDS_BYTES 64

void paged_answer_open(struct paged_desk *d, const struct conf *conf, const char *run_dir, const char *page_dir)
{
	d->page_dir = page_dir;
	paged_view_open(&d->view, conf, run_dir);
}

void paged_answer_close(struct paged_desk *d)
{
	paged_view_close(&d->view);
	sodium_memzero(&d->sessions, sizeof(d->sessions));
}

static void put(struct paged_reply *ret, unsigned status, json_t *o)
{
	ret->status = status;
	ret->text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	if (ret->text)
		return;
	ret->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	ret->constant = "{\"error\":\"out of memory\"}";
	ret->bytes = strlen(ret->constant);
}

static void refuse(struct paged_reply *ret, unsigned status, const char *why)
{
	put(ret, status, json_pack("{s:s}", "error", why));
}

static void answer_page(
    struct paged_desk *d, const struct paged_request *q, struct paged_session *s, struct paged_reply *ret)
{
	(void)d;
	(void)q;
	(void)s;
	ret->status = MHD_HTTP_OK;
	ret->type = "text/html; charset=utf-8";
	ret->constant = paged_body_text(&ret->bytes);
}

static void answer_status(
    struct paged_desk *d, const struct paged_request *q, struct paged_session *s, struct paged_reply *ret)
{
	(void)q;
	ret->status = MHD_HTTP_OK;
	ret->text = paged_view_text(&d->view, s->token);
	if (!ret->text)
		refuse(ret, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
}

static void begin_session(struct paged_desk *d, struct paged_reply *ret)
{
	uint8_t bytes[2][PAGED_SECRET_BYTES];
	char text[2][PAGED_SECRET_CHARS + 1];

	randombytes_buf(bytes, sizeof(bytes));
	for (unsigned i = 0; i < 2; i++)
		(void)sodium_bin2hex(text[i], sizeof(text[i]), bytes[i], sizeof(bytes[i]));
	paged_session_begin(&d->sessions, text[0], text[1], monotonic_ms());
	(void)snprintf(
	    ret->cookie, sizeof(ret->cookie), COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict", text[0]);
	put(ret, MHD_HTTP_OK, json_pack("{s:b}", "in", 1));
	sodium_memzero(bytes, sizeof(bytes));
	sodium_memzero(text, sizeof(text));
}

static void too_many(const struct paged_request *q, enum paged_may may, int64_t wait_ms, struct paged_reply *ret)
{
	char why[128], address[IP_TEXT_BYTES];

	if (may == PAGED_LOCKED)
		(void)snprintf(why, sizeof(why),
		    "Too many wrong passwords from this address: it is locked for %lld more minutes.",
		    (long long)(wait_ms + 59999) / 60000);
	else
		(void)snprintf(why, sizeof(why), "Too many tries at once: again in %lld seconds.",
		    (long long)(wait_ms + 999) / 1000);
	LOG(LOG_WARNING, "login.refuse", KV_S("address", ip_text(&q->ip, address)),
	    KV_S("why", may == PAGED_LOCKED ? "locked" : "busy"));
	refuse(ret, MHD_HTTP_TOO_MANY_REQUESTS, why);
	ret->retry_ms = wait_ms;
}

static void answer_login(
    struct paged_desk *d, const struct paged_request *q, struct paged_session *s, struct paged_reply *ret)
{
	char password[PAGED_CHARS_MAX + 1], address[IP_TEXT_BYTES];
	int64_t now_ms = monotonic_ms(), wait_ms;
	struct ip who = ip_is_none(&q->ip) ? ip_of_v4(UINT32_MAX) : q->ip;
	struct errbuf e = {""};
	enum paged_may may;
	int right;

	(void)s;
	may = paged_guard_ask(&d->guard, &who, now_ms, &wait_ms);
	if (may != PAGED_MAY) {
		too_many(q, may, wait_ms, ret);
		return;
	}
	(void)paged_form_take(q->body, q->body_bytes, "password", password, sizeof(password));
	right = paged_password_check(d->page_dir, password, &e);
	sodium_memzero(password, sizeof(password));
	if (right < 0) {
		LOG(LOG_ERR, "login.fail", KV_S("why", e.text));
		refuse(ret, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "The password cannot be checked: see the journal of holdfast-page.");
		return;
	}
	LOG(right ? LOG_NOTICE : LOG_WARNING, right ? "login.pass" : "login.refuse",
	    KV_S("address", ip_text(&q->ip, address)), KV_S("why", right ? "" : "password"));
	if (right) {
		paged_guard_passed(&d->guard, &who);
		begin_session(d, ret);
	} else {
		paged_guard_failed(&d->guard, &who, now_ms);
		refuse(ret, MHD_HTTP_FORBIDDEN, "That is not the password.");
	}
}

static void answer_logout(
    struct paged_desk *d, const struct paged_request *q, struct paged_session *s, struct paged_reply *ret)
{
	(void)d;
	(void)q;
	paged_session_end(s);
	put(ret, MHD_HTTP_OK, json_pack("{s:b}", "in", 0));
	(void)snprintf(ret->cookie, sizeof(ret->cookie), "%s", COOKIE_ENDS);
}

/* Begins it, or with look=yes only asks whether it would be begun now. */
static void command(struct paged_desk *d, const struct paged_request *q, const char *words, struct paged_reply *ret)
{
	char text[WORDS_BYTES + 4], address[IP_TEXT_BYTES], look[4];
	bool only_look =
	    paged_form_take(q->body, q->body_bytes, "look", look, sizeof(look)) && strcmp(look, "yes") == 0;
	json_t *answer;
	bool started;

	(void)snprintf(text, sizeof(text), "%s%s", only_look ? "may " : "", words);
	answer = paged_view_command(&d->view, text);
	started = json_is_true(json_object_get(answer, "started"));
	if (!only_look)
		LOG(LOG_NOTICE, "command.ask", KV_S("command", words), KV_S("address", ip_text(&q->ip, address)),
		    KV_S("verdict", started ? "started" : "refused"), KV_S("why", ctl_text(answer, "text")));
	put(ret, started ? MHD_HTTP_OK : MHD_HTTP_CONFLICT, answer);
}

static void answer_switchover(
    struct paged_desk *d, const struct paged_request *q, struct paged_session *s, struct paged_reply *ret)
{
	char to[16], words[WORDS_BYTES];

	(void)s;
	if (!paged_form_take(q->body, q->body_bytes, "to", to, sizeof(to)) || !ctl_is_name(to)) {
		refuse(ret, MHD_HTTP_BAD_REQUEST, "'to' has to be the name of a gateway");
		return;
	}
	(void)snprintf(words, sizeof(words), "switchover %s", to);
	command(d, q, words, ret);
}

static void answer_maintenance(
    struct paged_desk *d, const struct paged_request *q, struct paged_session *s, struct paged_reply *ret)
{
	char node[16], on[4], words[WORDS_BYTES];

	(void)s;
	if (!paged_form_take(q->body, q->body_bytes, "node", node, sizeof(node)) || !ctl_is_name(node) ||
	    !paged_form_take(q->body, q->body_bytes, "on", on, sizeof(on)) ||
	    (strcmp(on, "yes") != 0 && strcmp(on, "no") != 0)) {
		refuse(ret, MHD_HTTP_BAD_REQUEST, "'node' has to be the name of a node, and 'on' yes or no");
		return;
	}
	(void)snprintf(words, sizeof(words), "maintenance-%s %s", strcmp(on, "yes") == 0 ? "on" : "off", node);
	command(d, q, words, ret);
}

static void (*const answers[])(
    struct paged_desk *d, const struct paged_request *q, struct paged_session *s, struct paged_reply *ret) = {
    [PAGED_PAGE] = answer_page,
    [PAGED_STATUS] = answer_status,
    [PAGED_LOGIN] = answer_login,
    [PAGED_LOGOUT] = answer_logout,
    [PAGED_SWITCHOVER] = answer_switchover,
    [PAGED_MAINTENANCE] = answer_maintenance,
};
_Static_assert(sizeof(answers) / sizeof(answers[0]) == PAGED_ROUTE_COUNT, "an answer for each route");

void paged_answer_request(void *userdata, const struct paged_request *q, struct paged_reply *ret)
{
	struct paged_desk *d = userdata;
	char secret[PAGED_SECRET_CHARS + 1], token[PAGED_SECRET_CHARS + 1];
	struct paged_session *s = NULL;

	if (paged_cookie_take(q->cookie, COOKIE, secret, sizeof(secret)))
		s = paged_session_find(&d->sessions, secret, monotonic_ms());
	sodium_memzero(secret, sizeof(secret));
	if (!paged_origin_is_own(q->origin, q->host))
		refuse(ret, MHD_HTTP_FORBIDDEN, "another page asks");
	else if (paged_route_needs_session(q->route) && !s)
		refuse(ret, MHD_HTTP_UNAUTHORIZED, "log in first");
	else if (paged_route_needs_token(q->route) &&
		 (!paged_form_take(q->body, q->body_bytes, CSRF, token, sizeof(token)) ||
		     !paged_session_has_token(s, token)))
		refuse(ret, MHD_HTTP_FORBIDDEN, "the token of the session is missing");
	else
		answers[q->route](d, q, s, ret);
}
