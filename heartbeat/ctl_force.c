/* holdfastctl force: what an operator forces, once; waits until it is so. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/local.h"

#define LOOK_MS 50
#define LOOKS 100 /* it takes a tenth of a second, or is forgotten after three */

/* Until the record says so: it may be added again at once. */
static int wait_for(json_int_t version)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		struct errbuf e = {""};
		json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
		bool done = ctl_number(status, "version") > version && strcmp(ctl_text(status, "mode"), "STALLED") != 0;

		if (done)
			(void)printf("%s serves (%s)\n", ctl_text(status, "active"), ctl_text(status, "mode"));
		json_decref(status);
		if (done)
			return 0;
		if (ctl_pause(LOOK_MS))
			break;
	}
	return ctl_command_refuse("force", "not done after 5 s: holdfastctl status, holdfastctl explain");
}

int ctl_force_solo(const struct ctl_options *o)
{
	struct errbuf e = {""};
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
	json_int_t version = ctl_number(status, "version");
	int code = status ? 0 : ctl_command_refuse("force", e.text);

	if (!code && !o->yes)
		code = ctl_command_look("force", "force-solo");
	if (!code && !o->yes)
		code = ctl_command_confirm("force", NULL,
		    "%s is active (%s). From then on only %s has every payment, until the other one has caught up.\n"
		    "If its disk is lost before that, payments are lost. Serve alone now?",
		    ctl_text(status, "active"), ctl_text(status, "mode"), ctl_text(status, "active"));
	json_decref(status);
	if (!code)
		code = ctl_command_begin("force", "force-solo");
	return code ? code : wait_for(version);
}
