#include "heartbeat/invite.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/conf.h"
#include "heartbeat/conf_value.h"
#include "heartbeat/ip_text.h"

/*
 * "hfN-" and base64url of: checksum, cluster key, and the rest as words separated by blanks, which none of them can
 * contain. In version 2 the first of them is the ring of keys, in version 3, which is for members with addresses of IPv6, that or NO_RING. The checksum is keyed, so that a token of another cluster put together by hand does not pass either.
 */
#define PREFIX "hf"
#define SUM_BYTES 16
#define WORDS_BYTES 700
#define RAW_BYTES (SUM_BYTES + INVITE_KEY_BYTES + WORDS_BYTES)
#define WORDS_FIXED 10
#define NO_RING "-"
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

static void checksum(uint8_t sum[static SUM_BYTES], const uint8_t *body, size_t size, const uint8_t *key)
{
	(void)crypto_generichash(sum, SUM_BYTES, body, size, key, INVITE_KEY_BYTES);
}

void invite_new_key(uint8_t ret[static INVITE_KEY_BYTES])
{
	randombytes_buf(ret, INVITE_KEY_BYTES);
}

static bool is_word(const char *text)
{
	return *text && !strpbrk(text, " \t\n");
}

static int version_of(const struct invite *v)
{
	for (uint32_t i = 0; i < v->members; i++) {
		struct ip ip = ip_before_slash(v->member[i].address);

		if (!ip_is_v4(&ip))
			return INVITE_VERSION;
	}
	return v->ring.count ? 2 : 1;
}

/* Nothing in version 1. Returns the length. */
static size_t put_ring(const struct keyring *ring, int version, char *ret)
{
	uint8_t bytes[KEYRING_BYTES_MAX];
	size_t n;

	if (version == 1)
		return 0;
	if (!ring->count)
		return (size_t)snprintf(ret, WORDS_BYTES, NO_RING " ");
	(void)sodium_bin2base64(ret, WORDS_BYTES, bytes, keyring_encode(ring, bytes), VARIANT);
	sodium_memzero(bytes, sizeof(bytes));
	n = strlen(ret);
	ret[n] = ' ';
	return n + 1;
}

int invite_format(const struct invite *v, char ret[static INVITE_TEXT_BYTES])
{
	uint8_t raw[RAW_BYTES];
	char *words = (char *)raw + SUM_BYTES + INVITE_KEY_BYTES;
	size_t size, n;
	int head, version;

	if (!is_word(v->cluster) || !is_word(v->vip) || !v->members || v->members > INVITE_MEMBERS_MAX)
		return -EINVAL;
	version = version_of(v);
	n = put_ring(&v->ring, version, words);
	n += (size_t)snprintf(words + n, WORDS_BYTES - n, "%s %s %u %u %u %u %u %u %u %u", v->cluster, v->vip,
	    v->heartbeat_port, v->interval_ms, v->lease_ms, v->peer_timeout_ms, v->database_port, v->mesh_http_port,
	    v->mesh_ledger_port, v->mesh_seed_port);
	for (uint32_t i = 0; i < v->members && n < WORDS_BYTES; i++) {
		const struct invite_member *m = &v->member[i];

		if (!is_word(m->name) || !is_word(m->address))
			return -EINVAL;
		n += (size_t)snprintf(words + n, WORDS_BYTES - n, " %s %s %s", m->name, m->address,
		    m->kind == CONF_KIND_WITNESS ? "witness" : "gateway");
	}
	if (n >= WORDS_BYTES)
		return -EINVAL;
	memcpy(raw + SUM_BYTES, v->key, INVITE_KEY_BYTES);
	size = SUM_BYTES + INVITE_KEY_BYTES + n;
	checksum(raw, raw + SUM_BYTES, size - SUM_BYTES, v->key);
	head = snprintf(ret, INVITE_TEXT_BYTES, PREFIX "%d-", version);
	(void)sodium_bin2base64(ret + head, INVITE_TEXT_BYTES - (size_t)head, raw, size, VARIANT);
	sodium_memzero(raw, sizeof(raw));
	return 0;
}

static int check_version(const char *text, unsigned long *version, const char **body, struct errbuf *e)
{
	char *end;

	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0 || text[2] < '0' || text[2] > '9')
		return err_set(e, -EBADMSG,
		    "not a token: one begins with '" PREFIX "1-' or later, as 'holdfastctl token' prints it");
	*version = strtoul(text + strlen(PREFIX), &end, 10);
	if (*end != '-')
		return err_set(e, -EBADMSG,
		    "not a token: one begins with '" PREFIX "1-' or later, as 'holdfastctl token' prints it");
	if (*version < 1 || *version > INVITE_VERSION)
		return err_set(e, -EPROTONOSUPPORT,
		    "the token is of version %lu, this holdfastctl knows version %d: install the same release on both",
		    *version, INVITE_VERSION);
	*body = end + 1;
	return 0;
}

static bool take_text(char *ret, size_t size, const char *word)
{
	size_t n = strlen(word);

	if (!n || n >= size)
		return false;
	memcpy(ret, word, n + 1);
	return true;
}

static bool take_number(uint32_t *ret, const char *word)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	*ret = (uint32_t)n;
	return end != word && !*end && n <= UINT32_MAX;
}

static bool take_member(struct invite_member *m, char **word)
{
	if (!take_text(m->name, sizeof(m->name), word[0]) || !take_text(m->address, sizeof(m->address), word[1]) ||
	    !value_is_address(m->address))
		return false;
	m->kind = strcmp(word[2], "witness") == 0 ? CONF_KIND_WITNESS : CONF_KIND_GATEWAY;
	return m->kind == CONF_KIND_WITNESS || strcmp(word[2], "gateway") == 0;
}

static bool take_ring(struct keyring *ret, const char *word)
{
	uint8_t bytes[KEYRING_BYTES_MAX];
	size_t n = 0;
	bool good;

	if (strcmp(word, NO_RING) == 0)
		return true;
	good = sodium_base642bin(bytes, sizeof(bytes), word, strlen(word), NULL, &n, NULL, VARIANT) == 0 &&
	       keyring_decode(bytes, n, ret) == 0;

	sodium_memzero(bytes, sizeof(bytes));
	return good;
}

static bool take_words(struct invite *v, char *text, bool with_ring)
{
	char *word[WORDS_FIXED + 3 * INVITE_MEMBERS_MAX], *save = NULL;
	uint32_t *const number[] = {&v->heartbeat_port, &v->interval_ms, &v->lease_ms, &v->peer_timeout_ms,
	    &v->database_port, &v->mesh_http_port, &v->mesh_ledger_port, &v->mesh_seed_port};
	size_t words = 0;
	bool good;

	if (with_ring) {
		char *first = strtok_r(text, " ", &save);

		if (!first || !take_ring(&v->ring, first))
			return false;
		text = NULL;
	}
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		if (words == sizeof(word) / sizeof(word[0]))
			return false;
		word[words++] = w;
	}
	if (words < WORDS_FIXED + 3 || (words - WORDS_FIXED) % 3)
		return false;
	good = take_text(v->cluster, sizeof(v->cluster), word[0]) && take_text(v->vip, sizeof(v->vip), word[1]);
	for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++)
		good = good && take_number(number[i], word[2 + i]);
	v->members = (uint32_t)(words - WORDS_FIXED) / 3;
	for (uint32_t i = 0; i < v->members; i++)
		good = good && take_member(&v->member[i], &word[WORDS_FIXED + 3 * i]);
	return good;
}

int invite_parse(const char *text, struct invite *ret, struct errbuf *e)
{
	uint8_t raw[RAW_BYTES + 1], sum[SUM_BYTES];
	const char *body = text, *end = NULL;
	size_t size = 0;
	unsigned long version = 0;
	int code = check_version(text, &version, &body, e);

	memset(ret, 0, sizeof(*ret));
	if (code)
		return code;
	code = -EBADMSG;
	if (sodium_base642bin(raw, RAW_BYTES, body, strlen(body), NULL, &size, &end, VARIANT) == 0 && !*end &&
	    size > SUM_BYTES + INVITE_KEY_BYTES) {
		memcpy(ret->key, raw + SUM_BYTES, INVITE_KEY_BYTES);
		checksum(sum, raw + SUM_BYTES, size - SUM_BYTES, ret->key);
		raw[size] = '\0';
		if (sodium_memcmp(sum, raw, SUM_BYTES) == 0 &&
		    take_words(ret, (char *)raw + SUM_BYTES + INVITE_KEY_BYTES, version > 1))
			code = 0;
	}
	sodium_memzero(raw, sizeof(raw));
	if (code) {
		sodium_memzero(ret, sizeof(*ret));
		return err_set(e, code, "the token is damaged (its checksum is wrong): copy the whole word");
	}
	return 0;
}
