#include "heartbeat/hostinvite.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/conf_value.h"

/* After the prefix, base64url of: checksum, seed, and the rest as words separated by blanks, certificates as the middle of their PEM in one
 * line. The checksum is keyed by the seed, so that nothing is put together of two tokens. */
#define SUM_BYTES 16
#define HEAD_BYTES (SUM_BYTES + PKI_KEY_BYTES)
#define RAW_BYTES (HOSTINVITE_TEXT_BYTES / 4 * 3 - 8)
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define PEM_BEGIN "-----BEGIN CERTIFICATE-----\n"
#define PEM_END "-----END CERTIFICATE-----\n"
#define PEM_LINE 64
#define WORDS 12

static void checksum(uint8_t sum[static SUM_BYTES], const uint8_t *body, size_t size, const uint8_t *seed)
{
	(void)crypto_generichash(sum, SUM_BYTES, body, size, seed, PKI_KEY_BYTES);
}

/* The middle of a PEM without its line ends. */
static bool put_pem(const char *pem, char *ret, size_t size)
{
	const char *at = pem + strlen(PEM_BEGIN), *end = strstr(pem, PEM_END);
	size_t n = 0;

	if (strncmp(pem, PEM_BEGIN, strlen(PEM_BEGIN)) != 0 || !end)
		return false;
	for (; at < end; at++) {
		if (*at == '\n')
			continue;
		if (n + 1 >= size)
			return false;
		ret[n++] = *at;
	}
	ret[n] = '\0';
	return n;
}

static bool take_pem(const char *word, char ret[static PKI_PEM_BYTES])
{
	size_t left = strlen(word), used;

	if (left + left / PEM_LINE + strlen(PEM_BEGIN) + strlen(PEM_END) + 2 > PKI_PEM_BYTES)
		return false;
	used = (size_t)snprintf(ret, PKI_PEM_BYTES, PEM_BEGIN);
	for (; left; left -= left < PEM_LINE ? left : PEM_LINE, word += PEM_LINE)
		used += (size_t)snprintf(ret + used, PKI_PEM_BYTES - used, "%.*s\n", PEM_LINE, word);
	(void)snprintf(ret + used, PKI_PEM_BYTES - used, PEM_END);
	return true;
}

int hostinvite_format(const struct hostinvite *v, char ret[static HOSTINVITE_TEXT_BYTES])
{
	uint8_t raw[RAW_BYTES];
	char ca[PKI_PEM_BYTES], certificate[PKI_PEM_BYTES], *words = (char *)raw + HEAD_BYTES;
	int n, head;

	if (!put_pem(v->ca, ca, sizeof(ca)) || !put_pem(v->certificate, certificate, sizeof(certificate)))
		return -EINVAL;
	n = snprintf(words, RAW_BYTES - HEAD_BYTES, "%s %s %s %s %u %u %s %s %s %s %s %s", v->cluster, v->name,
	    v->address, v->id, v->mesh_http_port, v->mesh_ledger_port, v->gateway[0].name, v->gateway[0].address,
	    v->gateway[1].name, v->gateway[1].address, ca, certificate);
	if (n < 0 || n >= RAW_BYTES - HEAD_BYTES)
		return -EINVAL;
	memcpy(raw + SUM_BYTES, v->seed, PKI_KEY_BYTES);
	checksum(raw, raw + SUM_BYTES, PKI_KEY_BYTES + (size_t)n, v->seed);
	head = snprintf(ret, HOSTINVITE_TEXT_BYTES, HOSTINVITE_PREFIX);
	(void)sodium_bin2base64(ret + head, HOSTINVITE_TEXT_BYTES - (size_t)head, raw, HEAD_BYTES + (size_t)n, VARIANT);
	sodium_memzero(raw, sizeof(raw));
	return 0;
}

static bool take_text(char *ret, size_t size, const char *word)
{
	return (size_t)snprintf(ret, size, "%s", word) < size;
}

static bool take_port(uint32_t *ret, const char *word)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	*ret = (uint32_t)n;
	return end != word && !*end && n >= 1 && n <= 65535;
}

static bool take_words(struct hostinvite *v, char *text)
{
	char *word[WORDS], *save = NULL;
	size_t words = 0;

	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		if (words == WORDS)
			return false;
		word[words++] = w;
	}
	if (words != WORDS)
		return false;
	return take_text(v->cluster, sizeof(v->cluster), word[0]) && take_text(v->name, sizeof(v->name), word[1]) &&
	       take_text(v->address, sizeof(v->address), word[2]) && value_is_address(v->address) &&
	       take_text(v->id, sizeof(v->id), word[3]) && take_port(&v->mesh_http_port, word[4]) &&
	       take_port(&v->mesh_ledger_port, word[5]) &&
	       take_text(v->gateway[0].name, sizeof(v->gateway[0].name), word[6]) &&
	       take_text(v->gateway[0].address, sizeof(v->gateway[0].address), word[7]) &&
	       take_text(v->gateway[1].name, sizeof(v->gateway[1].name), word[8]) &&
	       take_text(v->gateway[1].address, sizeof(v->gateway[1].address), word[9]) &&
	       value_is_address(v->gateway[0].address) && value_is_address(v->gateway[1].address) &&
	       take_pem(word[10], v->ca) && take_pem(word[11], v->certificate);
}

static int take_raw(const char *body, struct hostinvite *ret)
{
	uint8_t raw[RAW_BYTES + 1], sum[SUM_BYTES];
	const char *end = NULL;
	size_t size = 0;
	int code = -EBADMSG;

	if (sodium_base642bin(raw, RAW_BYTES, body, strlen(body), NULL, &size, &end, VARIANT) == 0 && !*end &&
	    size > HEAD_BYTES) {
		memcpy(ret->seed, raw + SUM_BYTES, PKI_KEY_BYTES);
		checksum(sum, raw + SUM_BYTES, size - SUM_BYTES, ret->seed);
		raw[size] = '\0';
		if (sodium_memcmp(sum, raw, SUM_BYTES) == 0 && take_words(ret, (char *)raw + HEAD_BYTES))
			code = 0;
	}
	sodium_memzero(raw, sizeof(raw));
	return code;
}

int hostinvite_parse(const char *text, struct hostinvite *ret, struct errbuf *e)
{
	int code;

	memset(ret, 0, sizeof(*ret));
	if (strncmp(text, "hfw", 3) != 0)
		return err_set(e, -EBADMSG,
		    "not the token of a worker host: one begins with '" HOSTINVITE_PREFIX
		    "', as 'holdfastctl worker add' prints it on a gateway");
	if (strncmp(text, HOSTINVITE_PREFIX, strlen(HOSTINVITE_PREFIX)) != 0)
		return err_set(
		    e, -EBADMSG, "the token is of another release: install the same release on both machines");
	code = take_raw(text + strlen(HOSTINVITE_PREFIX), ret);
	if (code) {
		sodium_memzero(ret, sizeof(*ret));
		return err_set(e, code, "the token is damaged (its checksum is wrong): copy the whole word");
	}
	return 0;
}
