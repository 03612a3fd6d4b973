/*
 * Throws damaged datagrams at what tickled reads from the network: envelope, message, and the book that takes it in.
 * fuzz_tickle [SECONDS [SEED]]: 1 s unless told; the seed is printed. Each input stands in memory of exactly its size,
 * and half of them are damaged without the seal, so that more than the seal is tried.
 */
#include "heartbeat/tickle_book.h"
#include "heartbeat/tickle_wire.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void damage(uint8_t *bytes, size_t *count, size_t max)
{
	for (uint64_t changes = draw(6); changes && *count; changes--) {
		size_t at = draw(*count);

		switch (draw(4)) {
		case 0: bytes[at] = (uint8_t)draw(256); break;
		case 1: bytes[at] ^= (uint8_t)(1 << draw(8)); break;
		case 2: *count = draw(8) ? *count : at; break;
		default: *count = draw(8) || *count == max ? *count : *count + draw(max - *count + 1); break;
		}
	}
}

static struct tickle_message an_example(void)
{
	struct tickle_message m = {.start = draw(3),
	    .sequence = draw(1000),
	    .kind = (uint8_t)(1 + draw(3)),
	    .v6 = draw(2),
	    .round = (uint32_t)draw(5)};
	uint32_t room = tickle_message_room(m.v6);

	m.added = (uint16_t)draw(room + 1);
	m.removed = (uint16_t)draw(room + 1 - m.added);
	for (uint32_t i = 0; i < room; i++) {
		m.key[i].client_port = (uint16_t)draw(200);
		m.key[i].client = ip_of_v4((uint32_t)draw(100));
		m.key[i].client.byte[0] = m.v6 ? 0x20 : 0;
	}
	return m;
}

static void check(const struct tickle_list *l)
{
	insist(l->count <= TICKLE_MAX, "more than the list holds");
	for (uint32_t i = 0; i < 8 && l->count; i++)
		insist(tickle_list_has(l, &l->key[draw(l->count)]), "in the list, and not to be found");
}

static void one_message(struct tickle_book *b, const uint8_t *bytes, size_t count)
{
	uint8_t again[TICKLE_MESSAGE_BYTES_MAX];
	struct tickle_message m;

	if (tickle_message_decode(bytes, count, &m) != 0)
		return;
	insist(tickle_message_encode(&m, again) == count && memcmp(again, bytes, count) == 0,
	    "it was read as another one");
	tickle_book_hear(b, &m);
	check(&b->theirs);
}

static void one(struct tickle_book *b, const struct tickle_wire *w, struct tickle_window *v)
{
	uint8_t buf[TICKLE_DATAGRAM_BYTES_MAX + 64] = {0}, nonce[TICKLE_WIRE_NONCE_BYTES] = {0}, *exact;
	struct tickle_message m = an_example(), back;
	bool sealed = draw(2);
	size_t count = sealed ? tickle_wire_seal(w, &m, nonce, buf) : tickle_message_encode(&m, buf);

	damage(buf, &count, sizeof(buf));
	exact = malloc(count ? count : 1);
	insist(exact, "no memory");
	memcpy(exact, buf, count);
	if (!sealed)
		one_message(b, exact, count);
	else if (tickle_wire_open(w, exact, count, &back) == 0 && tickle_window_take(v, &back, draw(100000000)))
		tickle_book_hear(b, &back);
	free(exact);
}

/* The address comes and goes, and time passes. */
static void one_event(struct tickle_book *b, uint64_t *now_us)
{
	struct tickle_key key[TICKLE_BATCH];
	uint64_t next_us;
	bool probe;

	*now_us += draw(50000);
	if (draw(50) == 0) {
		if (b->holds)
			tickle_book_leave(b);
		else
			tickle_book_arrive(b, *now_us);
	}
	if (b->holds)
		insist(tickle_book_aim(b, *now_us, key, &probe, &next_us) <= TICKLE_BATCH, "too many at once");
}

int main(int argc, char **argv)
{
	static const uint8_t key[TICKLE_WIRE_KEY_BYTES] = {1};
	static struct tickle_book b;
	uint64_t count = 0, now_us = 0;
	struct tickle_window window = {0};
	struct tickle_wire w;

	if (!fuzz_begin("fuzz_tickle", argc, argv))
		return 1;
	tickle_wire_start(&w, key);
	tickle_book_start(&b, draw(UINT64_MAX), draw(2));
	while (fuzz_goes_on())
		for (unsigned i = 0; i < 1000; i++, count++) {
			one(&b, &w, &window);
			one_event(&b, &now_us);
		}
	printf("fuzz_tickle: %llu inputs\n", (unsigned long long)count);
	return 0;
}
