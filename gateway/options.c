#include "config.h"

#include "gateway/options.h"

#include "gateway/store.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTANCE_MAX 64

enum { OPT_HELP = 256, OPT_VERSION, OPT_RUN_DIR, OPT_DATABASE_SOCKET, OPT_DATABASE_USER };

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {"run-dir", required_argument, NULL, OPT_RUN_DIR},
    {"database-socket", required_argument, NULL, OPT_DATABASE_SOCKET},
    {"database-user", required_argument, NULL, OPT_DATABASE_USER},
    {NULL, 0, NULL, 0},
};

static void usage(FILE *f, const char *name, bool takes_instance)
{
	(void)fprintf(f,
	    "usage: %s [-n] [-f FILE]%s\n"
	    "  -f FILE     configuration (default %s)\n"
	    "  -n          check the configuration and exit\n"
	    "  --version   print the version and exit\n"
	    "  --help      print this and exit\n",
	    name, takes_instance ? " N" : "", CONF_PATH);
}

static int read_instance(const char *text, unsigned *ret)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || n < 1 || n > INSTANCE_MAX || text[0] == '-') {
		(void)fprintf(stderr, "instance '%s' is not a number from 1 to %d\n", text, INSTANCE_MAX);
		return -EINVAL;
	}
	*ret = (unsigned)n;
	return 0;
}

static int check_conf(const char *path, const char *name, bool is_worker, struct options *ret)
{
	ret->path = path;
	if (conf_load(path, &ret->conf, stderr))
		return 1;
	if (ret->conf.kind != CONF_KIND_GATEWAY && !(is_worker && ret->conf.kind == CONF_KIND_WORKER)) {
		(void)fprintf(stderr, "%s: [node] kind is %s; %s runs on gateways%s only\n", path,
		    conf_kind_words[ret->conf.kind], name, is_worker ? " and worker hosts" : "");
		return 1;
	}
	return 0;
}

int options_read(int argc, char **argv, bool takes_instance, struct options *ret)
{
	const char *path = CONF_PATH, *name = argv[0];
	bool check = false;
	int c;

	*ret = (struct options){.run_dir = RUN_DIR, .database_socket = STORE_SOCKET, .database_user = STORE_USER};
	while ((c = getopt_long(argc, argv, "f:n", long_options, NULL)) >= 0) {
		switch (c) {
		case 'f': path = optarg; break;
		case 'n': check = true; break;
		case OPT_HELP: usage(stdout, name, takes_instance); return 0;
		case OPT_VERSION: (void)puts(PACKAGE_STRING); return 0;
		case OPT_RUN_DIR: ret->run_dir = optarg; break;
		case OPT_DATABASE_SOCKET: ret->database_socket = optarg; break;
		case OPT_DATABASE_USER: ret->database_user = optarg; break;
		default: usage(stderr, name, takes_instance); return 1;
		}
	}
	if (argc - optind != (takes_instance && !check ? 1 : 0) && !(check && takes_instance && argc - optind == 1)) {
		usage(stderr, name, takes_instance);
		return 1;
	}
	if (optind < argc && read_instance(argv[optind], &ret->instance))
		return 1;
	if (check_conf(path, name, takes_instance, ret))
		return 1;
	return check ? 0 : -1;
}

const char *options_path(const struct options *o, const char *name, char buf[static PATH_BYTES])
{
	int n = snprintf(buf, PATH_BYTES, "%s/%s", o->run_dir, name);

	return n > 0 && n < PATH_BYTES ? buf : NULL;
}
