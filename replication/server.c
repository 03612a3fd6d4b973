#include "replication/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define MANAGER "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define BUS_LIMIT_US 2000000
#define KILL_LIMIT_MS 5000

struct server {
	sd_bus *bus;
	char *unit_path;
	int pidfd;
	unsigned life;
};

struct server *server_new(void)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->pidfd = -1;
	if (sd_bus_path_encode(MANAGER_PATH "/unit", SERVER_UNIT, &s->unit_path) < 0) {
		free(s);
		return NULL;
	}
	return s;
}

static void leave_bus(struct server *s)
{
	s->bus = sd_bus_close_unref(s->bus);
}

static void let_go(struct server *s)
{
	if (s->pidfd >= 0)
		close(s->pidfd);
	s->pidfd = -1;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	leave_bus(s);
	let_go(s);
	free(s->unit_path);
	free(s);
}

/* The bus may have been restarted since the last call: a connection that failed is made anew the next time. */
static int reach_bus(struct server *s, struct errbuf *e)
{
	int code;

	if (s->bus)
		return 0;
	code = sd_bus_open_system(&s->bus);
	if (code < 0)
		return err_set(e, code, "system bus: %s", strerror(-code));
	(void)sd_bus_set_method_call_timeout(s->bus, BUS_LIMIT_US);
	return 0;
}

static int bus_failed(struct server *s, int code, const char *what, sd_bus_error *error, struct errbuf *e)
{
	(void)err_set(e, code, "%s: %s", what, error->message ? error->message : strerror(-code));
	sd_bus_error_free(error);
	leave_bus(s);
	return code;
}

static bool process_ended(const struct server *s)
{
	struct pollfd p = {.fd = s->pidfd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

/* Takes hold of the unit's main process, if it has one. */
static int take_hold(struct server *s, struct errbuf *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	uint32_t pid = 0;
	int code = sd_bus_get_property_trivial(
	    s->bus, MANAGER, s->unit_path, "org.freedesktop.systemd1.Service", "MainPID", &error, 'u', &pid);

	if (code < 0)
		return bus_failed(s, code, "MainPID of " SERVER_UNIT, &error, e);
	if (pid == 0)
		return 0;
	s->pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (s->pidfd >= 0)
		s->life++;
	return 0;
}

enum server_state server_look(struct server *s, struct errbuf *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char *text = NULL;
	bool idle;
	int code;

	if (s->pidfd >= 0 && !process_ended(s))
		return SERVER_RUNNING;
	let_go(s);
	if (reach_bus(s, e))
		return SERVER_UNKNOWN;
	code = sd_bus_get_property_string(
	    s->bus, MANAGER, s->unit_path, "org.freedesktop.systemd1.Unit", "ActiveState", &error, &text);
	if (code < 0) {
		(void)bus_failed(s, code, "state of " SERVER_UNIT, &error, e);
		return SERVER_UNKNOWN;
	}
	idle = strcmp(text, "inactive") == 0 || strcmp(text, "failed") == 0;
	free(text);
	if (idle)
		return SERVER_DOWN;
	if (take_hold(s, e))
		return SERVER_UNKNOWN;
	return s->pidfd >= 0 ? SERVER_RUNNING : SERVER_STARTING;
}

int server_pidfd(const struct server *s)
{
	return s->pidfd;
}

unsigned server_life(const struct server *s)
{
	return s->life;
}

static int ask_manager(struct server *s, const char *method, const char *types, const char *third, struct errbuf *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int code = reach_bus(s, e);

	if (code)
		return code;
	if (strcmp(types, "ssi") == 0)
		code = sd_bus_call_method(s->bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, method, &error, NULL, types,
		    SERVER_UNIT, third, SIGKILL);
	else
		code = sd_bus_call_method(
		    s->bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, method, &error, NULL, types, SERVER_UNIT, third);
	return code < 0 ? bus_failed(s, code, method, &error, e) : 0;
}

int server_start(struct server *s, struct errbuf *e)
{
	/* A unit that failed often would be refused; we decide how often, not systemd. It may also not have failed. */
	(void)ask_manager(s, "ResetFailedUnit", "s", NULL, NULL);
	return ask_manager(s, "StartUnit", "ss", "replace", e);
}

int server_kill(struct server *s, struct errbuf *e)
{
	struct pollfd p = {.events = POLLIN};
	int code = 0;

	if (server_look(s, e) == SERVER_DOWN)
		return 0;
	p.fd = s->pidfd;
	/* Directly first: nothing between us and the fence. Then whatever else the unit has, a start job included. */
	if (s->pidfd >= 0 && syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0) && errno != ESRCH)
		code = err_set(e, -errno, "SIGKILL: %s", strerror(errno));
	if (s->pidfd < 0 || code) {
		code = ask_manager(s, "KillUnit", "ssi", "all", e);
		if (!code)
			code = ask_manager(s, "StopUnit", "ss", "replace", e);
		return code ? code : -EAGAIN;
	}
	if (poll(&p, 1, KILL_LIMIT_MS) != 1)
		return err_set(e, -ETIMEDOUT, "mariadbd does not die within %d ms of SIGKILL", KILL_LIMIT_MS);
	return 0;
}
