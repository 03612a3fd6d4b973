#include "gateway/http.h"

#include "gateway/accesslog.h"
#include "gateway/unixlisten.h"
#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 8192
#define CONNECTION_TIMEOUT_S 75
#define CONNECTION_BYTES_MAX                                                                                           \
	((size_t)48 * 1024) /* the headers that the edge lets through fit in; it takes cookies out */
#define COMPLAINT_LOG_US 1000000

enum way { WAY_TCP, WAY_UNIX, WAY_COUNT };

struct http {
	struct MHD_Daemon *daemon[WAY_COUNT];
	sd_event_source *io[WAY_COUNT], *timer, *post;
	struct desk *desk;
	bool resumed;			    /* something waits for the library to look at it */
	uint64_t complained_us, complaints; /* since the last line about them */
};

static struct http *the_http; /* desk->done has no room for it; one a process */

static void on_done(struct exchange *x)
{
	MHD_resume_connection(x->connection);
	the_http->resumed = true;
}

static enum MHD_Result take_key(void *userdata, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct http_facts *f = userdata;

	(void)kind;
	if (strcasecmp(name, "Idempotency-Key") == 0) {
		f->key = value;
		f->key_count++;
	}
	return MHD_YES;
}

static void take_facts(struct exchange *x, struct MHD_Connection *c, const char *method)
{
	struct http_facts *f = &x->facts;

	x->connection = c;
	f->method = method;
	f->content_type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type");
	f->authorization = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
	f->address = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "X-Forwarded-For");
	f->request_id = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "X-Request-Id");
	(void)MHD_get_connection_values(c, MHD_HEADER_KIND, take_key, f);
	exchange_begin(x);
	exchange_arrived(x, MHD_lookup_connection_value(c, MHD_HEADER_KIND, "X-Holdfast-Arrived"));
}

/* What the library has to say, mostly about clients: one line a second is enough. */
__attribute__((format(printf, 2, 0))) static void on_complaint(void *userdata, const char *format, va_list args)
{
	struct http *h = userdata;
	uint64_t now_us = clock_boottime_us();
	char text[256];

	h->complaints++;
	if (now_us < h->complained_us + COMPLAINT_LOG_US)
		return;
	(void)vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\r\n")] = '\0';
	LOG(LOG_NOTICE, "http.complain", KV_S("what", text), KV_U("count", h->complaints));
	h->complained_us = now_us;
	h->complaints = 0;
}

static void add_number(struct MHD_Response *r, const char *name, uint64_t v)
{
	char buf[24];

	(void)snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
	(void)MHD_add_response_header(r, name, buf);
}

static void add_headers(struct MHD_Response *r, const struct exchange *x)
{
	if (x->status != 204)
		(void)MHD_add_response_header(
		    r, "Content-Type", x->status < 400 ? "application/json" : "application/problem+json");
	(void)MHD_add_response_header(r, "X-Request-Id", x->intake.request_id);
	(void)MHD_add_response_header(r, "Cache-Control", "no-store");
	if (x->from_ledger) {
		(void)MHD_add_response_header(r, "Durability", x->answer.local ? "local" : "replicated");
		if (x->answer.has_seq)
			add_number(r, "Ledger-Seq", x->answer.seq);
	}
	if (x->intake.route && x->intake.route->keyed)
		(void)MHD_add_response_header(
		    r, "Idempotent-Replayed", x->from_ledger && x->answer.replayed ? "true" : "false");
	if (x->retry_after_s)
		add_number(r, "Retry-After", x->retry_after_s);
	if (x->status == 401)
		(void)MHD_add_response_header(r, "WWW-Authenticate", "Bearer");
	if (x->status == 405)
		(void)MHD_add_response_header(r, "Allow", x->intake.refusal.allow);
}

static enum MHD_Result respond(struct exchange *x, struct MHD_Connection *c)
{
	struct MHD_Response *r;
	enum MHD_Result result;

	r = MHD_create_response_from_buffer(x->reply_bytes, x->reply, MHD_RESPMEM_MUST_FREE);
	if (!r)
		return MHD_NO;
	x->reply = NULL; /* the response owns it now */
	add_headers(r, x);
	result = MHD_queue_response(c, x->status, r);
	MHD_destroy_response(r);
	return result;
}

static bool is_length_good(struct MHD_Connection *c, const char *target)
{
	const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");

	return !length || strtoull(length, NULL, 10) <= route_body_bytes_max(target);
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_bytes, void **context)
{
	struct exchange *x = *context;

	(void)userdata;
	(void)url;
	(void)version;
	if (!x)
		return MHD_NO;
	if (!x->begun) {
		take_facts(x, c, method);
		if (!is_length_good(c, x->target)) {
			x->facts.too_large = true;
			exchange_run(x); /* not a byte of it is read */
		}
		return x->answered ? respond(x, c) : MHD_YES;
	}
	if (*upload_bytes) {
		if (!exchange_take_body(x, upload, *upload_bytes))
			return MHD_NO; /* hangs up */
		*upload_bytes = 0;
		return MHD_YES;
	}
	if (!x->answered && !x->pending)
		exchange_run(x);
	if (x->answered)
		return respond(x, c);
	MHD_suspend_connection(c);
	return MHD_YES;
}

/* The target as the client wrote it: the library decodes it before anybody else sees it. */
static void *on_target(void *userdata, const char *target, struct MHD_Connection *c)
{
	struct http *h = userdata;

	(void)c;
	return exchange_new(h->desk, target);
}

static void on_completed(void *userdata, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *context;

	(void)userdata;
	(void)c;
	*context = NULL;
	if (x && x->begun)
		accesslog_write(x, why != MHD_REQUEST_TERMINATED_COMPLETED_OK);
	exchange_free(x);
}

static int run(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG wait_ms, least_ms = UINT64_MAX;

	do {
		h->resumed = false;
		for (unsigned i = 0; i < WAY_COUNT; i++)
			(void)MHD_run(h->daemon[i]);
	} while (h->resumed);
	for (unsigned i = 0; i < WAY_COUNT; i++)
		if (MHD_get_timeout(h->daemon[i], &wait_ms) == MHD_YES && wait_ms < least_ms)
			least_ms = wait_ms;
	if (least_ms == UINT64_MAX)
		return sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
	(void)sd_event_source_set_time_relative(h->timer, least_ms * 1000);
	return sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)fd;
	(void)revents;
	return run(userdata);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	return run(userdata);
}

static int on_post(sd_event_source *source, void *userdata)
{
	struct http *h = userdata;

	(void)source;
	return h->resumed ? run(h) : 0;
}

static int watch(struct http *h, sd_event *event)
{
	for (unsigned i = 0; i < WAY_COUNT; i++) {
		const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon[i], MHD_DAEMON_INFO_EPOLL_FD);

		if (!info || sd_event_add_io(event, &h->io[i], info->epoll_fd, EPOLLIN, on_io, h) < 0)
			return -ENOMEM;
	}
	if (sd_event_add_time(event, &h->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, h) < 0 ||
	    sd_event_source_set_enabled(h->timer, SD_EVENT_OFF) < 0 ||
	    sd_event_add_post(event, &h->post, on_post, h) < 0)
		return -ENOMEM;
	return 0;
}

static struct MHD_Daemon *start(struct http *h, uint16_t port, struct MHD_OptionItem where)
{
	struct MHD_OptionItem listen_there[] = {where, {MHD_OPTION_END, 0, NULL}};

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, port, NULL, NULL,
	    on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_complaint, h, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    CONNECTION_BYTES_MAX, MHD_OPTION_URI_LOG_CALLBACK, on_target, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
	    h, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)CONNECTION_TIMEOUT_S, MHD_OPTION_ARRAY, listen_there, MHD_OPTION_END);
}

static int start_on_port(struct http *h, uint16_t port, struct errbuf *e)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};

	h->daemon[WAY_TCP] = start(h, port, (struct MHD_OptionItem){MHD_OPTION_SOCK_ADDR, 0, &sa});
	return h->daemon[WAY_TCP] ? 0 : err_set(e, -EADDRINUSE, "127.0.0.1:%u: cannot listen", port);
}

static int start_on_path(struct http *h, const char *path, struct errbuf *e)
{
	int fd = unix_listen(path, e);

	if (fd < 0)
		return fd;
	h->daemon[WAY_UNIX] = start(h, 0, (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, fd, NULL});
	if (h->daemon[WAY_UNIX])
		return 0;
	close(fd);
	return err_set(e, -ENOMEM, "%s: cannot listen", path);
}

int http_new(sd_event *event, uint16_t port, const char *path, struct desk *desk, struct http **ret, struct errbuf *e)
{
	struct http *h = calloc(1, sizeof(*h));
	int code;

	if (!h)
		return err_set(e, -ENOMEM, "out of memory");
	h->desk = desk;
	desk->done = on_done;
	the_http = h;
	code = start_on_port(h, port, e);
	if (!code)
		code = start_on_path(h, path, e);
	if (!code && watch(h, event))
		code = err_set(e, -ENOMEM, "event loop");
	if (code) {
		http_free(h);
		return code;
	}
	*ret = h;
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	sd_event_source_disable_unref(h->timer);
	sd_event_source_disable_unref(h->post);
	for (unsigned i = 0; i < WAY_COUNT; i++) {
		sd_event_source_disable_unref(h->io[i]);
		if (h->daemon[i])
			MHD_stop_daemon(h->daemon[i]);
	}
	free(h);
}

void http_quiesce(struct http *h)
{
	for (unsigned i = 0; i < WAY_COUNT; i++) {
		MHD_socket fd = MHD_quiesce_daemon(h->daemon[i]);

		if (fd != MHD_INVALID_SOCKET)
			close(fd);
	}
}
