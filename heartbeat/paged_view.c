#include "heartbeat/paged_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_status.h"
#include "heartbeat/ctl_status_parts.h"
#include "heartbeat/hostseen.h"
#include "heartbeat/rolepage.h"
#include "heartbeat/wallclock.h"

#define ASK_AGAIN_MS 500
#define HANG_AGAIN_MS 5000 /* one that hangs costs 2 s each time */
#define LINES_BYTES 4096

static int64_t now_ms(void)
{
	return (int64_t)(clock_boottime_us() / 1000);
}

void paged_view_open(struct paged_view *v, const struct conf *conf, const char *run_dir)
{
	*v = (struct paged_view){.conf = conf, .run_dir = run_dir, .why = "not asked yet"};
	(void)snprintf(v->socket, sizeof(v->socket), "%.80s/heartbeatd.sock", run_dir);
}

void paged_view_close(struct paged_view *v)
{
	json_decref(v->seen);
	v->seen = NULL;
}

void paged_view_sample(struct paged_view *v)
{
	static char text[METRICS_TEXT_BYTES];
	struct paged_count count;
	int64_t at_ms = 0;
	char path[160];
	bool good;

	(void)snprintf(path, sizeof(path), "%.100s/" METRICS_LEDGERD_NAME, v->run_dir);
	good = metrics_take(path, text, &at_ms) && paged_series_read(text, &count);
	paged_series_note(&v->series, good ? &count : NULL, at_ms, (int64_t)wallclock_ms());
}

/* What is to be done about what the status shows, a text for each line. */
static json_t *advice_of(const json_t *status)
{
	char text[LINES_BYTES] = "";
	json_t *lines = json_array();
	FILE *f = fmemopen(text, sizeof(text) - 1, "w");

	if (!f)
		return lines;
	ctl_advice_print(f, status);
	(void)fclose(f);
	for (char *at = text; *at;) {
		size_t n = strcspn(at, "\n");

		(void)json_array_append_new(lines, json_stringn(at, n));
		at += n + (at[n] == '\n');
	}
	return lines;
}

/* All that heartbeatd is asked. 0 and *ret, or what ctl_ask_for returned, with e filled: half of it is nothing. */
static int ask_all(const struct paged_view *v, json_t **ret, struct errbuf *e)
{
	static const char *const questions[] = {"status", "explain", "history"};
	json_t *all = json_object(), *answer;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		int code = ctl_ask_for(v->socket, questions[i], &answer, e);

		if (!code && json_object_set_new(all, questions[i], answer))
			code = err_set(e, -ENOMEM, "out of memory");
		if (code) {
			json_decref(all);
			return code;
		}
	}
	(void)json_object_set_new(all, "advice", advice_of(json_object_get(all, "status")));
	*ret = all;
	return 0;
}

static void look(struct paged_view *v)
{
	struct errbuf e = {""};
	int64_t began_ms = now_ms(), again_ms = v->hangs ? HANG_AGAIN_MS : ASK_AGAIN_MS;
	json_t *all = NULL;
	int code;

	if (v->asked_ms && began_ms < v->asked_ms + again_ms)
		return;
	code = ask_all(v, &all, &e);
	v->asked_ms = now_ms();
	v->answers = !code;
	v->hangs = code == -ETIMEDOUT;
	(void)snprintf(v->why, sizeof(v->why), "%s", code ? e.text : "");
	if (code)
		return;
	json_decref(v->seen);
	v->seen = all;
	v->seen_ms = began_ms; /* it may be as old as the question */
}

/* With so many digits as are of use. */
static json_t *number(double value, double digits)
{
	return value < 0 ? json_null() : json_real((double)(int64_t)(value * digits + 0.5) / digits);
}

static json_t *series_json(const struct paged_series *s)
{
	json_t *rate = json_array(), *p50 = json_array(), *p99 = json_array();

	for (unsigned i = 0; i < s->points; i++) {
		const struct paged_point *p = &s->point[i];

		(void)json_array_append_new(rate, p->known ? number(p->rate, 10) : json_null());
		(void)json_array_append_new(p50, p->known ? number(p->p50_ms, 100) : json_null());
		(void)json_array_append_new(p99, p->known ? number(p->p99_ms, 100) : json_null());
	}
	return json_pack("{s:i, s:i, s:o, s:o, s:o}", "every_ms", METRICS_EVERY_MS, "points", PAGED_POINTS, "rate",
	    rate, "p50_ms", p50, "p99_ms", p99);
}

/* The worker hosts, by the file that holdfastctl worker leaves: it may ask HAProxy, and we may not. Null: there is no such file, as on a witness. */
static json_t *hosts_json(const char *run_dir)
{
	struct hostseen s;
	uint64_t ms = (uint64_t)now_ms();
	json_t *all;

	if (!hostseen_take(run_dir, &s))
		return json_null();
	all = json_array();
	for (unsigned i = 0; i < s.count; i++)
		(void)json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "name", s.host[i].name, "address",
						     s.host[i].address, "state", hostseen_state(&s, i, ms)));
	return json_pack("{s:I, s:I, s:b, s:o}", "at_ms", (json_int_t)s.at_ms, "age_ms",
	    (json_int_t)(ms > s.at_ms ? ms - s.at_ms : 0), "old", (int)hostseen_is_old(&s, ms), "all", all);
}

char *paged_view_text(struct paged_view *v, const char *token)
{
	static const char *const kinds[] = {"gateway", "witness", "replica"};
	json_t *o;
	char *text;

	look(v);
	o = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:o, s:O?, s:o, s:o}", "cluster", v->conf->cluster, "node",
	    v->conf->name, "kind", kinds[v->conf->kind], "token", token, "answers", (int)v->answers, "why", v->why,
	    "age_ms", v->seen ? json_integer(now_ms() - v->seen_ms) : json_null(), "seen", v->seen, "series",
	    series_json(&v->series), "hosts", hosts_json(v->run_dir));
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return text;
}

json_t *paged_view_command(struct paged_view *v, const char *words)
{
	struct errbuf e = {""};
	json_t *answer = ctl_ask(v->socket, words, &e), *ret;
	const char *error = ctl_text(answer, "error");
	bool started = answer && json_is_true(json_object_get(answer, "started"));

	ret = json_pack("{s:b, s:s}", "started", (int)started, "text",
	    !answer  ? e.text
	    : *error ? error
		     : ctl_text(answer, "text"));
	json_decref(answer);
	v->asked_ms = 0; /* what is shown next is what came of it */
	return ret;
}
