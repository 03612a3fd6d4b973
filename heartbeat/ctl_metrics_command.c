/* holdfastctl metrics: all that Prometheus is told about this machine, on the standard output, or as the answer to one HTTP request
 * on the standard input (holdfast-metrics.socket). */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/certificate.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_metrics.h"
#include "heartbeat/ctl_scrape.h"
#include "heartbeat/ctl_status.h"
#include "heartbeat/metrics.h"
#include "heartbeat/monotonic.h"

#define REQUEST_BYTES 8192
#define REQUEST_MS 2000 /* for all of it; and as long for the answer */

/* A worker host has no heartbeatd that could be up; its certificate ends soon if nobody renews it. */
static void print_of_worker_host(FILE *f)
{
	const struct metrics_label label[] = {{"certificate", certificates[0].name}, {NULL, NULL}};
	struct errbuf ignored = {""};
	int64_t end_s;

	if (certificate_end(certificates[0].path, &end_s, &ignored))
		return;
	metrics_begin(f, METRICS_CERTIFICATE_END);
	metrics_value(f, METRICS_CERTIFICATE_END, label, (double)end_s);
}

/* What is known of this machine. Malloced; NULL: no memory. */
static char *make_text(size_t *bytes)
{
	static struct ctl_scrape_source source[CTL_SCRAPE_SOURCES_MAX];
	struct errbuf e = {""};
	char *text = NULL;
	struct conf conf;
	bool known = ctl_conf_take(&conf), is_host = known && conf.kind == CONF_KIND_WORKER;
	json_t *status = is_host ? NULL : ctl_status_whole(&e);
	FILE *f = open_memstream(&text, bytes);

	if (f) {
		if (is_host)
			print_of_worker_host(f);
		else
			ctl_metrics_print(f, status);
		ctl_scrape_print(f, source, known ? ctl_scrape_sources(&conf, source) : 0, time(NULL));
	}
	if (f && fclose(f)) {
		free(text);
		text = NULL;
	}
	json_decref(status);
	return text;
}

/* Is fd ready for that before the time is over? */
static bool is_ready(int fd, short events, int64_t until_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left_ms = until_ms - monotonic_ms();

	return left_ms > 0 && poll(&p, 1, (int)left_ms) == 1;
}

/* A request up to its empty line. False: there was none in time, or it is too long. */
static bool read_request(char ret[static REQUEST_BYTES])
{
	int64_t until_ms = monotonic_ms() + REQUEST_MS;
	size_t used = 0;

	while (used < REQUEST_BYTES - 1 && is_ready(STDIN_FILENO, POLLIN, until_ms)) {
		ssize_t n = read(STDIN_FILENO, ret + used, REQUEST_BYTES - 1 - used);

		if (n <= 0)
			return false;
		used += (size_t)n;
		ret[used] = '\0';
		if (strstr(ret, "\r\n\r\n") || strstr(ret, "\n\n"))
			return true;
	}
	return false;
}

static int write_all(const char *text, size_t bytes)
{
	int64_t until_ms = monotonic_ms() + REQUEST_MS;

	while (bytes) {
		ssize_t n = is_ready(STDOUT_FILENO, POLLOUT, until_ms) ? write(STDOUT_FILENO, text, bytes) : -1;

		if (n <= 0)
			return 1;
		text += n;
		bytes -= (size_t)n;
	}
	return 0;
}

static int respond(const char *line, const char *type, const char *body, size_t bytes)
{
	char head[256];
	int n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", line, type, bytes);

	return write_all(head, (size_t)n) || write_all(body, bytes);
}

static int serve(void)
{
	static const char elsewhere[] = "this is /metrics\n", none[] = "out of memory\n";
	char request[REQUEST_BYTES] = "", *text;
	size_t bytes = 0;
	int code;

	if (!read_request(request))
		return 1;
	if (strncmp(request, "GET /metrics ", 13) != 0 && strncmp(request, "GET /metrics?", 13) != 0)
		return respond("404 Not Found", "text/plain", elsewhere, sizeof(elsewhere) - 1);
	text = make_text(&bytes);
	if (!text)
		return respond("500 Internal Server Error", "text/plain", none, sizeof(none) - 1);
	code = respond("200 OK", "text/plain; version=0.0.4; charset=utf-8", text, bytes);
	free(text);
	return code;
}

int ctl_metrics(const struct ctl_options *o)
{
	size_t bytes = 0;
	char *text;
	int code;

	if (o->http)
		return serve();
	text = make_text(&bytes);
	if (!text)
		return ctl_command_refuse("metrics", "out of memory");
	code = write_all(text, bytes) ? ctl_command_refuse("metrics", strerror(errno)) : 0;
	free(text);
	return code;
}
