/* A MariaDB global transaction id, one domain: "0-1-42" (https://mariadb.com/kb/en/gtid/). */
#ifndef HOLDFAST_HEARTBEAT_GTID_H
#define HOLDFAST_HEARTBEAT_GTID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GTID_TEXT_BYTES 48

struct gtid {
	uint32_t domain, server;
	uint64_t seq; /* 0: no transaction yet */
};

/* "" is the empty position (seq 0). Returns 0, or -EINVAL: not a GTID, a list of several, or out of range; *ret untouched. */
int gtid_parse(const char *text, struct gtid *ret);

/* Writes "domain-server-seq", or "" when seq is 0. Returns buf. */
const char *gtid_format(struct gtid g, char buf[static GTID_TEXT_BYTES]);

/* "It is not known where": a position that no server gives. */
#define GTID_ANYWHERE ((struct gtid){0, 0, 1})

/* In one linear history (gtid_strict_mode) the sequence number alone orders positions. */
static inline bool gtid_reaches(struct gtid have, struct gtid want)
{
	return have.seq >= want.seq;
}

#endif
