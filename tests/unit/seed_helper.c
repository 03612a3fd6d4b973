/*
 * What test_seed.sh cannot do in a shell:
 *
 * seed_helper init CONF KEY SCHEMA TOKEN [BACKUP [LOGS [UNTIL]]] (with ADOPT: a data directory instead of a backup): initdata with paths of its own; prints the data token, and of a restored one the epoch and the number of operations
 *
 * seed_helper script SCHEMA: prints what makes a database of the newest schema
 *
 * seed_helper password KEY: prints the replication password
 *
 * seed_helper serve SOCKET WAY PROGRAM...: one connection gets what the program prints, the way it is told:
 * "whole", "cut=N" closed after N bytes, "drop=N" without the last N (at most 100), "flip=N" byte N changed
 *
 * seed_helper run LIMIT_MS PROGRAM...: process_run; prints its code and words
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "heartbeat/conf.h"
#include "replication/initdata.h"
#include "replication/password.h"
#include "replication/process.h"
#include "replication/schemadir.h"
#include "replication/token.h"

static int command_init(char **argv)
{
	const struct initdata_paths paths = {
	    .key = argv[1], .schema = argv[2], .token = argv[3], .verify = getenv("VERIFY_RESULT")};
	char hex[TOKEN_HEX_BYTES];
	struct errbuf e = {""};
	struct restoredata_from from = {.backup = argv[4], .accepts_findings = getenv("ACCEPT_FINDINGS")};
	struct initdata_made made;
	struct conf conf;

	if (getenv("ADOPT")) {
		from.data = from.backup;
		from.backup = NULL;
	}
	if (from.backup)
		from.logs = argv[5];
	if (from.logs)
		from.until = argv[6];
	if (conf_load(argv[0], &conf, stderr))
		return 1;
	if (initdata_run_at(&paths, &conf, &from, &made, &e)) {
		(void)printf("%s\n", e.text);
		return 1;
	}
	token_hex(&made.token, hex);
	if (argv[4])
		(void)printf("%s %llu %llu\n", hex, (unsigned long long)made.ledger.epoch,
		    (unsigned long long)made.ledger.operations);
	else
		(void)puts(hex);
	return 0;
}

static int command_script(char **argv)
{
	static struct schema schema;
	struct errbuf e = {""};
	int code = schemadir_load(argv[0], &schema, &e);

	if (!code)
		code = schemadir_write_script(&schema, STDOUT_FILENO, &e);
	if (code)
		(void)fprintf(stderr, "%s\n", e.text);
	schemadir_free(&schema);
	return code ? 1 : 0;
}

static int command_password(char **argv)
{
	char password[REPLICATION_PASSWORD_BYTES];
	struct errbuf e = {""};
	int code = replication_password_load(argv[0], password, &e);

	(void)puts(code ? e.text : password);
	return code ? 1 : 0;
}

static int accept_one(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	(void)unlink(path);
	if (listener < 0 || bind(listener, (struct sockaddr *)&sa, sizeof(sa)) || listen(listener, 1)) {
		perror(path);
		exit(1);
	}
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

static void forward(int from, int to, const char *way)
{
	size_t mark = strchr(way, '=') ? strtoul(strchr(way, '=') + 1, NULL, 10) : 0, at = 0, kept = 0;
	size_t keep = way[0] == 'd' && mark <= 100 ? mark : 0;
	char data[4096];
	ssize_t n;

	while ((n = read(from, data + kept, sizeof(data) - kept)) > 0) {
		size_t held = kept + (size_t)n, length = held > keep ? held - keep : 0;
		bool enough = way[0] == 'c' && at + length > mark;

		if (enough)
			length = mark - at;
		if (way[0] == 'f' && mark >= at && mark < at + length)
			data[mark - at] ^= 1;
		if (write(to, data, length) != (ssize_t)length || enough)
			return;
		at += length;
		kept = held - length;
		memmove(data, data + length, kept);
	}
}

static int command_serve(char **argv)
{
	struct process_spec spec = {.argv = (const char *const *)argv + 2, .stdin_fd = -1};
	struct process p;
	struct errbuf e = {""};
	int fd = accept_one(argv[0]), pair[2], code;

	if (fd < 0 || pipe2(pair, O_CLOEXEC))
		return 1;
	spec.stdout_fd = pair[1];
	if (process_start(&spec, &p, &e)) {
		(void)printf("%s\n", e.text);
		return 1;
	}
	close(pair[1]);
	forward(pair[0], fd, argv[1]);
	close(pair[0]);
	close(fd);
	code = process_wait(&p, 10000, NULL, &e);
	(void)printf("%s\n", code ? e.text : "sent");
	return code ? 1 : 0;
}

static int command_run(char **argv)
{
	const struct process_spec spec = {
	    .argv = (const char *const *)argv + 1, .stdin_fd = -1, .stdout_fd = STDOUT_FILENO, .group = true};
	struct errbuf e = {""};
	int code = process_run(&spec, (uint32_t)strtoul(argv[0], NULL, 10), NULL, &e);

	(void)printf("%s %s\n", code ? strerrorname_np(-code) : "0", e.text);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int least;
		int (*run)(char **argv);
	} commands[] = {{"init", 6, command_init}, {"script", 3, command_script}, {"password", 3, command_password},
	    {"serve", 5, command_serve}, {"run", 4, command_run}};

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc >= commands[i].least && strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argv + 2);
	return 2;
}
