/* holdfastctl switchover: the role goes to the other gateway; waits until that one serves, or until it did not work. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/local.h"

#define LOOK_MS 50
#define WAIT_MS 15000 /* it takes a tenth of a second; a hand-over that does not work is called off after two */

struct sight {
	json_t *status;
	const char *active, *mode, *reason; /* of the active node; "" unknown; point into status */
	json_int_t epoch;
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static bool look(struct sight *s, struct errbuf *e)
{
	const json_t *node;
	size_t i;

	json_decref(s->status);
	*s = (struct sight){.status = ctl_ask(LOCAL_SOCKET, "status", e), .active = "", .mode = "", .reason = ""};
	if (!s->status)
		return false;
	s->active = text_of(s->status, "active");
	s->mode = text_of(s->status, "mode");
	s->epoch = json_integer_value(json_object_get(s->status, "epoch"));
	json_array_foreach(json_object_get(s->status, "nodes"), i,
	    node) if (strcmp(text_of(node, "name"), s->active) == 0) s->reason = text_of(node, "reason");
	return true;
}

static int confirm(const struct ctl_options *o, const struct sight *s)
{
	char line[8] = "";

	if (o->yes)
		return 0;
	if (!isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "holdfastctl: switchover: nobody is there to ask: add --yes\n");
		return 2;
	}
	(void)printf("%s is active (%s). Hand the role over%s%s? Requests wait for about a tenth of a second. [y/N] ",
	    s->active, s->mode, o->to ? " to " : "", o->to ? o->to : "");
	(void)fflush(stdout);
	if (!fgets(line, sizeof(line), stdin) || (line[0] != 'y' && line[0] != 'Y')) {
		(void)fprintf(stderr, "holdfastctl: switchover: nothing was done\n");
		return 1;
	}
	return 0;
}

static int refuse(const char *why)
{
	(void)fprintf(stderr, "holdfastctl: switchover: %s\n", why);
	return 1;
}

/* 0: begun. */
static int ask(const struct ctl_options *o)
{
	char question[64] = "switchover";
	struct errbuf e = {""};
	json_t *answer;
	int code = 0;

	if (o->to)
		(void)snprintf(question, sizeof(question), "switchover %s", o->to);
	answer = ctl_ask(LOCAL_SOCKET, question, &e);
	if (!answer)
		return refuse(e.text);
	if (!json_is_true(json_object_get(answer, "started"))) {
		const char *error = text_of(answer, "error");

		code = refuse(error[0] ? error : text_of(answer, "text"));
	} else {
		(void)puts(text_of(answer, "text"));
		(void)fflush(stdout);
	}
	json_decref(answer);
	return code;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void tell_progress(const struct sight *s, char *told, size_t size)
{
	if (!s->reason[0] || strcmp(told, s->reason) == 0)
		return;
	(void)snprintf(told, size, "%s", s->reason);
	(void)printf("%s: %s\n", s->active, s->reason);
	(void)fflush(stdout);
}

static int wait_for(struct sight *s, const char *from, json_int_t epoch)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
	long began_ms = now_ms();
	char told[LOCAL_REASON_BYTES] = "";
	struct errbuf e = {""};

	while (now_ms() < began_ms + WAIT_MS) {
		(void)nanosleep(&pause, NULL);
		if (!look(s, &e))
			continue;
		if (strncmp(s->reason, "did not hand over", 17) == 0)
			return refuse(s->reason);
		tell_progress(s, told, sizeof(told));
		if (s->epoch == epoch || strcmp(s->mode, "STALLED") == 0)
			continue;
		if (strcmp(s->active, from) == 0)
			return refuse("the role is back where it was: holdfastctl history, holdfastctl explain");
		(void)printf("%s serves (%s), epoch %lld\n", s->active, s->mode, (long long)s->epoch);
		return 0;
	}
	return refuse(
	    e.text[0] && !s->status ? e.text : "not done after 15 s, it goes on by itself: holdfastctl status");
}

int ctl_switchover(const struct ctl_options *o)
{
	struct sight s = {0};
	struct errbuf e = {""};
	char from[LOCAL_REASON_BYTES];
	json_int_t epoch;
	int code;

	if (!look(&s, &e))
		return refuse(e.text);
	(void)snprintf(from, sizeof(from), "%s", s.active);
	epoch = s.epoch;
	code = confirm(o, &s);
	if (!code)
		code = ask(o);
	if (!code)
		code = wait_for(&s, from, epoch);
	json_decref(s.status);
	return code;
}
