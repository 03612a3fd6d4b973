#include "config.h"

#include "replication/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/cli.h"
#include "heartbeat/conf.h"
#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"
#include "replication/database.h"
#include "replication/hotcopy.h"

struct arguments {
	const char *conf_path, *role_path, *peer_socket, *database_conf, *database_socket, *verify_path;
	bool progress;
};

static int send_copy(const struct arguments *a)
{
	struct conf conf;
	struct errbuf e = {""};
	struct seed_send s = {.role_path = a->role_path,
	    .database_conf = a->database_conf,
	    .database_socket = a->database_socket,
	    .out_fd = STDOUT_FILENO};

	if (conf_load(a->conf_path, &conf, stderr))
		return 1;
	s.datadir = conf.datadir;
	(void)fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
	if (seed_send_run(&s, &e)) {
		LOG(LOG_WARNING, "seed.failed", KV_S("why", e.text));
		return 1;
	}
	LOG(LOG_NOTICE, "seed.sent", KV_S("datadir", conf.datadir));
	return 0;
}

static int receive_copy(const struct arguments *a, const char *dir)
{
	const struct seed_receive r = {.peer_socket = a->peer_socket,
	    .dir = dir,
	    .user = "mysql",
	    .verify_path = a->verify_path,
	    .progress_fd = a->progress ? STDOUT_FILENO : -1};
	struct errbuf e = {""};
	struct gtid position;
	char text[GTID_TEXT_BYTES];

	if (a->progress)
		(void)fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
	if (seed_receive_run(&r, &position, &e)) {
		(void)fprintf(stderr, "holdfast-seed: %s\n", e.text);
		return 1;
	}
	if (a->progress)
		return 0;
	return printf("gtid=%s\n", gtid_format(position, text)) < 0 || fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct arguments a = {.conf_path = CONF_PATH,
	    .role_path = ROLEPAGE_PATH,
	    .peer_socket = SEED_PEER_SOCKET,
	    .verify_path = CONF_VERIFY_PATH,
	    .database_conf = HOTCOPY_DATABASE_CONF,
	    .database_socket = DATABASE_SOCKET};
	static const char *const usage[] = {"[OPTION...] send", "[OPTION...] receive DIR", NULL};
	const struct cli_option options[] = {
	    {"config", 'f', "FILE", "configuration", .text = &a.conf_path},
	    {"role", 0, "PATH", "role page", .text = &a.role_path},
	    {"database-conf", 0, "FILE", "of the mariadbd to copy", .text = &a.database_conf},
	    {"database-socket", 0, "S", "of the mariadbd to copy", .text = &a.database_socket},
	    {"peer", 0, "SOCKET", "way to the active", .text = &a.peer_socket},
	    {"verify-result", 0, "FILE", "what is known of the data in DIR, which goes with it",
		.text = &a.verify_path},
	    {"progress", 0, NULL, "instead of its position print how far it is, in lines: PHASE BYTES OF-BYTES",
		.flag = &a.progress},
	};
	const struct cli cli = {"holdfast-seed", usage, options, sizeof(options) / sizeof(options[0]), 2};
	int code = cli_read(&cli, argc, argv);

	if (code >= 0)
		return code;
	(void)signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0) {
		(void)fprintf(stderr, "holdfast-seed: libsodium does not start\n");
		return 1;
	}
	if (argc - optind == 1 && strcmp(argv[optind], "send") == 0)
		return send_copy(&a);
	if (argc - optind == 2 && strcmp(argv[optind], "receive") == 0)
		return receive_copy(&a, argv[optind + 1]);
	return cli_refuse(&cli, "want 'send' or 'receive DIR'");
}
