#include "heartbeat/tickle_wire.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

static_assert(TICKLE_WIRE_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key size");
static_assert(TICKLE_WIRE_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce size");
static_assert(16 == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag size");
static_assert(TICKLE_DATAGRAM_BYTES_MAX <= 1400, "no fragments");

#define SILENCE_US 10000000u

static const uint8_t magic[2] = {'H', 'T'};

static void derive(void *out, size_t size, const char *purpose, const uint8_t *cluster_key)
{
	int failed = crypto_generichash(
	    out, size, (const uint8_t *)purpose, strlen(purpose), cluster_key, TICKLE_WIRE_KEY_BYTES);

	assert(!failed);
}

void tickle_wire_start(struct tickle_wire *w, const uint8_t cluster_key[static TICKLE_WIRE_KEY_BYTES])
{
	uint8_t id[crypto_generichash_BYTES_MIN];

	derive(w->key, sizeof(w->key), "holdfast tickle", cluster_key);
	derive(id, sizeof(id), "holdfast cluster id", cluster_key);
	memcpy(&w->cluster, id, sizeof(w->cluster));
}

size_t tickle_wire_seal(const struct tickle_wire *w, const struct tickle_message *m,
    const uint8_t nonce[static TICKLE_WIRE_NONCE_BYTES], uint8_t buf[static TICKLE_DATAGRAM_BYTES_MAX])
{
	uint8_t plain[TICKLE_MESSAGE_BYTES_MAX];
	unsigned long long sealed;
	size_t n = tickle_message_encode(m, plain);

	memcpy(buf, magic, 2);
	buf[2] = TICKLE_WIRE_VERSION;
	buf[3] = 0;
	memcpy(buf + 4, &w->cluster, 8);
	memcpy(buf + 12, nonce, TICKLE_WIRE_NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
	    buf + TICKLE_WIRE_HEADER_BYTES, &sealed, plain, n, buf, TICKLE_WIRE_HEADER_BYTES, NULL, nonce, w->key);
	return TICKLE_WIRE_HEADER_BYTES + (size_t)sealed;
}

int tickle_wire_open(const struct tickle_wire *w, const uint8_t *datagram, size_t size, struct tickle_message *ret)
{
	uint8_t plain[TICKLE_MESSAGE_BYTES_MAX];
	unsigned long long n;

	if (size < TICKLE_WIRE_HEADER_BYTES + 16 || size > TICKLE_DATAGRAM_BYTES_MAX || memcmp(datagram, magic, 2) != 0)
		return -EINVAL;
	if (datagram[2] != TICKLE_WIRE_VERSION)
		return -ENOTSUP;
	if (memcmp(datagram + 4, &w->cluster, 8) != 0)
		return -EINVAL;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n, NULL, datagram + TICKLE_WIRE_HEADER_BYTES,
		size - TICKLE_WIRE_HEADER_BYTES, datagram, TICKLE_WIRE_HEADER_BYTES, datagram + 12, w->key) != 0)
		return -EINVAL;
	return tickle_message_decode(plain, (size_t)n, ret);
}

/* RFC 4303 section 3.4.3's window, 64 wide, begun anew with each start of the sender. */
bool tickle_window_take(struct tickle_window *v, const struct tickle_message *m, uint64_t now_us)
{
	uint64_t behind;

	if (m->start < v->start && now_us < v->heard_us + SILENCE_US)
		return false;
	if (m->start != v->start)
		*v = (struct tickle_window){.start = m->start};
	if (m->sequence > v->top) {
		uint64_t shift = m->sequence - v->top;

		v->seen = (shift < 64 ? v->seen << shift : 0) | 1;
		v->top = m->sequence;
		v->heard_us = now_us;
		return true;
	}
	behind = v->top - m->sequence;
	if (behind >= 64 || v->seen >> behind & 1)
		return false;
	v->seen |= (uint64_t)1 << behind;
	v->heard_us = now_us;
	return true;
}
