#include "heartbeat/wire.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

static_assert(WIRE_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key size");
static_assert(24 == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce size");
static_assert(16 == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag size");
static_assert(WIRE_VERSION < 16, "four bits in the head");

#define SEQUENCE_BYTES 8
#define TAG_BYTES 16

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
	w->reads = WIRE_VERSION;
	w->key[0].there = true;
	derive(w->key[0].secret, WIRE_KEY_BYTES, "holdfast heartbeat", cluster_key);
	derive(id, sizeof(id), "holdfast cluster id", cluster_key);
	memcpy(&w->cluster, id, sizeof(w->cluster));
}

const char *wire_drop_text(enum wire_drop why)
{
	static const char *const text[] = {
#define X(id, text) text,
	    WIRE_DROPS(X)
#undef X
	};

	return text[why];
}

static struct wire_peer *peer_of(struct wire *w, uint8_t member)
{
	return &w->peer[member < HB_MEMBERS_MAX ? member : HB_MEMBERS_MAX];
}

static const struct wire_key *find_key(const struct wire *w, uint8_t number)
{
	for (unsigned i = 0; i < WIRE_KEYS; i++)
		if (w->key[i].there && w->key[i].number == number)
			return &w->key[i];
	return NULL;
}

struct wire_way wire_way_to(struct wire *w, uint8_t member)
{
	struct wire_peer *p = peer_of(w, member);
	struct wire_way way = {.key = w->use};

	if (member >= HB_MEMBERS_MAX || !p->reads)
		way.version = (uint8_t)(w->reads - p->turn++ % (unsigned)(w->reads - WIRE_VERSION_MIN + 1));
	else
		way.version = p->reads < w->reads ? p->reads : w->reads;
	if (member < HB_MEMBERS_MAX && (w->told >> member & 1))
		way.key = w->use_for[member];
	else if (p->reads && find_key(w, p->key))
		way.key = p->key;
	return way;
}

static void put_header(const struct wire *w, struct wire_way way, const uint8_t *nonce, uint8_t *buf)
{
	memcpy(buf, magic, 2);
	buf[2] = way.version;
	buf[3] = (uint8_t)((w->reads > 1 ? w->reads << 4 : 0) | way.key);
	memcpy(buf + 4, &w->cluster, 8);
	memcpy(buf + 12, nonce, 24);
}

size_t wire_seal(struct wire *w, struct wire_way way, const struct hb_message *m, const uint8_t nonce[static 24],
    uint8_t buf[static WIRE_DATAGRAM_BYTES_MAX])
{
	uint8_t plain[SEQUENCE_BYTES + HB_MESSAGE_BYTES_MAX];
	const struct wire_key *key = find_key(w, way.key);
	size_t n = hb_message_encode(m, way.version, plain + SEQUENCE_BYTES);
	unsigned long long sealed;

	if (!n || !key)
		return 0;
	w->sequence++;
	for (unsigned i = 0; i < SEQUENCE_BYTES; i++)
		plain[i] = (uint8_t)(w->sequence >> (8 * i));
	put_header(w, way, nonce, buf);
	crypto_aead_xchacha20poly1305_ietf_encrypt(buf + WIRE_HEADER_BYTES, &sealed, plain, SEQUENCE_BYTES + n, buf,
	    WIRE_HEADER_BYTES, NULL, nonce, key->secret);
	return WIRE_HEADER_BYTES + (size_t)sealed;
}

void wire_name(struct wire *w, uint8_t member, uint64_t instance)
{
	struct wire_peer *p = &w->peer[member];

	if (p->instance && p->instance != instance)
		*p = (struct wire_peer){0};
	p->instance = instance;
}

/* RFC 4303 section 3.4.3's window, 64 wide, begun anew with each start of the sender. 0: new; 1: the other path was faster. */
static int look_up(struct wire_peer *p, unsigned path, uint64_t boot, uint64_t sequence)
{
	uint64_t bit, other;

	if (boot < p->boot)
		return -EALREADY;
	if (boot > p->boot)
		*p = (struct wire_peer){.boot = boot, .turn = p->turn, .instance = p->instance};
	if (sequence > p->top) {
		uint64_t shift = sequence - p->top;

		for (unsigned i = 0; i < WIRE_PATHS; i++)
			p->seen[i] = shift < 64 ? p->seen[i] << shift : 0;
		p->top = sequence;
	}
	if (p->top - sequence >= 64)
		return -EALREADY;
	bit = (uint64_t)1 << (p->top - sequence);
	if (p->seen[path] & bit)
		return -EALREADY;
	other = p->seen[path ^ 1] & bit;
	p->seen[path] |= bit;
	return other ? 1 : 0;
}

/* The head. 0 or the error with *why. */
static int read_header(const struct wire *w, const uint8_t *datagram, size_t size, enum wire_drop *why)
{
	*why = WIRE_GARBAGE;
	if (size < WIRE_HEADER_BYTES + SEQUENCE_BYTES + TAG_BYTES || size > WIRE_DATAGRAM_BYTES_MAX ||
	    memcmp(datagram, magic, 2) != 0)
		return -EINVAL;
	*why = WIRE_OTHER_VERSION;
	if (datagram[2] < WIRE_VERSION_MIN || datagram[2] > w->reads)
		return -ENOTSUP;
	*why = WIRE_OTHER_CLUSTER;
	return memcmp(datagram + 4, &w->cluster, 8) != 0 ? -EINVAL : 0;
}

bool wire_is_ours(const struct wire *w, const uint8_t *datagram, size_t size)
{
	enum wire_drop why;

	return read_header(w, datagram, size, &why) == 0;
}

static int read_message(const uint8_t *plain, size_t size, uint8_t version, struct hb_message *ret, enum wire_drop *why)
{
	int code = hb_message_decode(plain + SEQUENCE_BYTES, size - SEQUENCE_BYTES, version, ret);

	*why = code == -EPROTO ? WIRE_OTHER_VERSION : WIRE_GARBAGE;
	return code == -EPROTO ? -ENOTSUP : code;
}

static int open_envelope(struct wire *w, unsigned path, const uint8_t *datagram, size_t size, struct wire_way *way,
    struct hb_message *ret, enum wire_drop *why)
{
	uint8_t plain[SEQUENCE_BYTES + HB_MESSAGE_BYTES_MAX], reads = datagram[3] >> 4;
	const struct wire_key *key = find_key(w, datagram[3] & (WIRE_KEY_NUMBERS - 1));
	struct wire_peer *p;
	unsigned long long n;
	uint64_t sequence = 0;
	int code;

	*why = WIRE_WRONG_KEY;
	if (!key || crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n, NULL, datagram + WIRE_HEADER_BYTES,
			size - WIRE_HEADER_BYTES, datagram, WIRE_HEADER_BYTES, datagram + 12, key->secret) != 0)
		return -EINVAL;
	for (unsigned i = 0; i < SEQUENCE_BYTES; i++)
		sequence |= (uint64_t)plain[i] << (8 * i);
	code = read_message(plain, (size_t)n, datagram[2], ret, why);
	if (code)
		return code;
	*way = (struct wire_way){.version = datagram[2], .key = key->number};
	/* Somebody who is not a member has no window; the only thing it can do is to ask, and it asks in each version in turn. */
	if (ret->from >= HB_MEMBERS_MAX)
		return datagram[2] < w->reads && datagram[2] < reads ? -EAGAIN : 0;
	p = peer_of(w, ret->from);
	*why = WIRE_OTHER_CLUSTER;
	/* A machine that has begun anew is not to be taken for a copy of itself, nor by its window for one that sends old letters. */
	if (p->instance && p->instance != ret->instance)
		return -EINVAL;
	*why = WIRE_REPLAYED;
	code = look_up(p, path, ret->boot, sequence);
	if (code < 0)
		return code;
	p->key = key->number;
	p->reads = reads > datagram[2] ? reads : datagram[2];
	/* It did not know yet what we can read, and left away what this version cannot say. */
	return datagram[2] < w->reads && datagram[2] < p->reads ? -EAGAIN : code;
}

int wire_open(
    struct wire *w, unsigned path, const uint8_t *datagram, size_t size, struct wire_way *way, struct hb_message *ret)
{
	enum wire_drop why;
	int code = read_header(w, datagram, size, &why);

	assert(path < WIRE_PATHS);
	if (!code)
		code = open_envelope(w, path, datagram, size, way, ret, &why);
	if (code < 0 && code != -EAGAIN)
		w->dropped[why]++;
	return code;
}
