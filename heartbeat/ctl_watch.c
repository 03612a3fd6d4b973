/* watch: the status again each second. */
#include "heartbeat/ctl_commands.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/ctl_status.h"
#include "heartbeat/local.h"

#define EACH_MS 1000
#define CLEAR "\033[H\033[J" /* home, and what is below; what scrolls by is kept */

static void print(FILE *f, const json_t *status)
{
	char at[16] = "";
	struct tm tm;
	time_t now = time(NULL);

	if (localtime_r(&now, &tm))
		(void)strftime(at, sizeof(at), "%H:%M:%S", &tm);
	(void)fprintf(f, "%s%s\n", isatty(STDOUT_FILENO) ? CLEAR : "", at);
	if (json_is_string(status))
		(void)fprintf(f, "%s\n", json_string_value(status));
	else
		ctl_status_print(f, status);
}

int ctl_watch(const struct ctl_options *o)
{
	bool member = access(CONF_PATH, F_OK) == 0;
	int code = 0;

	(void)o;
	/* heartbeatd may be back in a moment: that is what somebody watches for. These two end by nothing. */
	if (!member || (access(LOCAL_SOCKET, W_OK) && errno == EACCES)) {
		(void)ctl_command_refuse("watch", member ? "this must be run as root" : CTL_NO_CLUSTER);
		return EXIT_NO_ANSWER;
	}
	ctl_catch_signals();
	do {
		struct errbuf e = {""};
		json_t *status = ctl_status_whole(&e);

		if (!status)
			status = json_string(e.text);
		code = ctl_show("watch", status, false, print);
		json_decref(status);
	} while (!code && ctl_pause(EACH_MS) == 0);
	return code;
}
