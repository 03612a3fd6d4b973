#include "tests/chaos/payer_http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct http_client {
	CURL *curl; /* owned */
	const struct payer_options *options;
};

struct http_client *http_open(const struct payer_options *o)
{
	struct http_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->options = o;
	c->curl = curl_easy_init();
	if (!c->curl) {
		free(c);
		return NULL;
	}
	return c;
}

void http_close(struct http_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	free(c);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct http_answer *a = context;

	(void)size; /* always 1 */
	if (count >= sizeof(a->body) - a->body_bytes)
		return 0; /* an error for libcurl */
	memcpy(a->body + a->body_bytes, bytes, count);
	a->body_bytes += count;
	a->body[a->body_bytes] = '\0';
	return count;
}

/* The value after "name:", copied and terminated; false when the line is another header. */
static bool header_is(const char *line, size_t count, const char *name, char *ret, size_t size)
{
	size_t name_bytes = strlen(name), at = name_bytes + 1, end = count;

	if (count <= name_bytes || strncasecmp(line, name, name_bytes) != 0 || line[name_bytes] != ':')
		return false;
	while (at < count && line[at] == ' ')
		at++;
	while (end > at && (line[end - 1] == '\r' || line[end - 1] == '\n'))
		end--;
	if (end - at >= size)
		return false;
	memcpy(ret, line + at, end - at);
	ret[end - at] = '\0';
	return true;
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
	struct http_answer *a = context;
	char value[32], *end;

	(void)size;
	if (header_is(line, count, "Ledger-Seq", value, sizeof(value))) {
		a->ledger_seq = strtoull(value, &end, 10);
		a->has_seq = *value && !*end;
	} else if (header_is(line, count, "Idempotent-Replayed", value, sizeof(value))) {
		a->has_replayed = true;
		a->replayed = strcmp(value, "true") == 0;
	}
	return count;
}

static struct curl_slist *header(struct curl_slist *list, const char *name, const char *value)
{
	char line[512];

	(void)snprintf(line, sizeof(line), "%s: %s", name, value);
	return curl_slist_append(list, line);
}

static struct curl_slist *headers(const struct http_client *c, const struct http_request *r)
{
	char bearer[256];
	struct curl_slist *list;

	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", c->options->api_key);
	list = header(NULL, "Authorization", bearer);
	list = header(list, "Expect", "");
	if (r->body)
		list = header(list, "Content-Type", "application/json");
	if (r->key)
		list = header(list, "Idempotency-Key", r->key);
	if (r->request_id)
		list = header(list, "X-Request-Id", r->request_id);
	return list;
}

/* libcurl may itself repeat a request on a new connection when a kept one turns out to be dead before the
 * first byte of an answer. That is what browsers and gateways do too; the key makes it harmless, and the
 * history sees one attempt. */
static void prepare(struct http_client *c, const struct http_request *r, struct http_answer *ret, char url[static 512])
{
	const struct payer_options *o = c->options;

	(void)snprintf(url, 512, "%s%s", o->url, r->path);
	curl_easy_reset(c->curl); /* keeps the connections */
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(c->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
	curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_timeout_ms);
	curl_easy_setopt(c->curl, CURLOPT_MAXCONNECTS, 1L); /* a fresh one replaces the old one for good */
	curl_easy_setopt(c->curl, CURLOPT_FRESH_CONNECT, r->fresh ? 1L : 0L);
	if (o->cacert)
		curl_easy_setopt(c->curl, CURLOPT_CAINFO, o->cacert);
	if (r->body) {
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, r->body);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(r->body));
	}
	curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, r->method);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, ret);
	curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, ret);
}

void http_ask(struct http_client *c, const struct http_request *request, struct http_answer *ret)
{
	char url[512];
	struct curl_slist *list = headers(c, request);
	CURLcode code;

	memset(ret, 0, offsetof(struct http_answer, body));
	ret->body[0] = '\0';
	prepare(c, request, ret, url);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, list);
	ret->wall_us = payer_wall_us();
	ret->sent_us = payer_mono_us();
	code = curl_easy_perform(c->curl);
	ret->got_us = payer_mono_us();
	if (code == CURLE_OK)
		curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &ret->status);
	else
		(void)snprintf(ret->error, sizeof(ret->error), "%s", curl_easy_strerror(code));
	curl_slist_free_all(list);
}
