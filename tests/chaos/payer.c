#include "tests/chaos/payer.h"

#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FOR_RUN = 1, FOR_VERIFY = 2, FOR_GAP = 4, FOR_ALL = 7 };

/* Option, whom it is for and who needs it, where it goes; numbers with their range, text with max 0. */
#define AT(member) offsetof(struct payer_options, member)
static const struct {
	const char *name, *help;
	unsigned used_by, needed_by;
	size_t at;
	uint64_t min, max;
} table[] = {
    {"url", "https://VIP", FOR_RUN | FOR_VERIFY, FOR_RUN | FOR_VERIFY, AT(url), 0, 0},
    {"cacert", "FILE", FOR_RUN | FOR_VERIFY, 0, AT(cacert), 0, 0},
    {"key", "sk_...", FOR_RUN | FOR_VERIFY, FOR_RUN | FOR_VERIFY, AT(api_key), 0, 0},
    {"history", "FILE", FOR_ALL, FOR_ALL, AT(history), 0, 0},
    {"clients", "N (16)", FOR_RUN | FOR_VERIFY, 0, AT(clients), 1, PAYER_CLIENTS_MAX},
    {"accounts", "N (32)", FOR_RUN, 0, AT(accounts), 2, 100000},
    {"seconds", "S", FOR_RUN, 0, AT(seconds), 1, 1000000},
    {"until-file", "PATH", FOR_RUN, 0, AT(until_file), 0, 0},
    {"rate", "R a second, all clients together", FOR_RUN, 0, AT(rate), 1, 1000000},
    {"reads", "N of 1000 (80)", FOR_RUN, 0, AT(reads), 1, 900},
    {"open-loop", "0 | 1 (0): with a rate, what is late is made up for", FOR_RUN, 0, AT(open_loop), 0, 1},
    {"timeout-ms", "N (1000)", FOR_RUN, 0, AT(timeout_ms), 10, 600000},
    {"connect-timeout-ms", "N (250)", FOR_RUN, 0, AT(connect_timeout_ms), 10, 600000},
    {"give-up-ms", "N (60000)", FOR_RUN, 0, AT(give_up_ms), 10, 3600000},
    {"after", "MONO_US", FOR_VERIFY | FOR_GAP, 0, AT(after_us), 0, UINT64_MAX},
    {"before", "MONO_US", FOR_GAP, 0, AT(before_us), 1, UINT64_MAX},
    {"windows", "FILE of lines 'AFTER BEFORE'", FOR_GAP, 0, AT(windows), 0, 0},
};
#define TABLE_ROWS (sizeof(table) / sizeof(table[0]))

static const struct {
	const char *name;
	unsigned bit;
	int (*run)(const struct payer_options *o);
} commands[] = {
    {"run", FOR_RUN, payer_run},
    {"verify", FOR_VERIFY, payer_verify},
    {"gap", FOR_GAP, payer_gap},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

uint64_t payer_mono_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t payer_wall_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t payer_dice(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

void payer_pause_ms(uint64_t ms)
{
	struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

	(void)nanosleep(&t, NULL);
}

static void usage(FILE *f)
{
	for (size_t c = 0; c < COMMANDS; c++) {
		fprintf(f, "payer %s\n", commands[c].name);
		for (size_t i = 0; i < TABLE_ROWS; i++)
			if (table[i].used_by & commands[c].bit)
				fprintf(f, "    --%s %s%s\n", table[i].name, table[i].help,
				    table[i].needed_by & commands[c].bit ? ", needed" : "");
	}
}

/* False, with a line on stderr, unless text is a number in the row's range. */
static bool take(size_t row, const char *text, struct payer_options *o)
{
	char *place = (char *)o + table[row].at, *end;
	uint64_t number;

	if (!table[row].max) {
		memcpy(place, &text, sizeof(text));
		return true;
	}
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || number < table[row].min || number > table[row].max) {
		fprintf(stderr, "payer: --%s is '%s', want %llu to %llu\n", table[row].name, text,
		    (unsigned long long)table[row].min, (unsigned long long)table[row].max);
		return false;
	}
	memcpy(place, &number, sizeof(number));
	return true;
}

static bool is_set(size_t row, const struct payer_options *o)
{
	const char *text;

	memcpy(&text, (const char *)o + table[row].at, sizeof(text));
	return text != NULL;
}

static bool parse(int argc, char **argv, unsigned bit, struct payer_options *o)
{
	struct option longs[TABLE_ROWS + 1] = {0};
	int row;

	for (size_t i = 0; i < TABLE_ROWS; i++)
		longs[i] = (struct option){table[i].name, required_argument, NULL, (int)i + 1};
	while ((row = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (row == '?' || !take((size_t)row - 1, optarg, o))
			return false;
		if (!(table[row - 1].used_by & bit)) {
			fprintf(stderr, "payer: --%s is of no use here\n", table[row - 1].name);
			return false;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "payer: what is '%s'?\n", argv[optind]);
		return false;
	}
	for (size_t i = 0; i < TABLE_ROWS; i++)
		if ((table[i].needed_by & bit) && !is_set(i, o)) {
			fprintf(stderr, "payer: --%s %s is missing\n", table[i].name, table[i].help);
			return false;
		}
	return true;
}

int main(int argc, char **argv)
{
	struct payer_options o = {
	    .clients = 16,
	    .accounts = 32,
	    .reads = 80,
	    .timeout_ms = 1000,
	    .connect_timeout_ms = 250,
	    .give_up_ms = 60000,
	};
	size_t c = 0;
	int status;

	for (size_t i = 0; argc > 1 && i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			c = i;
			argc--;
			argv++;
			break;
		}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (!parse(argc, argv, commands[c].bit, &o)) {
		usage(stderr);
		return 2;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		fprintf(stderr, "payer: libcurl does not start\n");
		return 2;
	}
	status = commands[c].run(&o);
	curl_global_cleanup();
	return status;
}
