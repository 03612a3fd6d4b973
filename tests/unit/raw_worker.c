/*
 * Speaks to the ledger's socket as no worker of ours would, for the gateway's system test.
 * raw_worker SOCKET SECRET KEY FROM TO AMOUNT CURRENCY BUDGET_MS [VERSION]   says hello (as of that version; 0: not at all) and sends one
 * transfer, all at once; prints "OUTCOME STATUS" of its answer, "foreign", or "closed".
 */
#include "gateway/hello.h"
#include "heartbeat/rolepage.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void hash(const char *text, uint8_t ret[static HASH_BYTES])
{
	(void)crypto_generichash(ret, HASH_BYTES, (const unsigned char *)text, strlen(text), NULL, 0);
}

static int dial(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		perror(path);
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	static char frame[WIRE_FRAME_BYTES_MAX];
	struct op_message m = {.op = {.kind = OP_TRANSFER_CREATE}};
	struct hello hello = hello_make("raw", 0);
	struct wire_header h;
	struct wire_answer a;
	const char *body;
	size_t have = 0, n;
	ssize_t whole, got;
	int fd;

	if (argc < 9 || argc > 10 || sodium_init() < 0)
		return 1;
	hash(argv[2], m.op.secret_hash);
	hash(argv[3], m.op.key_hash);
	hash("raw", m.op.fingerprint);
	if (!id_parse(argv[4], strlen(argv[4]), "acc_", &m.op.from) ||
	    !id_parse(argv[5], strlen(argv[5]), "acc_", &m.op.to))
		return 1;
	m.op.amount = strtoll(argv[6], NULL, 10);
	(void)snprintf(m.op.currency, sizeof(m.op.currency), "%s", argv[7]);
	m.op.budget_ms = (uint32_t)strtoul(argv[8], NULL, 10);
	fd = dial(argv[1]);
	m.op.sent_us = clock_boottime_us();
	if (argc > 9)
		hello.version = (uint16_t)strtoul(argv[9], NULL, 10);
	n = hello.version ? hello_encode(frame, sizeof(frame), WIRE_HELLO, &hello) : 0;
	n += wire_encode_op(frame + n, sizeof(frame) - n, 1, &m);
	if (send(fd, frame, n, MSG_NOSIGNAL) != (ssize_t)n)
		return 1;
	while ((whole = wire_frame(frame, have, &h)) == 0 || (whole > 0 && h.type == WIRE_HELLO)) {
		have -= (size_t)whole;
		memmove(frame, frame + whole, have);
		if (whole)
			continue;
		got = recv(fd, frame + have, sizeof(frame) - have, 0);
		if (got <= 0)
			return puts("closed") < 0;
		have += (size_t)got;
	}
	if (whole > 0 && h.type == WIRE_FOREIGN)
		return puts("foreign") < 0;
	if (whole < 0 || wire_decode_answer(frame + sizeof(h), (size_t)whole - sizeof(h), &a, &body))
		return 1;
	(void)close(fd);
	return printf("%u %u\n", a.outcome, a.status) < 0;
}
