#include "heartbeat/paged_http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "heartbeat/ip_socket.h"
#include "heartbeat/log.h"
#include "heartbeat/monotonic.h"
#include "heartbeat/paged_body.h"
#include "heartbeat/paged_form.h"

#define CONNECTION_TIMEOUT_S 15
#define CONNECTION_BYTES_MAX 16384
#define COMPLAINTS_EVERY_MS 10000
#define TOO_LARGE 413u /* libmicrohttpd has changed its name for it */
/* GnuTLS's words (its manual, "Priority Strings"): TLS 1.3, or 1.2 with forward secrecy. */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:%SERVER_PRECEDENCE"

struct place {
	int fd; /* -1: free */
	int64_t until_ms;
};

struct paged_http {
	struct MHD_Daemon *daemon;
	sd_event_source *io, *timer;
	paged_answer *answer;
	void *userdata;
	struct place place[PAGED_CONNECTIONS_MAX];
	int64_t complained_ms;
};

struct request {
	bool too_large;
	size_t used;
	char body[PAGED_BODY_BYTES_MAX];
};

static void on_complaint(void *userdata, const char *format, va_list args)
{
	struct paged_http *h = userdata;
	char text[256];
	int64_t now_ms = monotonic_ms();

	/* Strangers cause most of them: a browser that does not know the certificate is one. */
	if (h->complained_ms && now_ms < h->complained_ms + COMPLAINTS_EVERY_MS)
		return;
	h->complained_ms = now_ms;
	(void)vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	LOG(LOG_INFO, "http.complaint", KV_S("why", text));
}

static void on_connection(
    void *userdata, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct paged_http *h = userdata;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct place *p = *context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED && p)
		p->fd = -1;
	for (unsigned i = 0; what == MHD_CONNECTION_NOTIFY_STARTED && info && i < PAGED_CONNECTIONS_MAX; i++)
		if (h->place[i].fd < 0) {
			h->place[i] = (struct place){info->connect_fd, monotonic_ms() + PAGED_SLOW_MS};
			*context = &h->place[i];
			return;
		}
}

static void on_completed(void *userdata, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode why)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct place *p = info ? info->socket_context : NULL;

	(void)userdata;
	if (p && why == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		p->until_ms = monotonic_ms() + PAGED_SLOW_MS;
	if (*context)
		explicit_bzero(*context, sizeof(struct request));
	free(*context);
	*context = NULL;
}

void paged_http_sweep(struct paged_http *h)
{
	int64_t now_ms = monotonic_ms();

	for (unsigned i = 0; i < PAGED_CONNECTIONS_MAX; i++)
		if (h->place[i].fd >= 0 && now_ms >= h->place[i].until_ms)
			(void)shutdown(h->place[i].fd, SHUT_RDWR); /* the rest is libmicrohttpd's */
}

static enum MHD_Result send_reply(struct MHD_Connection *c, const struct paged_reply *r, const char *allow)
{
	static const char *const headers[][2] = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"},
	    {"Referrer-Policy", "no-referrer"}, {"X-Frame-Options", "DENY"},
	    {"Cross-Origin-Resource-Policy", "same-origin"}, {"Cross-Origin-Opener-Policy", "same-origin"}};
	struct MHD_Response *response =
	    r->text ? MHD_create_response_from_buffer(strlen(r->text), r->text, MHD_RESPMEM_MUST_FREE)
		    : MHD_create_response_from_buffer(r->bytes, (void *)(uintptr_t)r->constant, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;
	char retry[24];

	if (!response) {
		free(r->text);
		return MHD_NO;
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		(void)MHD_add_response_header(response, headers[i][0], headers[i][1]);
	(void)MHD_add_response_header(response, "Content-Security-Policy", paged_body_policy());
	(void)MHD_add_response_header(response, "Content-Type", r->type ? r->type : "application/json");
	if (r->cookie[0])
		(void)MHD_add_response_header(response, "Set-Cookie", r->cookie);
	if (allow && *allow)
		(void)MHD_add_response_header(response, "Allow", allow);
	(void)snprintf(retry, sizeof(retry), "%lld", (long long)(r->retry_ms + 999) / 1000);
	if (r->retry_ms)
		(void)MHD_add_response_header(response, "Retry-After", retry);
	result = MHD_queue_response(c, r->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned status, const char *text, const char *allow)
{
	const struct paged_reply r = {.status = status, .constant = text, .bytes = strlen(text)};

	return send_reply(c, &r, allow);
}

static struct ip address_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	union ip_socket sa = {.any = {0}};

	if (info && info->client_addr)
		memcpy(&sa, info->client_addr,
		    info->client_addr->sa_family == AF_INET6 ? sizeof(sa.six) : sizeof(sa.four));
	return ip_of_socket(&sa);
}

static enum MHD_Result respond(
    struct paged_http *h, struct MHD_Connection *c, enum paged_route route, const struct request *r)
{
	struct paged_request q = {.route = route,
	    .body = r->body,
	    .body_bytes = r->used,
	    .cookie = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Cookie"),
	    .origin = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Origin"),
	    .host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host"),
	    .ip = address_of(c)};
	struct paged_reply reply = {0};

	h->answer(h->userdata, &q, &reply);
	return send_reply(c, &reply, NULL);
}

/* The body is taken as far as it may be; what is too large is told so when its head has come. */
static bool take_body(struct request *r, const char *data, size_t bytes)
{
	if (bytes > sizeof(r->body) - r->used)
		r->too_large = true;
	if (r->too_large)
		return false;
	memcpy(r->body + r->used, data, bytes);
	r->used += bytes;
	return true;
}

static bool says_too_large(struct MHD_Connection *c)
{
	const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");
	size_t bytes;

	return length && !paged_length_take(length, PAGED_BODY_BYTES_MAX, &bytes);
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *data, size_t *bytes, void **context)
{
	static const char large[] = "{\"error\":\"the request is too large\"}";
	struct request *r = *context;
	enum paged_route route;

	(void)version;
	if (!r) {
		*context = calloc(1, sizeof(*r));
		if (!*context)
			return MHD_NO;
		return says_too_large(c) ? refuse(c, TOO_LARGE, large, NULL) : MHD_YES;
	}
	if (*bytes) {
		(void)take_body(r, data, *bytes);
		*bytes = 0;
		return MHD_YES;
	}
	if (r->too_large)
		return refuse(c, TOO_LARGE, large, NULL);
	route = paged_route_find(method, url);
	if (route == PAGED_ELSEWHERE)
		return refuse(c, MHD_HTTP_NOT_FOUND, "{\"error\":\"there is nothing here\"}", NULL);
	if (route == PAGED_OTHER_METHOD)
		return refuse(
		    c, MHD_HTTP_METHOD_NOT_ALLOWED, "{\"error\":\"another method is wanted\"}", paged_route_allow(url));
	return respond(userdata, c, route, r);
}

static int run(struct paged_http *h)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	(void)MHD_run(h->daemon);
	if (MHD_get_timeout(h->daemon, &wait_ms) != MHD_YES)
		return sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
	(void)sd_event_source_set_time_relative(h->timer, wait_ms * 1000);
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

static int watch(struct paged_http *h, sd_event *event, struct errbuf *e)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info || sd_event_add_io(event, &h->io, info->epoll_fd, EPOLLIN, on_io, h) < 0 ||
	    sd_event_add_time(event, &h->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, h) < 0)
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}

int paged_http_new(sd_event *event, const struct ip *ip, uint16_t port, const char *pem, paged_answer *answer,
    void *userdata, struct paged_http **ret, struct errbuf *e)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_TLS | MHD_USE_ERROR_LOG | (ip_is_v4(ip) ? 0u : MHD_USE_IPv6);
	union ip_socket sa;
	struct paged_http *h = calloc(1, sizeof(*h));
	int code;

	if (!h)
		return err_set(e, -ENOMEM, "out of memory");
	(void)ip_to_socket(ip, port, &sa);
	h->answer = answer;
	h->userdata = userdata;
	for (unsigned i = 0; i < PAGED_CONNECTIONS_MAX; i++)
		h->place[i].fd = -1;
	errno = 0;
	h->daemon = MHD_start_daemon(flags, port, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_complaint,
	    h, MHD_OPTION_SOCK_ADDR, &sa, MHD_OPTION_HTTPS_MEM_CERT, pem, MHD_OPTION_HTTPS_MEM_KEY, pem,
	    MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES_MAX,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)PAGED_CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    (unsigned)PAGED_CONNECTIONS_OF_ONE_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
	    MHD_OPTION_END);
	code = h->daemon
		   ? watch(h, event, e)
		   : err_set(e, errno ? -errno : -EIO, "it cannot listen there, or does not take the certificate%s%s",
			 errno ? ": " : "", errno ? strerror(errno) : "");
	if (code) {
		paged_http_free(h);
		return code;
	}
	*ret = h;
	return 0;
}

void paged_http_free(struct paged_http *h)
{
	if (!h)
		return;
	sd_event_source_disable_unref(h->io);
	sd_event_source_disable_unref(h->timer);
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	free(h);
}
