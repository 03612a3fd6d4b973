/* holdfastctl switchover: the role goes to the other gateway; waits until that one serves, or until it did not work. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/local.h"
#include "heartbeat/monotonic.h"

#define LOOK_MS 50
#define WAIT_MS 15000 /* it takes a tenth of a second; a hand-over that does not work is called off after two */

struct sight {
	json_t *status;
	const char *active, *mode, *reason; /* of the active node; "" unknown; point into status */
	json_int_t epoch;
};

static bool look(struct sight *s, struct errbuf *e)
{
	json_decref(s->status);
	*s = (struct sight){.status = ctl_ask(LOCAL_SOCKET, "status", e), .active = "", .mode = "", .reason = ""};
	if (!s->status)
		return false;
	s->active = ctl_text(s->status, "active");
	s->mode = ctl_text(s->status, "mode");
	s->epoch = ctl_number(s->status, "epoch");
	s->reason = ctl_text(ctl_node(s->status, s->active), "reason");
	return true;
}

/* Of the one that hands over: what the other said last, it said as its follower. */
static void tell_progress(const struct sight *s, const char *from, char *told, size_t size)
{
	if (!s->reason[0] || strcmp(s->active, from) != 0 || strcmp(told, s->reason) == 0)
		return;
	(void)snprintf(told, size, "%s", s->reason);
	(void)printf("%s: %s\n", s->active, s->reason);
	(void)fflush(stdout);
}

static int wait_for(struct sight *s, const char *from, json_int_t epoch)
{
	int64_t began_ms = monotonic_ms();
	char told[LOCAL_REASON_BYTES] = "";
	struct errbuf e = {""};

	while (monotonic_ms() < began_ms + WAIT_MS) {
		if (ctl_pause(LOOK_MS))
			break;
		if (!look(s, &e))
			continue;
		if (strncmp(s->reason, "did not hand over", 17) == 0)
			return ctl_command_refuse("switchover", s->reason);
		tell_progress(s, from, told, sizeof(told));
		if (s->epoch == epoch || strcmp(s->mode, "STALLED") == 0)
			continue;
		if (strcmp(s->active, from) == 0)
			return ctl_command_refuse(
			    "switchover", "the role is back where it was: holdfastctl history, holdfastctl explain");
		(void)printf("%s serves (%s), epoch %lld\n", s->active, s->mode, (long long)s->epoch);
		return 0;
	}
	return ctl_command_refuse("switchover",
	    e.text[0] && !s->status ? e.text : "not done after 15 s, it goes on by itself: holdfastctl status");
}

int ctl_switchover(const struct ctl_options *o)
{
	struct sight s = {0};
	struct errbuf e = {""};
	char from[LOCAL_REASON_BYTES], words[64] = "switchover";
	json_int_t epoch;
	int code = 0;

	if (!look(&s, &e))
		return ctl_command_refuse("switchover", e.text);
	(void)snprintf(from, sizeof(from), "%s", s.active);
	epoch = s.epoch;
	if (o->to)
		(void)snprintf(words, sizeof(words), "switchover %s", o->to);
	if (!o->yes)
		code = ctl_command_look("switchover", words);
	if (!code && !o->yes)
		code = ctl_command_confirm("switchover", NULL,
		    "%s is active (%s). Hand the role over%s%s? Requests wait for about a tenth of a second.", s.active,
		    s.mode, o->to ? " to " : "", o->to ? o->to : "");
	if (!code)
		code = ctl_command_begin("switchover", words);
	if (!code)
		code = wait_for(&s, from, epoch);
	json_decref(s.status);
	return code;
}
