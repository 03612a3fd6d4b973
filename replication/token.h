/*
 * Two small files beside the data. The data token: as long as the one in the role record lies here, nothing that was
 * acknowledged is missing from this copy. The dirty mark: this copy was opened for writing in that epoch, so its last
 * transactions may be ones that nobody acknowledged.
 */
#ifndef HOLDFAST_REPLICATION_TOKEN_H
#define HOLDFAST_REPLICATION_TOKEN_H

#include "heartbeat/err.h"
#include "heartbeat/local.h"

#define TOKEN_HEX_BYTES (2 * TOKEN_BYTES + 1)
#define TOKEN_BOOT_ID_BYTES 40
#define TOKEN_TEXT_BYTES 256

struct token_file {
	struct token token;
	char node[16];
	char boot_id[TOKEN_BOOT_ID_BYTES];
	bool
	    sync_relay; /* a cut of power costs nothing: relay logs are fsynced before each acknowledgement, or there are none */
};

struct dirty_mark {
	uint64_t epoch; /* 0: not dirty */
	struct gtid opened_at;
};

/* Writes the file's text into buf. */
void token_format(const struct token_file *t, char buf[static TOKEN_TEXT_BYTES]);

/* 0, or -EINVAL with e naming the line: a damaged token is no token. */
int token_parse(const char *text, struct token_file *ret, struct errbuf *e);

void token_hex(const struct token *t, char buf[static TOKEN_HEX_BYTES]);

/* S7: does the token still hold after this machine has started anew? A copy that was written to by its own active has
 * no relay log that could have been lost. */
bool token_survives(const struct token_file *t, const char *boot_id, bool dirty);

/* Draws a token and makes it durable. 0 or -errno with e filled. */
int token_create(
    const char *path, const char *node, const char *boot_id, bool sync_relay, struct token *ret, struct errbuf *e);

/* Writes it again, after something in it has changed. 0 or -errno with e filled. */
int token_store(const char *path, const struct token_file *t, struct errbuf *e);

/* 0 and *ret; -ENOENT: none; -EINVAL: damaged; or -errno. e is filled unless 0. */
int token_load(const char *path, struct token_file *ret, struct errbuf *e);

void dirty_format(const struct dirty_mark *d, char buf[static TOKEN_TEXT_BYTES]);
int dirty_parse(const char *text, struct dirty_mark *ret, struct errbuf *e);

/* 0, also when there is none (epoch 0); a damaged mark counts as dirty in epoch UINT64_MAX; or -errno with e filled. */
int dirty_load(const char *path, struct dirty_mark *ret, struct errbuf *e);
int dirty_store(const char *path, const struct dirty_mark *d, struct errbuf *e);

/* opened_at of a copy whose log has gone another way than that of the one before it, nobody can tell from where on. A position that
 * no server gives. */
#define DIRTY_OPENED_ANYWHERE ((struct gtid){0, 0, 1})

/* Pure: the mark of an opening in this epoch at the end of the own log. before: the mark so far, of an opening with nobody else in
 * between, or of one that is kept past the lost one; parted: the log has what the one before it has not. */
void dirty_open(
    const struct dirty_mark *before, bool parted, uint64_t epoch, struct gtid binlog, struct dirty_mark *ret);

/* Pure: above which position of its own binary log has this copy what the one that opened at `opened_at` may lack? That one's position
 * says; or, when it does not know, where this copy opened itself. seq 0: all of it. */
struct gtid dirty_tail_above(const struct dirty_mark *d, struct gtid opened_at);

/* The same where the cluster was given up for a copy that goes on at that position: all that this one has and that may not be in the books there.
 * own_server is our server_id. */
struct gtid dirty_given_up_above(const struct dirty_mark *d, struct gtid at, uint32_t own_server);

/* Pure: is nothing of that left in a log that ends at `binlog`? opened_at seq 0, unknown: no. */
bool dirty_is_cut(const struct dirty_mark *d, struct gtid opened_at, struct gtid binlog);

/* The running kernel's boot id. 0 or -errno with e filled. */
int token_boot_id(char buf[static TOKEN_BOOT_ID_BYTES], struct errbuf *e);

#endif
