#include "tests/simulation/mutation.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/simulation/schedule.h"

#define SEEDS_MAX 4000
#define NO_MUTANT MUTANT_COUNT
#define TIME_LIMIT_S 120

/* A second rule does the same work as the first, so that both have to go. */
static const struct {
	unsigned one, other;
} pairs[] = {
    {GUARD_M01_ACCEPT_DURING_PROMISE, GUARD_M02_GRANT_WITHOUT_RECORD},
    {GUARD_M02_OWN_VOTE_EXEMPT, GUARD_M27_HAND_WITH_GATE_OPEN},
    {GUARD_M06_SOLE_IGNORES_PENDING, GUARD_M07_UNKNOWN_FORGOTTEN},
    {GUARD_M13_SLAVE_START_ALWAYS, GUARD_M14_TOKEN_KEPT_OVER_SLAVE_START},
    {GUARD_M15_TOKEN_IGNORED_IN_CLAIM, GUARD_M24_HIGH_WATER_IGNORED},
};

/* Those that no seed is known to catch, and why. */
static const struct {
	unsigned mutant;
	const char *why;
} excused[] = {
    {NO_MUTANT, ""},
};

static const char *excuse(unsigned one)
{
	for (unsigned i = 0; i < sizeof(excused) / sizeof(excused[0]); i++)
		if (excused[i].mutant == one)
			return excused[i].why;
	return NULL;
}

/* In a process of its own: a mutant may run into an assertion. */
static void try_seeds(int to)
{
	static struct schedule s;
	static struct world w;
	char text[300];
	int size;

	for (unsigned long seed = 1; seed <= SEEDS_MAX; seed++) {
		schedule_draw(&s, seed, 3);
		schedule_run(&w, &s, seed, false);
		if (!w.violations)
			continue;
		size = snprintf(text, sizeof(text), "caught by seed %lu: %s", seed, w.broken);
		_exit(write(to, text, (size_t)size) != size);
	}
	_exit(0);
}

static bool is_caught(unsigned one, unsigned other, char *text, size_t size)
{
	int ends[2], status;
	ssize_t got;
	pid_t child;

	if (pipe(ends) != 0 || (child = fork()) < 0)
		return false;
	if (child == 0) {
		guard_is_off[one] = true;
		if (other != NO_MUTANT)
			guard_is_off[other] = true;
		(void)freopen("/dev/null", "w", stderr);
		alarm(TIME_LIMIT_S);
		try_seeds(ends[1]);
	}
	(void)close(ends[1]);
	got = read(ends[0], text, size - 1);
	text[got > 0 ? got : 0] = '\0';
	(void)close(ends[0]);
	if (waitpid(child, &status, 0) == child && WIFSIGNALED(status) && got <= 0) {
		(void)snprintf(
		    text, size, "caught by %s", WTERMSIG(status) == SIGALRM ? "its time limit" : "an assertion");
		return true;
	}
	return got > 0;
}

struct tally {
	unsigned tried, caught, excused;
};

static void try_one(unsigned one, unsigned other, struct tally *t)
{
	char text[300], name[100];
	const char *why = other == NO_MUTANT ? excuse(one) : NULL;

	(void)snprintf(name, sizeof(name), "%s%s%s", mutant_name(one), other == NO_MUTANT ? "" : " + ",
	    other == NO_MUTANT ? "" : mutant_name(other));
	t->tried++;
	if (why) {
		t->excused++;
		printf("%-60s not here: %s\n", name, why);
	} else if (is_caught(one, other, text, sizeof(text))) {
		t->caught++;
		printf("%-60s %s\n", name, text);
	} else {
		printf("%-60s MISSED in %u seeds\n", name, SEEDS_MAX);
	}
	(void)fflush(stdout);
}

int mutation_run(char **names)
{
	struct tally t = {0};

	schedule_warm();
	for (char **name = names; *name; name++) {
		if (mutant_find(*name) < 0) {
			(void)fprintf(stderr, "no mutant is called %s\n", *name);
			return 2;
		}
		try_one((unsigned)mutant_find(*name), NO_MUTANT, &t);
	}
	for (unsigned i = 0; i < MUTANT_COUNT && !*names; i++)
		try_one(i, NO_MUTANT, &t);
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]) && !*names; i++)
		try_one(pairs[i].one, pairs[i].other, &t);
	printf("mutants: %u caught of %u (%u not by the simulator, each with its reason above)\n", t.caught, t.tried,
	    t.excused);
	return t.caught + t.excused != t.tried;
}
