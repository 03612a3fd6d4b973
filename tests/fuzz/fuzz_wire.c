/*
 * Throws damaged bytes at what heartbeatd reads from outside: datagrams, messages that come in a sound envelope, state files
 * and key files with a sound checksum. fuzz_wire [SECONDS [SEED]]: changes the lines of tests/unit/vectors and
 * tests/fuzz/corpus/wire.txt at random (1 s unless told; the seed is printed), after each of them as it is. What is taken
 * must come back unchanged when it is written and read again.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/framedfile.h"
#include "heartbeat/keyring.h"
#include "heartbeat/statefile.h"
#include "heartbeat/wire.h"
#include "tests/fuzz/fuzz.h"

#define BYTES_MAX 2048
#define SEEDS_MAX 64

enum shape { MESSAGE, DATAGRAM, REGISTER, KEYS };

struct example {
	enum shape shape;
	uint8_t version; /* of a message */
	uint8_t bytes[BYTES_MAX];
	size_t count;
};

static struct example example[SEEDS_MAX];
static unsigned examples;
static struct wire ours, theirs;
static uint64_t taken[4];

/* In memory of exactly its size, for the sanitizer. The caller frees. */
static uint8_t *exactly(const uint8_t *bytes, size_t count)
{
	uint8_t *ret = malloc(count ? count : 1);

	insist(ret, "out of memory");
	memcpy(ret, bytes, count);
	return ret;
}

static void check_message(const struct hb_message *m)
{
	uint8_t one[HB_MESSAGE_BYTES_MAX], two[HB_MESSAGE_BYTES_MAX];
	size_t n = hb_message_encode(m, WIRE_VERSION, one);
	struct hb_message back;

	taken[MESSAGE]++;
	insist(n > 0, "a message that was read cannot be written");
	insist(!m->has_record || hb_record_valid(&m->record), "a record that is not valid was read");
	insist(hb_message_decode(one, n, WIRE_VERSION, &back) == 0, "a message of ours is refused");
	insist(hb_message_encode(&back, WIRE_VERSION, two) == n && memcmp(one, two, n) == 0, "a message has changed");
}

static void try_message(const uint8_t *bytes, size_t count, uint8_t version)
{
	uint8_t *in = exactly(bytes, count);
	struct hb_message m;

	if (hb_message_decode(in, count, version, &m) == 0)
		check_message(&m);
	free(in);
}

/* In an envelope with the right key: what only a member could send. */
static void try_sealed(const uint8_t *bytes, size_t count, uint8_t version)
{
	uint8_t plain[8 + BYTES_MAX], buf[WIRE_HEADER_BYTES + 8 + BYTES_MAX + 16] = {'H', 'F'}, *in;
	unsigned long long sealed;
	struct wire_way way;
	struct hb_message m;

	for (unsigned i = 0; i < 8; i++)
		plain[i] = (uint8_t)draw(4);
	memcpy(plain + 8, bytes, count);
	buf[2] = version;
	buf[3] = (uint8_t)(draw(16) << 4);
	memcpy(buf + 4, &ours.cluster, 8);
	crypto_aead_xchacha20poly1305_ietf_encrypt(buf + WIRE_HEADER_BYTES, &sealed, plain, 8 + count, buf,
	    WIRE_HEADER_BYTES, NULL, buf + 12, theirs.key[0].secret);
	in = exactly(buf, WIRE_HEADER_BYTES + (size_t)sealed);
	if (wire_open(&ours, (unsigned)draw(WIRE_PATHS), in, WIRE_HEADER_BYTES + (size_t)sealed, &way, &m) >= 0)
		check_message(&m);
	free(in);
}

static void try_datagram(const uint8_t *bytes, size_t count)
{
	uint8_t *in = exactly(bytes, count);
	struct wire_way way;
	struct hb_message m;

	memset(ours.peer, 0, sizeof(ours.peer)); /* nothing is a replay */
	if (wire_open(&ours, 0, in, count, &way, &m) >= 0)
		taken[DATAGRAM]++;
	free(in);
}

static void try_register(const uint8_t *bytes, size_t count)
{
	uint8_t file[STATEFILE_BYTES_MAX], again[STATEFILE_BYTES_MAX], *in = exactly(bytes, count);
	struct hb_register reg, back;
	uint32_t version;
	size_t n;

	if (hb_register_decode(in, count, draw(4) == 0, &reg) == 0) {
		taken[REGISTER]++;
		n = statefile_encode(&reg, file);
		insist(statefile_decode(file, n, &version, &back) == 0, "a state file of ours is refused");
		insist(statefile_encode(&back, again) == n && memcmp(file, again, n) == 0, "a state file has changed");
	}
	free(in);
	in = exactly(bytes, count);
	(void)statefile_decode(in, count, &version, &back);
	free(in);
}

static void try_keys(const uint8_t *bytes, size_t count)
{
	uint8_t again[KEYRING_BYTES_MAX], *in = exactly(bytes, count);
	struct keyring ring;

	if (keyring_decode(in, count, &ring) == 0) {
		taken[KEYS]++;
		insist(ring.count >= 1 && ring.count <= KEYRING_KEYS && ring.use < ring.count, "a ring without a key");
		insist(keyring_encode(&ring, again) > 0, "a ring that was read cannot be written");
	}
	free(in);
}

static void try_it(const struct example *x, const uint8_t *bytes, size_t count)
{
	switch (x->shape) {
	case MESSAGE:
		try_message(bytes, count, x->version);
		try_sealed(bytes, count, x->version);
		break;
	case DATAGRAM: try_datagram(bytes, count); break;
	case REGISTER: try_register(bytes, count); break;
	case KEYS: try_keys(bytes, count); break;
	}
}

static void try_damaged(const struct example *x)
{
	uint8_t buf[BYTES_MAX];
	size_t count = x->count;

	memcpy(buf, x->bytes, count);
	for (uint64_t changes = draw(5); changes--;) {
		size_t at = draw(count + 1);

		switch (draw(4)) {
		case 0:
			if (at < count)
				buf[at] = (uint8_t)draw(256);
			break;
		case 1: /* lengths and counts are small numbers */
			if (at < count)
				buf[at] = (uint8_t)(buf[at] + draw(5) - 2);
			break;
		case 2:
			if (count < sizeof(buf)) {
				memmove(buf + at + 1, buf + at, count - at);
				buf[at] = (uint8_t)draw(3);
				count++;
			}
			break;
		default:
			if (at < count && draw(3)) {
				memmove(buf + at, buf + at + 1, count - at - 1);
				count--;
			} else if (draw(8) == 0) {
				count = at;
			}
			break;
		}
	}
	try_it(x, buf, count);
}

static void add(enum shape shape, uint8_t version, const uint8_t *bytes, size_t count)
{
	struct example *x = &example[examples++];

	insist(examples <= SEEDS_MAX, "too many examples");
	*x = (struct example){.shape = shape, .version = version, .count = count};
	memcpy(x->bytes, bytes, count);
}

/* A line of the file: what it is, a blank, hexadecimal digits. */
static void take_line(const char *line, uint8_t version)
{
	size_t word = strcspn(line, " "), kind = strcspn(line, " ."), count = 0; /* "beat.ipv6" */
	uint8_t bytes[BYTES_MAX];

	if (*line == '#' || !line[word])
		return;
	insist(sodium_hex2bin(
		   bytes, sizeof(bytes), line + word + 1, strcspn(line + word + 1, "\n"), NULL, &count, NULL) == 0,
	    "a line of the corpus is not hexadecimal");
	if (strncmp(line, "envelope", kind) == 0) {
		add(DATAGRAM, version, bytes, count);
	} else if (strncmp(line, "statefile", kind) == 0) {
		add(REGISTER, version, bytes + 16, count - FRAMEDFILE_OVERHEAD_BYTES);
		add(REGISTER, version, bytes, count);
	} else if (strncmp(line, "keyring", kind) == 0) {
		add(KEYS, version, bytes, count);
	} else {
		add(MESSAGE, version, bytes, count);
	}
}

static void take_file(const char *name, uint8_t version)
{
	const char *dir = getenv("srcdir");
	char path[256], line[2 * BYTES_MAX + 64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/tests/%s", dir ? dir : ".", name);
	f = fopen(path, "re");
	insist(f, path);
	while (f && fgets(line, sizeof(line), f))
		take_line(line, version);
	if (f)
		(void)fclose(f);
}

int main(int argc, char **argv)
{
	uint8_t key[WIRE_KEY_BYTES];
	uint64_t rounds = 0;

	if (!fuzz_begin("fuzz_wire", argc, argv))
		return 1;
	for (uint8_t i = 0; i < sizeof(key); i++) /* the one of the vectors' envelopes */
		key[i] = (uint8_t)(0x90 + i);
	wire_start(&ours, key);
	wire_start(&theirs, key);
	take_file("unit/vectors/wire-1.txt", 1);
	take_file("unit/vectors/wire-2.txt", 2);
	take_file("fuzz/corpus/wire.txt", 2);
	for (unsigned i = 0; i < examples; i++)
		try_it(&example[i], example[i].bytes, example[i].count);
	while (fuzz_goes_on())
		for (unsigned i = 0; i < 256; i++, rounds++)
			try_damaged(&example[draw(examples)]);
	for (unsigned i = 0; i < 4; i++)
		insist(taken[i] > 0, "nothing is taken any more");
	return printf("fuzz_wire: %llu rounds, %llu messages taken\n", (unsigned long long)rounds,
		   (unsigned long long)taken[MESSAGE]) < 0;
}
