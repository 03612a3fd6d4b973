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

#include "heartbeat/conf.h"
#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"
#include "replication/database.h"
#include "replication/hotcopy.h"

enum {
	OPT_HELP = 256,
	OPT_VERSION,
	OPT_ROLE,
	OPT_PEER,
	OPT_DATABASE_CONF,
	OPT_DATABASE_SOCKET,
	OPT_PROGRESS,
	OPT_VERIFY_RESULT
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {"role", required_argument, NULL, OPT_ROLE},
    {"peer", required_argument, NULL, OPT_PEER},
    {"database-conf", required_argument, NULL, OPT_DATABASE_CONF},
    {"database-socket", required_argument, NULL, OPT_DATABASE_SOCKET},
    {"verify-result", required_argument, NULL, OPT_VERIFY_RESULT},
    {"progress", no_argument, NULL, OPT_PROGRESS},
    {NULL, 0, NULL, 0},
};

struct arguments {
	const char *conf_path, *role_path, *peer_socket, *database_conf, *database_socket, *verify_path;
	bool progress;
};

static void usage(FILE *f)
{
	(void)fprintf(f,
	    "usage: holdfast-seed [-f FILE] send           stream a copy of this node's data to standard "
	    "output\n"
	    "       holdfast-seed [--peer SOCKET] [--progress] receive DIR   fetch one from the active and put it in "
	    "DIR's place\n"
	    "  -f FILE               configuration (default %s)\n"
	    "  --role PATH           role page (default %s)\n"
	    "  --database-conf FILE  of the mariadbd to copy (default %s)\n"
	    "  --database-socket S   of the mariadbd to copy (default %s)\n"
	    "  --peer SOCKET         way to the active (default %s)\n"
	    "  --verify-result FILE  what is known of the data in DIR, which goes with it (default %s)\n"
	    "  --progress            instead of its position print how far it is, in lines: PHASE BYTES OF-BYTES\n",
	    CONF_PATH, ROLEPAGE_PATH, HOTCOPY_DATABASE_CONF, DATABASE_SOCKET, SEED_PEER_SOCKET, CONF_VERIFY_PATH);
}

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

static int read_options(int argc, char **argv, struct arguments *a)
{
	int c;

	while ((c = getopt_long(argc, argv, "f:", long_options, NULL)) >= 0) {
		switch (c) {
		case 'f': a->conf_path = optarg; break;
		case OPT_ROLE: a->role_path = optarg; break;
		case OPT_PEER: a->peer_socket = optarg; break;
		case OPT_DATABASE_CONF: a->database_conf = optarg; break;
		case OPT_DATABASE_SOCKET: a->database_socket = optarg; break;
		case OPT_VERIFY_RESULT: a->verify_path = optarg; break;
		case OPT_PROGRESS: a->progress = true; break;
		case OPT_HELP: usage(stdout); return 0;
		case OPT_VERSION: (void)puts(PACKAGE_STRING); return 0;
		default: usage(stderr); return 1;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct arguments a = {.conf_path = CONF_PATH,
	    .role_path = ROLEPAGE_PATH,
	    .peer_socket = SEED_PEER_SOCKET,
	    .verify_path = CONF_VERIFY_PATH,
	    .database_conf = HOTCOPY_DATABASE_CONF,
	    .database_socket = DATABASE_SOCKET};
	int code = read_options(argc, argv, &a);

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
	usage(stderr);
	return 1;
}
