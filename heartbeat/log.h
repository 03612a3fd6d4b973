/* One event a line with typed pairs, on standard error, where journald reads the level from "<N>". */
#ifndef HOLDFAST_HEARTBEAT_LOG_H
#define HOLDFAST_HEARTBEAT_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

enum log_type { LOG_KV_STRING, LOG_KV_UNSIGNED, LOG_KV_SIGNED };

struct log_kv {
	const char *key;
	enum log_type type;
	const char *s;
	uint64_t u;
	int64_t i;
};

#define KV_S(k, v) ((struct log_kv){.key = (k), .type = LOG_KV_STRING, .s = (v)})
#define KV_U(k, v) ((struct log_kv){.key = (k), .type = LOG_KV_UNSIGNED, .u = (uint64_t)(v)})
#define KV_I(k, v) ((struct log_kv){.key = (k), .type = LOG_KV_SIGNED, .i = (int64_t)(v)})

/* Event names are noun.verb. Strings that could fake a pair or a line are quoted and escaped. */
#define LOG(level, event, ...)                                                                                         \
	log_event((level), (event), (struct log_kv[]){__VA_ARGS__},                                                    \
	    sizeof((struct log_kv[]){__VA_ARGS__}) / sizeof(struct log_kv))

/*
 * Writes at most one line of 2,000 bytes to standard error with one system call; longer lines are cut. When that is a socket
 * that takes no more (a journald that does not read), the line is lost at once; the next one that goes out comes after a
 * "log.lost" with the count. Thread safe, keeps errno, allocates nothing.
 */
void log_event(int level, const char *event, const struct log_kv *kv, size_t count);

/* The same line, without the level, into buf (always terminated). Returns the length written. For tests. */
size_t log_format(char *buf, size_t size, const char *event, const struct log_kv *kv, size_t count);

#endif
