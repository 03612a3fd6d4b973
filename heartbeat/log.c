#include "heartbeat/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_BYTES 2000

struct line {
	char *at;
	size_t size, used;
};

static void put(struct line *l, char c)
{
	if (l->used + 1 < l->size)
		l->at[l->used++] = c;
}

static void put_text(struct line *l, const char *s)
{
	while (*s)
		put(l, *s++);
}

static bool is_plain(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (*s <= ' ' || *s == '"' || *s == '=' || *s == '\\' || *s == 0x7f)
			return false;
	return true;
}

static void put_quoted(struct line *l, const char *s)
{
	static const char hex[] = "0123456789abcdef";

	put(l, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < ' ' || c == 0x7f) {
			put_text(l, "\\x");
			put(l, hex[c >> 4]);
			put(l, hex[c & 15]);
			continue;
		}
		if (c == '"' || c == '\\')
			put(l, '\\');
		put(l, (char)c);
	}
	put(l, '"');
}

static void put_pair(struct line *l, const struct log_kv *kv)
{
	char number[32];

	put(l, ' ');
	put_text(l, kv->key);
	put(l, '=');
	switch (kv->type) {
	case LOG_KV_UNSIGNED:
		(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)kv->u);
		put_text(l, number);
		return;
	case LOG_KV_SIGNED:
		(void)snprintf(number, sizeof(number), "%lld", (long long)kv->i);
		put_text(l, number);
		return;
	case LOG_KV_STRING: break;
	}
	if (!kv->s)
		put_text(l, "-");
	else if (is_plain(kv->s))
		put_text(l, kv->s);
	else
		put_quoted(l, kv->s);
}

size_t log_format(char *buf, size_t size, const char *event, const struct log_kv *kv, size_t count)
{
	struct line l = {buf, size, 0};

	put_text(&l, "event=");
	put_text(&l, event);
	for (size_t i = 0; i < count; i++)
		put_pair(&l, &kv[i]);
	buf[l.used] = '\0';
	return l.used;
}

/* journald's socket, when it does not read, must not hold us up. Anything else is written as usual. */
static bool put_out(const char *buf, size_t n)
{
	ssize_t sent = send(STDERR_FILENO, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0 && errno == ENOTSOCK)
		sent = write(STDERR_FILENO, buf, n);
	return sent == (ssize_t)n;
}

static size_t make_line(char *buf, size_t size, int level, const char *event, const struct log_kv *kv, size_t count)
{
	int head = snprintf(buf, size, "<%d>", level);
	size_t n = (size_t)head + log_format(buf + head, size - (size_t)head - 1, event, kv, count);

	buf[n++] = '\n';
	return n;
}

void log_event(int level, const char *event, const struct log_kv *kv, size_t count)
{
	static _Atomic unsigned lost;
	char buf[LINE_BYTES + 8];
	int saved = errno;
	unsigned missing = atomic_exchange(&lost, 0);
	struct log_kv how_many = KV_U("count", missing);

	if (missing && !put_out(buf, make_line(buf, sizeof(buf), LOG_WARNING, "log.lost", &how_many, 1)))
		atomic_fetch_add(&lost, missing + 1);
	else if (!put_out(buf, make_line(buf, sizeof(buf), level, event, kv, count)))
		atomic_fetch_add(&lost, 1);
	errno = saved;
}
