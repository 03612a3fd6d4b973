/* holdfast-api-key: makes, lists and revokes API keys; run by holdfastctl, as root, on the active node. */
#include "config.h"

#include "gateway/hello.h"
#include "gateway/op.h"
#include "gateway/options.h"
#include "gateway/scope.h"
#include "gateway/wire.h"
#include "heartbeat/cli.h"
#include "heartbeat/rolepage.h"

#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define BUDGET_MS 5000
#define ANSWER_TIMEOUT_S 10 /* longer than the ledger may take to begin */
#define SECRET_RANDOM_BYTES 32
#define SECRET_BYTES (3 + 2 * SECRET_RANDOM_BYTES + 1)
#define NAME_CHARS_MAX 64
#define EXIT_USAGE 2 /* as holdfastctl's */

struct task {
	const char *name, *scopes, *run_dir;
	struct op_message m;
	char secret[SECRET_BYTES];
	char answer[WIRE_FRAME_BYTES_MAX];
};

static int complain(const char *what, const char *why)
{
	(void)fprintf(stderr, "holdfast-api-key: %s: %s\n", what, why);
	return 1;
}

static int misused(const char *what, const char *why)
{
	(void)fprintf(stderr, "holdfastctl api-key: %s: %s\n", what, why);
	return EXIT_USAGE;
}

static int prepare_name(struct task *t)
{
	size_t n = t->name ? strlen(t->name) : 0;

	if (n < 1 || n > NAME_CHARS_MAX ||
	    strspn(t->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != n)
		return misused("--name", "wants 1 to 64 characters of a-z A-Z 0-9 . _ -");
	t->m.text[OP_TEXT_REFERENCE] = t->name;
	t->m.op.text_bytes[OP_TEXT_REFERENCE] = (uint32_t)n;
	return 0;
}

/* The ledger gets its hash. */
static void make_secret(struct task *t)
{
	uint8_t random[SECRET_RANDOM_BYTES];

	randombytes_buf(random, sizeof(random));
	memcpy(t->secret, "sk_", 3);
	(void)sodium_bin2hex(t->secret + 3, sizeof(t->secret) - 3, random, sizeof(random));
	sodium_memzero(random, sizeof(random));
	(void)crypto_generichash(
	    t->m.op.fingerprint, HASH_BYTES, (unsigned char *)t->secret, strlen(t->secret), NULL, 0);
}

static int prepare_create(struct task *t)
{
	const char *bad;
	uint32_t scopes;

	t->m.op.kind = OP_ADMIN_KEY_CREATE;
	if (prepare_name(t))
		return EXIT_USAGE;
	if (!t->scopes || scope_parse(t->scopes, &scopes, &bad))
		return misused("--scopes",
		    "wants words of: users:write accounts:write ledger:read transfers:write payments:write "
		    "topups:write withdrawals:write admin, or *");
	t->m.op.amount = scopes;
	make_secret(t);
	return 0;
}

static int prepare_renew(struct task *t)
{
	t->m.op.kind = OP_ADMIN_KEY_RENEW;
	make_secret(t);
	return prepare_name(t);
}

static int prepare_revoke(struct task *t)
{
	t->m.op.kind = OP_ADMIN_KEY_REVOKE;
	return prepare_name(t);
}

static int prepare_list(struct task *t)
{
	t->m.op.kind = OP_ADMIN_KEY_LIST;
	return 0;
}

static const struct command {
	const char *word, *help;
	bool takes_name, takes_scopes;
	int (*prepare)(struct task *t);
} commands[] = {
    {"create", "--name NAME --scopes 'SCOPE...'   make a key and print its secret, once", true, true, prepare_create},
    {"list", "                                  names, states and scopes", false, false, prepare_list},
    {"renew", "--name NAME                       another secret for it, printed once; the old one ends", true, false,
	prepare_renew},
    {"revoke", "--name NAME                       end a key for good", true, false, prepare_revoke},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Only the active node's ledger can do it: say which one that is. */
static int check_role(const char *path)
{
	struct errbuf e = {""};
	struct rolepage *page;
	struct role_view v;

	if (rolepage_open(path, &page, &e))
		return complain("holdfast-heartbeatd is not running on this node", e.text);
	rolepage_read(page, &v);
	rolepage_close(page);
	if (v.active == v.self && v.active != ROLEPAGE_NO_NODE)
		return 0;
	v.active_name[sizeof(v.active_name) - 1] = '\0';
	return complain("this node is not active; the active node is", v.active_name[0] ? v.active_name : "not known");
}

static int dial(const char *path)
{
	struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(sa.sun_path))
		return -1;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
	    connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Sends the operation and waits for its answer: 0, or -errno. */
static int ask(struct task *t, int fd, struct wire_answer *a, const char **body)
{
	char frame[WIRE_HELLO_BYTES_MAX + sizeof(struct wire_header) + sizeof(struct op) + 512];
	struct hello ours = hello_make(PACKAGE_VERSION, 0);
	size_t have = 0, n;
	struct wire_header h;

	t->m.op.budget_ms = BUDGET_MS;
	t->m.op.sent_us = clock_boottime_us();
	n = hello_encode(frame, sizeof(frame), WIRE_HELLO, &ours);
	n += wire_encode_op(frame + n, sizeof(frame) - n, 1, &t->m);
	if (n <= sizeof(struct wire_header) + sizeof(struct op) || send(fd, frame, n, MSG_NOSIGNAL) != (ssize_t)n)
		return -EIO;
	for (;;) {
		ssize_t whole = wire_frame(t->answer, have, &h), got;

		if (whole < 0)
			return -EPROTO;
		if (whole > 0 && h.type == WIRE_FOREIGN)
			return -EPROTONOSUPPORT;
		if (whole > 0 && h.type == WIRE_HELLO) {
			have -= (size_t)whole;
			memmove(t->answer, t->answer + whole, have);
			continue;
		}
		if (whole > 0)
			return wire_decode_answer(t->answer + sizeof(h), (size_t)whole - sizeof(h), a, body);
		got = recv(fd, t->answer + have, sizeof(t->answer) - have, 0);
		if (got <= 0)
			return got ? -errno : -EPIPE;
		have += (size_t)got;
	}
}

static int show(const struct task *t, const struct wire_answer *a, const char *body)
{
	if (a->outcome == WIRE_NOT_EXECUTED || a->outcome == WIRE_OVERLOADED || a->outcome == WIRE_STALLED)
		return complain("the ledger does not serve now", "nothing was changed, try again");
	if (a->outcome != WIRE_DONE)
		return complain("the outcome is not known", "look at `holdfastctl api-key list` before you try again");
	if (a->status == 403)
		return complain("not allowed", "only root may manage API keys");
	if (a->status >= 300) {
		(void)fprintf(stderr, "holdfast-api-key: %.*s\n", (int)a->body_bytes, body);
		return 1;
	}
	if (t->secret[0])
		(void)printf("%s\n", t->secret);
	else if (t->m.op.kind == OP_ADMIN_KEY_LIST)
		(void)fwrite(body, 1, a->body_bytes, stdout);
	else
		(void)printf("%s: %.*s\n", t->name, (int)a->body_bytes, body);
	return fflush(stdout) ? complain("standard output", strerror(errno)) : 0;
}

static int run(struct task *t)
{
	struct options o = {.run_dir = t->run_dir};
	char page[PATH_BYTES], socket_path[PATH_BYTES];
	struct wire_answer a;
	const char *body;
	int fd, code;

	if (!options_path(&o, "role", page) || !options_path(&o, LEDGER_SOCKET, socket_path))
		return complain(t->run_dir, "path too long");
	if (check_role(page))
		return 1;
	fd = dial(socket_path);
	if (fd < 0)
		return complain(socket_path, strerror(errno));
	code = ask(t, fd, &a, &body);
	close(fd);
	if (code == -EPROTONOSUPPORT)
		return complain("the ledger is of another release; nothing was changed",
		    "restart holdfast-ledgerd, or ask with the program of its release");
	if (code)
		return complain("the ledger did not answer; the outcome is not known", strerror(-code));
	return show(t, &a, body);
}

int main(int argc, char **argv)
{
	static struct task t = {.run_dir = RUN_DIR};
	const struct cli_option options[] = {
	    {"name", 0, "NAME", "of the key", .text = &t.name},
	    {"scopes", 0, "SCOPES", "what it may do, several between blanks", .text = &t.scopes},
	    {"run-dir", 0, "DIR", NULL, .text = &t.run_dir},
	};
	const struct command *c = NULL;
	char form[COMMANDS][96];
	const char *usage[COMMANDS + 1] = {NULL};
	const struct cli cli = {"holdfastctl api-key", usage, options, sizeof(options) / sizeof(options[0]), 1};
	int code;

	for (size_t i = 0; i < COMMANDS; i++) {
		(void)snprintf(form[i], sizeof(form[i]), "%-6s %s", commands[i].word, commands[i].help);
		usage[i] = form[i];
	}
	code = cli_read(&cli, argc, argv);
	if (code >= 0)
		return code;
	for (size_t i = 0; i < COMMANDS && optind < argc; i++)
		if (strcmp(commands[i].word, argv[optind]) == 0)
			c = &commands[i];
	if (!c)
		return optind < argc ? cli_refuse(&cli, "'%.64s' is none of create, list, renew, revoke", argv[optind])
				     : cli_refuse(&cli, "want create, list, renew or revoke");
	if ((t.name && !c->takes_name) || (t.scopes && !c->takes_scopes))
		return cli_refuse(
		    &cli, "%s is not for '%s'", t.scopes && !c->takes_scopes ? "--scopes" : "--name", c->word);
	if (geteuid() != 0)
		return complain("not allowed", "run as root");
	if (sodium_init() < 0)
		return complain("libsodium", "cannot initialise");
	code = c->prepare(&t);
	code = code ? code : run(&t);
	sodium_memzero(t.secret, sizeof(t.secret));
	return code;
}
