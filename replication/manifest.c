#include "replication/manifest.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/durable.h"

#define SUM_KEY "sum="
#define SUM_HEX_BYTES (2 * crypto_generichash_BYTES + 1)

struct field {
	const char *key;
	size_t at;
	bool is_number;
};

#define TEXT(member)                                                                                                   \
	{                                                                                                              \
#member, offsetof(struct manifest, member), false                                                      \
	}
#define NUMBER(member)                                                                                                 \
	{                                                                                                              \
#member, offsetof(struct manifest, member), true                                                       \
	}

static const struct field fields[] = {TEXT(format), TEXT(product), NUMBER(level), TEXT(mariadb), TEXT(cluster),
    TEXT(cluster_id), TEXT(node), TEXT(role), NUMBER(epoch), NUMBER(ledger_epoch), TEXT(gtid), TEXT(begun), TEXT(ended),
    NUMBER(operations), NUMBER(accounts), NUMBER(data_bytes), NUMBER(stream_bytes), TEXT(blake2b), TEXT(findings)};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))
#define FIELDS_ALWAYS (FIELDS - 1) /* the last one is there when it says something: earlier releases do not know it */

static void sum_of(const char *text, size_t length, char ret[static SUM_HEX_BYTES])
{
	uint8_t sum[crypto_generichash_BYTES];

	(void)crypto_generichash(sum, sizeof(sum), (const uint8_t *)text, length, NULL, 0);
	(void)sodium_bin2hex(ret, SUM_HEX_BYTES, sum, sizeof(sum));
}

size_t manifest_format(const struct manifest *m, char buf[static MANIFEST_TEXT_BYTES])
{
	char sum[SUM_HEX_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < (m->findings[0] ? FIELDS : FIELDS_ALWAYS); i++) {
		const char *at = (const char *)m + fields[i].at;
		uint64_t number = 0;
		int length;

		if (fields[i].is_number)
			memcpy(&number, at, sizeof(number));
		length = fields[i].is_number
			     ? snprintf(buf + n, MANIFEST_TEXT_BYTES - n, "%s=%" PRIu64 "\n", fields[i].key, number)
			     : snprintf(buf + n, MANIFEST_TEXT_BYTES - n, "%s=%s\n", fields[i].key, at);
		assert(length > 0 && (size_t)length < MANIFEST_TEXT_BYTES - n);
		n += (size_t)length;
	}
	sum_of(buf, n, sum);
	return n + (size_t)snprintf(buf + n, MANIFEST_TEXT_BYTES - n, SUM_KEY "%s\n", sum);
}

static int take_field(const struct field *f, const char *value, size_t length, struct manifest *ret)
{
	char *at = (char *)ret + f->at, text[MANIFEST_VALUE_BYTES], *end;
	uint64_t number;

	if (length >= sizeof(text))
		return -EBADMSG;
	memcpy(text, value, length);
	text[length] = '\0';
	/* It is shown on terminals. */
	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return -EBADMSG;
	if (!f->is_number) {
		memcpy(at, text, length + 1);
		return 0;
	}
	if (text[0] < '0' || text[0] > '9' || (text[0] == '0' && length > 1))
		return -EBADMSG;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (*end || errno)
		return -EBADMSG;
	memcpy(at, &number, sizeof(number));
	return 0;
}

int manifest_parse(const char *text, struct manifest *ret, struct errbuf *e)
{
	char sum[SUM_HEX_BYTES];
	const char *at = text;

	*ret = (struct manifest){0};
	for (size_t i = 0; i < FIELDS; i++) {
		size_t key = strlen(fields[i].key), length = strcspn(at, "\n");

		if (i == FIELDS_ALWAYS && strncmp(at, SUM_KEY, sizeof(SUM_KEY) - 1) == 0)
			break;
		if (strncmp(at, fields[i].key, key) != 0 || at[key] != '=' || at[length] != '\n' ||
		    take_field(&fields[i], at + key + 1, length - key - 1, ret))
			return err_set(e, -EBADMSG, "line %zu: '%s=' and a value expected", i + 1, fields[i].key);
		at += length + 1;
		/* Before anything else of a later format is misread. */
		if (i == 0 && strcmp(ret->format, "1") != 0)
			return err_set(e, -EBADMSG, "line 1: format %.16s, this release knows 1", ret->format);
	}
	sum_of(text, (size_t)(at - text), sum);
	if (strncmp(at, SUM_KEY, sizeof(SUM_KEY) - 1) != 0 ||
	    strncmp(at + sizeof(SUM_KEY) - 1, sum, sizeof(sum) - 1) != 0 ||
	    strcmp(at + sizeof(SUM_KEY) - 1 + sizeof(sum) - 1, "\n") != 0)
		return err_set(e, -EBADMSG, "line %zu: not the checksum of the lines before: it was changed or damaged",
		    (ret->findings[0] ? FIELDS : FIELDS_ALWAYS) + 1);
	return 0;
}

int manifest_load(const char *path, struct manifest *ret, struct errbuf *e)
{
	char text[MANIFEST_TEXT_BYTES];
	struct errbuf own = {""};
	int code = durable_read(path, text, sizeof(text), e);

	if (code)
		return code;
	code = manifest_parse(text, ret, &own);
	return code ? err_set(e, code, "%.160s: %s", path, own.text) : 0;
}
