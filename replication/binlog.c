#include "replication/binlog.h"

#include <string.h>

#include "replication/crc32.h"

#define HEADER_BYTES 19
#define CHECKSUM_BYTES 4

static const uint8_t magic[BINLOG_MAGIC_BYTES] = {0xfe, 'b', 'i', 'n'};

enum event_type {
	QUERY_EVENT = 2,
	STOP_EVENT = 3,
	ROTATE_EVENT = 4,
	FORMAT_DESCRIPTION_EVENT = 15,
	XID_EVENT = 16,
	TABLE_MAP_EVENT = 19,
	WRITE_ROWS_EVENT = 23, /* V1, which MariaDB writes */
	HEARTBEAT_EVENT = 27,
	XA_PREPARE_EVENT = 38,
	CHECKPOINT_EVENT = 161,
	GTID_EVENT = 162,
	GTID_LIST_EVENT = 163,
	START_ENCRYPTION_EVENT = 164,
	QUERY_COMPRESSED_EVENT = 165,
};

#define GTID_STANDALONE 1
#define GTID_BYTES (HEADER_BYTES + 13)
#define FLAG_RELAY_LOG 0x40
#define FLAGS_AT (BINLOG_FLAGS_AT - BINLOG_MAGIC_BYTES)
#define SUM_CRC32 1

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

bool binlog_begins(const uint8_t data[static BINLOG_FIRST_BYTES])
{
	return memcmp(data, magic, sizeof(magic)) == 0 && data[BINLOG_MAGIC_BYTES + 4] == FORMAT_DESCRIPTION_EVENT;
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
	static const char *const words[] = {"COMMIT", "ROLLBACK"};
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

/* The number of the table when the event is the map of holdfast.cluster_epoch; 0 otherwise. Number, flags, and both names with their lengths. */
static uint64_t epoch_table(const struct event *e)
{
	static const char names[] = "\010holdfast\0\015cluster_epoch"; /* and the 0 at its end */

	if (e->size < HEADER_BYTES + 8 + sizeof(names) || memcmp(e->at + HEADER_BYTES + 8, names, sizeof(names)) != 0)
		return 0;
	return little(e->at + HEADER_BYTES, 6);
}

/* Which epoch a row of that table opens, its first column; 0: the event says none. Number, flags, how many columns, which of them are there,
 * which of those are NULL, and their values. */
static uint64_t epoch_of_row(const struct event *e, uint64_t table)
{
	size_t at = HEADER_BYTES + 8, bitmap;

	if (!table || e->size < at + 1 || little(e->at + HEADER_BYTES, 6) != table)
		return 0;
	bitmap = (e->at[at] + 7u) / 8;
	if (e->size < at + 1 + 2 * bitmap + 8 || e->at[at] > 250 || !(e->at[at + 1] & 1) || e->at[at + 1 + bitmap] & 1)
		return 0;
	return little(e->at + at + 1 + 2 * bitmap, 8);
}

static void look_for_epoch(struct binlog_cut *c, const struct event *e)
{
	if (e->type == GTID_EVENT)
		c->open_epoch = c->epoch_table = 0;
	else if (e->type == TABLE_MAP_EVENT && !c->epoch_table)
		c->epoch_table = epoch_table(e);
	else if (e->type == WRITE_ROWS_EVENT && !c->open_epoch)
		c->open_epoch = epoch_of_row(e, c->epoch_table);
}

/* Takes a whole group; a header goes first, so that what was taken is a log by itself. */
static int take_group(struct binlog_cut *c)
{
	unsigned parts = c->parts;

	c->parts = 0;
	c->last = c->open;
	if (c->open.seq <= c->above_seq || (c->groups && c->open.seq <= c->taken.seq) ||
	    (c->until_seq && c->open.seq > c->until_seq))
		return 0;
	for (unsigned i = 0; i < parts; i++)
		if (!c->take(c->userdata, c->part[i].at, c->part[i].size))
			return BINLOG_STOPPED;
	if (c->groups == 0)
		c->first_seq = c->open.seq;
	else if (c->open.seq != c->taken.seq + 1)
		c->hole = true;
	c->taken = c->open;
	c->groups++;
	if (c->open_epoch && c->opened)
		c->opened(c->userdata, c->open.seq, c->open_epoch);
	return 0;
}

static void drop_group(struct binlog_cut *c)
{
	c->stumps += c->parts != 0;
	c->parts = 0;
}

static int take_header(struct binlog_cut *c, const struct event *e)
{
	bool good = (c->begun || c->take(c->userdata, magic, sizeof(magic))) && c->take(c->userdata, e->at, e->size);

	c->begun = true;
	return good ? 0 : BINLOG_STOPPED;
}

/* Between groups, or, when a file was rotated, between the pieces of one. */
static bool is_between(const struct event *e)
{
	return e->type == ROTATE_EVENT || e->type == STOP_EVENT || e->type == GTID_LIST_EVENT ||
	       e->type == CHECKPOINT_EVENT || e->type == HEARTBEAT_EVENT;
}

static bool add_to_group(struct binlog_cut *c, const struct event *e)
{
	if (c->parts && c->part[c->parts - 1].at + c->part[c->parts - 1].size == e->at) {
		c->part[c->parts - 1].size += e->size;
		return true;
	}
	if (c->parts == BINLOG_PARTS_MAX)
		return false;
	c->part[c->parts].at = e->at;
	c->part[c->parts++].size = e->size;
	return true;
}

/* The header ends with the kind of sums that its log has, and its own. */
static bool is_sound(struct binlog_cut *c, const struct event *e)
{
	uint8_t flags = e->at[FLAGS_AT];
	uint32_t crc;

	if (e->type == FORMAT_DESCRIPTION_EVENT) {
		c->summed = e->size > HEADER_BYTES + CHECKSUM_BYTES && e->at[e->size - CHECKSUM_BYTES - 1] == SUM_CRC32;
		flags = (uint8_t)(flags & ~BINLOG_IN_USE);
	}
	if (!c->verify || !c->summed)
		return true;
	if (e->size < HEADER_BYTES + CHECKSUM_BYTES)
		return false;
	crc = crc32_add(0, e->at, FLAGS_AT);
	crc = crc32_add(crc, &flags, 1);
	crc = crc32_add(crc, e->at + FLAGS_AT + 1, e->size - CHECKSUM_BYTES - FLAGS_AT - 1);
	return crc == little(e->at + e->size - CHECKSUM_BYTES, CHECKSUM_BYTES);
}

/* inside: events of the group that is open were in this file already. */
static int take_event(struct binlog_cut *c, const struct event *e, bool *inside)
{
	if (e->type == START_ENCRYPTION_EVENT)
		return BINLOG_NO_LOG;
	if (e->type == FORMAT_DESCRIPTION_EVENT) {
		if (*inside)
			drop_group(c);
		*inside = false;
		return take_header(c, e);
	}
	if (is_between(e))
		return 0;
	if (e->type == GTID_EVENT) {
		drop_group(c);
		if (e->size < GTID_BYTES)
			return BINLOG_NO_LOG;
		c->open = (struct gtid){
		    (uint32_t)little(e->at + HEADER_BYTES + 8, 4), e->server, little(e->at + HEADER_BYTES, 8)};
		c->standalone = e->at[HEADER_BYTES + 12] & GTID_STANDALONE;
	} else if (!c->parts) {
		return 0;
	}
	if (!add_to_group(c, e))
		return BINLOG_NO_LOG;
	look_for_epoch(c, e);
	*inside = !ends_group(e, c->standalone);
	return *inside ? 0 : take_group(c);
}

int binlog_cut(struct binlog_cut *c, const uint8_t *data, size_t size)
{
	size_t at = BINLOG_MAGIC_BYTES;
	bool inside = false;
	struct event e;
	int code = 0;

	if (size < BINLOG_MAGIC_BYTES || memcmp(data, magic, sizeof(magic)) != 0)
		return BINLOG_NO_LOG;
	/* Without its header nobody knows whether there are sums. */
	if (c->verify && size > at + HEADER_BYTES && data[at + 4] != FORMAT_DESCRIPTION_EVENT)
		return BINLOG_DAMAGED;
	while (!code && next_event(data, size, &at, &e))
		code = is_sound(c, &e) ? take_event(c, &e, &inside) : BINLOG_DAMAGED;
	/* A file that ends in the middle of an event was not rotated. */
	if (at < size)
		drop_group(c);
	return code;
}

/* The second event of a log that the server wrote itself. */
uint64_t binlog_first_seq(const uint8_t *data, size_t size)
{
	size_t at = BINLOG_MAGIC_BYTES;
	uint64_t seq = 0, count;
	struct event e;

	if (size < BINLOG_MAGIC_BYTES || memcmp(data, magic, sizeof(magic)) != 0)
		return UINT64_MAX;
	if (!next_event(data, size, &at, &e) || e.type != FORMAT_DESCRIPTION_EVENT || (e.at[17] & FLAG_RELAY_LOG))
		return UINT64_MAX;
	if (!next_event(data, size, &at, &e) || e.type != GTID_LIST_EVENT || e.size < HEADER_BYTES + 4)
		return UINT64_MAX;
	count = little(e.at + HEADER_BYTES, 4) & 0x0fffffff;
	for (uint64_t n = 0; n < count && HEADER_BYTES + 4 + (n + 1) * 16 <= e.size; n++) {
		uint64_t one = little(e.at + HEADER_BYTES + 4 + n * 16 + 8, 8);

		seq = one > seq ? one : seq;
	}
	return seq;
}
