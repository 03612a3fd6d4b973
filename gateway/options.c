#include "gateway/options.h"

#include "gateway/store.h"
#include "heartbeat/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTANCE_MAX 64

static int read_instance(const char *text, unsigned *ret)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || n < 1 || n > INSTANCE_MAX || text[0] == '-')
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

static int check_conf(const char *name, bool is_worker, struct options *ret)
{
	if (conf_load(ret->path, &ret->conf, stderr))
		return 1;
	if (ret->conf.kind != CONF_KIND_GATEWAY && !(is_worker && ret->conf.kind == CONF_KIND_WORKER)) {
		(void)fprintf(stderr, "%s: [node] kind is %s; %s runs on gateways%s only\n", ret->path,
		    conf_kind_words[ret->conf.kind], name, is_worker ? " and worker hosts" : "");
		return 1;
	}
	return 0;
}

int options_read(int argc, char **argv, bool takes_instance, struct options *ret)
{
	const char *name = takes_instance ? "holdfast-workerd" : "holdfast-ledgerd";
	const char *const usage[] = {takes_instance ? "[-n] [-f FILE] N" : "[-n] [-f FILE]", NULL};
	bool check = false;
	const struct cli_option options[] = {
	    {"config", 'f', "FILE", "configuration", .text = &ret->path},
	    {"check", 'n', NULL, "check the configuration and exit", .flag = &check},
	    {"run-dir", 0, "DIR", NULL, .text = &ret->run_dir},
	    {"database-socket", 0, "S", NULL, .text = &ret->database_socket},
	    {"database-user", 0, "USER", NULL, .text = &ret->database_user},
	};
	const struct cli cli = {name, usage, options, sizeof(options) / sizeof(options[0]), takes_instance ? 1 : 0};
	int code, words;

	*ret = (struct options){
	    .path = CONF_PATH, .run_dir = RUN_DIR, .database_socket = STORE_SOCKET, .database_user = STORE_USER};
	code = cli_read(&cli, argc, argv);
	if (code >= 0)
		return code;
	words = argc - optind;
	if (words < cli.words && !check)
		return cli_refuse(&cli, "N is missing: want the number of the worker");
	if (words && read_instance(argv[optind], &ret->instance))
		return cli_refuse(&cli, "N is '%.32s', want a number from 1 to %d", argv[optind], INSTANCE_MAX);
	if (check_conf(name, takes_instance, ret))
		return 1;
	return check ? 0 : -1;
}

const char *options_path(const struct options *o, const char *name, char buf[static PATH_BYTES])
{
	int n = snprintf(buf, PATH_BYTES, "%s/%s", o->run_dir, name);

	return n > 0 && n < PATH_BYTES ? buf : NULL;
}
