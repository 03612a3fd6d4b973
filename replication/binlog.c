#include "replication/binlog.h"

#include <string.h>

#define HEADER_BYTES 19
#define CHECKSUM_BYTES 4

static const uint8_t magic[BINLOG_MAGIC_BYTES] = { 0xfe, 'b', 'i', 'n' };

enum event_type {
	QUERY_EVENT = 2,
	FORMAT_DESCRIPTION_EVENT = 15,
	XID_EVENT = 16,
	XA_PREPARE_EVENT = 38,
	GTID_EVENT = 162,
	GTID_LIST_EVENT = 163,
	START_ENCRYPTION_EVENT = 164,
	QUERY_COMPRESSED_EVENT = 165,
};

#define GTID_STANDALONE 1

struct event {
	uint8_t type;
	uint32_t server, size;
	const uint8_t *at; /* header included */
};

static uint64_t little(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

/* The event at *at; false at the end, also when the rest is a piece of one. */
static bool next_event(const uint8_t *data, size_t size, size_t *at, struct event *ret)
{
	if (size - *at < HEADER_BYTES)
		return false;
	ret->at = data + *at;
	ret->type = ret->at[4];
	ret->server = (uint32_t)little(ret->at + 5, 4);
	ret->size = (uint32_t)little(ret->at + 9, 4);
	if (ret->size < HEADER_BYTES || ret->size > size - *at)
		return false;
	*at += ret->size;
	return true;
}

/* A statement that ends a transaction of tables without transactions. */
static bool is_end_statement(const struct event *e)
{
	static const char *const words[] = { "COMMIT", "ROLLBACK" };
	size_t fixed = HEADER_BYTES + 13, text;

	if (e->size < fixed)
		return false;
	text = fixed + little(e->at + HEADER_BYTES + 11, 2) + e->at[HEADER_BYTES + 8] + 1u;
	for (unsigned i = 0; i < 2; i++) {
		size_t length = strlen(words[i]);

		if (text + length <= e->size && memcmp(e->at + text, words[i], length) == 0 &&
		    (text + length == e->size || text + length + CHECKSUM_BYTES == e->size))
			return true;
	}
	return false;
}

static bool ends_group(const struct event *e, bool standalone)
{
	if (e->type == XID_EVENT || e->type == XA_PREPARE_EVENT)
		return true;
	if (standalone)
		return e->type == QUERY_EVENT || e->type == QUERY_COMPRESSED_EVENT;
	return e->type == QUERY_EVENT && is_end_statement(e);
}

/* Takes a whole group; a header goes first, so that what was taken is a log by itself. */
static int take_group(struct binlog_cut *c, struct gtid g, const uint8_t *from, size_t size)
{
	c->last = g;
	if (g.seq <= c->above_seq || (c->groups && g.seq <= c->taken.seq))
		return 0;
	if (!c->take(c->userdata, from, size))
		return BINLOG_STOPPED;
	c->taken = g;
	c->groups++;
	return 0;
}

static int take_header(struct binlog_cut *c, const struct event *e)
{
	bool good = (c->begun || c->take(c->userdata, magic, sizeof(magic))) && c->take(c->userdata, e->at, e->size);

	c->begun = true;
	return good ? 0 : BINLOG_STOPPED;
}

int binlog_cut(struct binlog_cut *c, const uint8_t *data, size_t size)
{
	const uint8_t *group = NULL;
	struct gtid g = { 0 };
	bool standalone = false;
	size_t at = BINLOG_MAGIC_BYTES;
	struct event e;
	int code = 0;

	if (size < BINLOG_MAGIC_BYTES || memcmp(data, magic, sizeof(magic)) != 0)
		return BINLOG_NO_LOG;
	while (!code && next_event(data, size, &at, &e)) {
		if (e.type == START_ENCRYPTION_EVENT)
			return BINLOG_NO_LOG;
		if (e.type == FORMAT_DESCRIPTION_EVENT || (e.type == GTID_EVENT && e.size >= HEADER_BYTES + 13)) {
			c->stumps += group != NULL;
			group = NULL;
		}
		if (e.type == FORMAT_DESCRIPTION_EVENT) {
			code = take_header(c, &e);
		} else if (e.type == GTID_EVENT && e.size >= HEADER_BYTES + 13) {
			group = e.at;
			g = (struct gtid){ (uint32_t)little(e.at + HEADER_BYTES + 8, 4), e.server,
				little(e.at + HEADER_BYTES, 8) };
			standalone = e.at[HEADER_BYTES + 12] & GTID_STANDALONE;
		} else if (group && ends_group(&e, standalone)) {
			code = take_group(c, g, group, (size_t)(e.at + e.size - group));
			group = NULL;
		}
	}
	c->stumps += group != NULL;
	return code;
}

uint64_t binlog_first_seq(const uint8_t *data, size_t size)
{
	size_t at = BINLOG_MAGIC_BYTES;
	uint64_t seq = 0;
	struct event e;

	if (size < BINLOG_MAGIC_BYTES || memcmp(data, magic, sizeof(magic)) != 0)
		return UINT64_MAX;
	for (unsigned i = 0; i < 4 && next_event(data, size, &at, &e); i++) {
		uint64_t count;

		if (e.type != GTID_LIST_EVENT || e.size < HEADER_BYTES + 4)
			continue;
		count = little(e.at + HEADER_BYTES, 4) & 0x0fffffff;
		for (uint64_t n = 0; n < count && HEADER_BYTES + 4 + (n + 1) * 16 <= e.size; n++) {
			uint64_t one = little(e.at + HEADER_BYTES + 4 + n * 16 + 8, 8);

			seq = one > seq ? one : seq;
		}
		return seq;
	}
	return UINT64_MAX;
}
