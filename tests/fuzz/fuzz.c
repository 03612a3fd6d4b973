#include "tests/fuzz/fuzz.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "heartbeat/rolepage.h"

static const char *program;
static uint64_t random_state, until_us;

uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

void insist(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "%s: %s\n", program, what);
	abort();
}

bool fuzz_begin(const char *name, int argc, char **argv)
{
	program = name;
	until_us = clock_boottime_us() + (argc > 1 ? strtoull(argv[1], NULL, 10) : 1) * 1000000;
	random_state = argc > 2 ? strtoull(argv[2], NULL, 10) : clock_boottime_us() | 1;
	(void)printf("%s: seed %llu\n", name, (unsigned long long)random_state);
	(void)fflush(stdout);
	return random_state != 0 && sodium_init() >= 0;
}

bool fuzz_goes_on(void)
{
	return clock_boottime_us() < until_us;
}
