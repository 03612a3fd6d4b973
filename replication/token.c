#include "replication/token.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/durable.h"

#define CHECK_BYTES 16 /* crypto_generichash_BYTES_MIN */

/* Takes "key=value\n" off *at. The value is copied; false when the line is another one or too long. */
static bool take_line(const char **at, const char *key, char *value, size_t size)
{
	size_t length = strlen(key);
	const char *end = strchr(*at, '\n');

	if (!end || strncmp(*at, key, length) != 0 || (*at)[length] != '=')
		return false;
	*at += length + 1;
	if ((size_t)(end - *at) >= size)
		return false;
	memcpy(value, *at, (size_t)(end - *at));
	value[end - *at] = '\0';
	*at = end + 1;
	return true;
}

void token_hex(const struct token *t, char buf[static TOKEN_HEX_BYTES])
{
	sodium_bin2hex(buf, TOKEN_HEX_BYTES, t->byte, TOKEN_BYTES);
}

void token_format(const struct token_file *t, char buf[static TOKEN_TEXT_BYTES])
{
	char hex[TOKEN_HEX_BYTES], check[2 * CHECK_BYTES + 1];
	uint8_t hash[CHECK_BYTES];
	size_t n;

	token_hex(&t->token, hex);
	(void)snprintf(buf, TOKEN_TEXT_BYTES, "token=%s\nnode=%s\nboot_id=%s\nsync_relay=%d\n", hex, t->node,
	    t->boot_id, t->sync_relay);
	n = strlen(buf);
	(void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)buf, n, NULL, 0);
	sodium_bin2hex(check, sizeof(check), hash, sizeof(hash));
	(void)snprintf(buf + n, TOKEN_TEXT_BYTES - n, "check=%s\n", check);
}

int token_parse(const char *text, struct token_file *ret, struct errbuf *e)
{
	struct token_file t = {0};
	char hex[TOKEN_HEX_BYTES], flag[2], same[TOKEN_TEXT_BYTES];
	const char *whole = text;
	size_t n = 0;

	if (!take_line(&text, "token", hex, sizeof(hex)) ||
	    sodium_hex2bin(t.token.byte, TOKEN_BYTES, hex, strlen(hex), NULL, &n, NULL) || n != TOKEN_BYTES)
		return err_set(e, -EINVAL, "line 1: token= and 32 hex digits expected");
	if (token_is_none(&t.token))
		return err_set(e, -EINVAL, "line 1: token of zeros");
	if (!take_line(&text, "node", t.node, sizeof(t.node)))
		return err_set(e, -EINVAL, "line 2: node= and a name of at most 15 characters expected");
	if (!take_line(&text, "boot_id", t.boot_id, sizeof(t.boot_id)))
		return err_set(e, -EINVAL, "line 3: boot_id= expected");
	if (!take_line(&text, "sync_relay", flag, sizeof(flag)) || (flag[0] != '0' && flag[0] != '1'))
		return err_set(e, -EINVAL, "line 4: sync_relay=0 or 1 expected");
	t.sync_relay = flag[0] == '1';
	token_format(&t, same);
	if (strcmp(whole, same) != 0)
		return err_set(e, -EINVAL, "line 5: check= does not fit what is above it, or something follows");
	*ret = t;
	return 0;
}

bool token_survives(const struct token_file *t, const char *boot_id, bool dirty)
{
	return t->sync_relay || dirty || strcmp(t->boot_id, boot_id) == 0;
}

int token_create(
    const char *path, const char *node, const char *boot_id, bool sync_relay, struct token *ret, struct errbuf *e)
{
	struct token_file t = {.sync_relay = sync_relay};
	char text[TOKEN_TEXT_BYTES];
	int code;

	do
		randombytes_buf(t.token.byte, TOKEN_BYTES);
	while (token_is_none(&t.token));
	(void)snprintf(t.node, sizeof(t.node), "%s", node);
	(void)snprintf(t.boot_id, sizeof(t.boot_id), "%s", boot_id);
	token_format(&t, text);
	code = durable_write(path, text, e);
	if (!code)
		*ret = t.token;
	return code;
}

int token_store(const char *path, const struct token_file *t, struct errbuf *e)
{
	char text[TOKEN_TEXT_BYTES];

	token_format(t, text);
	return durable_write(path, text, e);
}

int token_load(const char *path, struct token_file *ret, struct errbuf *e)
{
	char text[TOKEN_TEXT_BYTES];
	int code = durable_read(path, text, sizeof(text), e);

	if (code == -EFBIG)
		return -EINVAL;
	if (code)
		return code;
	code = token_parse(text, ret, e);
	return code ? err_wrap(e, code, "%s", path) : 0;
}

void dirty_format(const struct dirty_mark *d, char buf[static TOKEN_TEXT_BYTES])
{
	char gtid[GTID_TEXT_BYTES];

	(void)snprintf(
	    buf, TOKEN_TEXT_BYTES, "epoch=%" PRIu64 "\nopened_at=%s\n", d->epoch, gtid_format(d->opened_at, gtid));
}

int dirty_parse(const char *text, struct dirty_mark *ret, struct errbuf *e)
{
	struct dirty_mark d = {0};
	char value[GTID_TEXT_BYTES];

	if (!take_line(&text, "epoch", value, sizeof(value)) || !value[0] || strlen(value) > 19)
		return err_set(e, -EINVAL, "line 1: epoch= and a number expected");
	for (const char *p = value; *p; p++) {
		if (*p < '0' || *p > '9')
			return err_set(e, -EINVAL, "line 1: epoch= and a number expected");
		d.epoch = d.epoch * 10 + (uint64_t)(*p - '0');
	}
	if (d.epoch == 0)
		return err_set(e, -EINVAL, "line 1: an epoch is at least 1");
	if (!take_line(&text, "opened_at", value, sizeof(value)) || gtid_parse(value, &d.opened_at))
		return err_set(e, -EINVAL, "line 2: opened_at= and a GTID expected");
	*ret = d;
	return 0;
}

int dirty_load(const char *path, struct dirty_mark *ret, struct errbuf *e)
{
	char text[TOKEN_TEXT_BYTES];
	int code = durable_read(path, text, sizeof(text), e);

	*ret = (struct dirty_mark){0};
	if (code == -ENOENT)
		return 0;
	if (code && code != -EFBIG)
		return code;
	if (code == -EFBIG || dirty_parse(text, ret, e))
		*ret = (struct dirty_mark){.epoch = UINT64_MAX};
	return 0;
}

int dirty_store(const char *path, const struct dirty_mark *d, struct errbuf *e)
{
	char text[TOKEN_TEXT_BYTES];

	dirty_format(d, text);
	return durable_write(path, text, e);
}

static bool is_anywhere(struct gtid g)
{
	return g.seq == DIRTY_OPENED_ANYWHERE.seq && g.server == DIRTY_OPENED_ANYWHERE.server;
}

void dirty_open(
    const struct dirty_mark *before, bool parted, uint64_t epoch, struct gtid binlog, struct dirty_mark *ret)
{
	struct gtid at = before->epoch && before->epoch != UINT64_MAX ? before->opened_at : binlog;

	if (parted)
		at = DIRTY_OPENED_ANYWHERE;
	*ret = (struct dirty_mark){.epoch = epoch, .opened_at = at};
}

struct gtid dirty_tail_above(const struct dirty_mark *d, struct gtid opened_at)
{
	if (!is_anywhere(opened_at))
		return opened_at;
	if (is_anywhere(d->opened_at))
		return (struct gtid){0};
	return d->opened_at;
}

struct gtid dirty_given_up_above(const struct dirty_mark *d, struct gtid at, uint32_t own_server)
{
	bool known = d->epoch && d->epoch != UINT64_MAX && !is_anywhere(d->opened_at);
	/* What stands above our own opening was written here: a transaction of another server in its place is another history's. */
	bool other = d->epoch && at.server && at.server != own_server;

	if (is_anywhere(at) || (other && !known))
		return (struct gtid){0};
	return other && d->opened_at.seq < at.seq ? d->opened_at : at;
}

bool dirty_is_cut(const struct dirty_mark *d, struct gtid opened_at, struct gtid binlog)
{
	return opened_at.seq && gtid_reaches(dirty_tail_above(d, opened_at), binlog);
}

int token_boot_id(char buf[static TOKEN_BOOT_ID_BYTES], struct errbuf *e)
{
	int code = durable_read("/proc/sys/kernel/random/boot_id", buf, TOKEN_BOOT_ID_BYTES, e);

	if (!code)
		buf[strcspn(buf, "\n")] = '\0';
	return code;
}
