#include "heartbeat/wire.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

static_assert(WIRE_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key size");
static_assert(24 == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce size");
static_assert(16 == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag size");

static const uint8_t magic[2] = {'H', 'F'};

static void derive(void *out, size_t size, const char *purpose, const uint8_t *cluster_key)
{
	int failed =
	    crypto_generichash(out, size, (const uint8_t *)purpose, strlen(purpose), cluster_key, WIRE_KEY_BYTES);

	assert(!failed);
}

void wire_start(struct wire *w, const uint8_t cluster_key[static WIRE_KEY_BYTES])
{
	uint8_t id[crypto_generichash_BYTES_MIN];

	memset(w, 0, sizeof(*w));
	derive(w->key, sizeof(w->key), "holdfast heartbeat", cluster_key);
	derive(id, sizeof(id), "holdfast cluster id", cluster_key);
	memcpy(&w->cluster, id, sizeof(w->cluster));
}

static void put_header(const struct wire *w, const uint8_t *nonce, uint8_t *buf)
{
	memcpy(buf, magic, 2);
	buf[2] = WIRE_VERSION;
	buf[3] = 0;
	memcpy(buf + 4, &w->cluster, 8);
	memcpy(buf + 12, nonce, 24);
}

size_t wire_seal(struct wire *w, const struct hb_message *m, const uint8_t nonce[static 24],
    uint8_t buf[static WIRE_DATAGRAM_BYTES_MAX])
{
	uint8_t plain[8 + HB_MESSAGE_BYTES_MAX];
	unsigned long long sealed;
	uint64_t sequence = ++w->sequence;
	size_t n;

	for (unsigned i = 0; i < 8; i++)
		plain[i] = (uint8_t)(sequence >> (8 * i));
	n = 8 + hb_message_encode(m, plain + 8);
	put_header(w, nonce, buf);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
	    buf + WIRE_HEADER_BYTES, &sealed, plain, n, buf, WIRE_HEADER_BYTES, NULL, nonce, w->key);
	return WIRE_HEADER_BYTES + (size_t)sealed;
}

/* RFC 4303 section 3.4.3's window, 64 wide, begun anew with each start of the sender. */
static bool is_new(struct wire_window *v, uint64_t boot, uint64_t sequence)
{
	if (boot < v->boot)
		return false;
	if (boot > v->boot)
		*v = (struct wire_window){.boot = boot};
	if (sequence > v->top) {
		uint64_t shift = sequence - v->top;

		v->seen = shift < 64 ? v->seen << shift : 0;
		v->seen |= 1;
		v->top = sequence;
		return true;
	}
	if (v->top - sequence >= 64 || v->seen >> (v->top - sequence) & 1)
		return false;
	v->seen |= (uint64_t)1 << (v->top - sequence);
	return true;
}

static int open_envelope(struct wire *w, const uint8_t *datagram, size_t size, struct hb_message *ret)
{
	uint8_t plain[8 + HB_MESSAGE_BYTES_MAX];
	unsigned long long n;
	uint64_t sequence = 0;

	if (size < WIRE_HEADER_BYTES + 8 + 16 || size > WIRE_DATAGRAM_BYTES_MAX || memcmp(datagram, magic, 2) != 0)
		return -EINVAL;
	if (datagram[2] != WIRE_VERSION)
		return -ENOTSUP;
	if (memcmp(datagram + 4, &w->cluster, 8) != 0)
		return -EINVAL;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n, NULL, datagram + WIRE_HEADER_BYTES,
		size - WIRE_HEADER_BYTES, datagram, WIRE_HEADER_BYTES, datagram + 12, w->key) != 0)
		return -EINVAL;
	for (unsigned i = 0; i < 8; i++)
		sequence |= (uint64_t)plain[i] << (8 * i);
	if (hb_message_decode(plain + 8, (size_t)n - 8, ret) != 0)
		return -EINVAL;
	/* Somebody who is not a member has no window; the only thing it can do is to ask. */
	if (ret->from < HB_MEMBERS_MAX && !is_new(&w->window[ret->from], ret->boot, sequence))
		return -EALREADY;
	return 0;
}

int wire_open(struct wire *w, const uint8_t *datagram, size_t size, struct hb_message *ret)
{
	int code = open_envelope(w, datagram, size, ret);

	if (code)
		w->dropped++;
	return code;
}
