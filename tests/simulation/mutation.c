#include "tests/simulation/mutation.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/simulation/schedule.h"

#define NO_MUTANT MUTANT_COUNT
#define TIME_LIMIT_S 120
#define AIMED_MAX 128

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

/* Alone it is not missed, because another rule does its work: then nothing may hold when both are gone. */
static const struct {
	unsigned one, behind;
	const char *why;
} hidden[] = {
    {NO_MUTANT, NO_MUTANT, ""},
};

/* Nobody has seen yet what is lost without them. To be emptied. */
static const struct {
	unsigned one, other;
} not_yet[] = {
    {GUARD_M01_PREPARE_DURING_PROMISE, NO_MUTANT},
    {GUARD_M06_ADD_WITHOUT_LEASE, NO_MUTANT},
    {GUARD_M06_SOLE_IGNORES_PENDING, NO_MUTANT},
    {GUARD_M06_UNION_IGNORED, NO_MUTANT},
    {GUARD_M07_UNKNOWN_FORGOTTEN, NO_MUTANT},
    {GUARD_M08_OLD_ORDER_COUNTS, NO_MUTANT},
    {GUARD_M08_OLD_CONNECTION_COUNTS, NO_MUTANT},
    {GUARD_M09_NO_BARRIER, NO_MUTANT},
    {GUARD_M13_SLAVE_WHILE_CLAIMED, NO_MUTANT},
    {GUARD_M15_TOKEN_IGNORED_IN_CLAIM, NO_MUTANT},
    {GUARD_M15_TOKEN_IGNORED_IN_HAND, NO_MUTANT},
    {GUARD_M17_AMNESIAC_VOTES, NO_MUTANT},
    {GUARD_M17_ADOPTS_FROM_ONE, NO_MUTANT},
    {GUARD_M20_RENEWS_UNFIT, NO_MUTANT},
    {GUARD_M22_NO_P4, NO_MUTANT},
    {GUARD_M24_HIGH_WATER_IGNORED, NO_MUTANT},
    {GUARD_M25_EPOCH_KEPT, NO_MUTANT},
    {GUARD_M27_HAND_BEHIND, NO_MUTANT},
    {GUARD_M28_SECOND_REPLICA_COUNTS, NO_MUTANT},
    {GUARD_M30_OPENING_NEVER_ENDS, NO_MUTANT},
    {GUARD_M31_SEMI_SYNC_OFF_COUNTS, NO_MUTANT},
    {GUARD_M32_OLD_BOOT_COUNTS, NO_MUTANT},
    {GUARD_M35_OWN_VOTE_HELD, NO_MUTANT},
    {GUARD_M08_MARK_BEFORE_SEMI_SYNC, NO_MUTANT},
    {GUARD_M09_LEDGER_READS_THE_TAIL, NO_MUTANT},
    {GUARD_M10_CUT_NOT_VERIFIED, NO_MUTANT},
    {GUARD_M10_RELAY_OPENS_BY_DEFAULT, NO_MUTANT},
    {GUARD_M11_DRAIN_REPORTED_EARLY, NO_MUTANT},
    {GUARD_M14_START_BEFORE_SALVAGE, NO_MUTANT},
    {GUARD_M14_TOKEN_KEPT_OVER_START, NO_MUTANT},
    {GUARD_M14_TOKEN_KEPT_OVER_RESEED, NO_MUTANT},
    {GUARD_M14_TOKEN_KEPT_OVER_REBOOT, NO_MUTANT},
    {GUARD_M16_ANSWER_BEFORE_FSYNC, NO_MUTANT},
    {GUARD_M16_REGISTER_LOST, NO_MUTANT},
    {GUARD_M29_NO_STRICT_MODE, NO_MUTANT},
    {GUARD_M29_OLD_SLAVE_POS, NO_MUTANT},
    {GUARD_M01_ACCEPT_DURING_PROMISE, GUARD_M02_GRANT_WITHOUT_RECORD},
    {GUARD_M06_SOLE_IGNORES_PENDING, GUARD_M07_UNKNOWN_FORGOTTEN},
    {GUARD_M15_TOKEN_IGNORED_IN_CLAIM, GUARD_M24_HIGH_WATER_IGNORED},
};

struct aimed {
	char name[256];
	struct schedule schedule;
};
static struct aimed aimed_at[AIMED_MAX];
static unsigned aimed_count;

struct tally {
	unsigned tried, caught, not_yet;
	bool failed;
	char left[2000];
};

static bool is_aimed_at(const struct schedule *s, unsigned one, unsigned other)
{
	unsigned count = 1 + (other != NO_MUTANT);

	for (unsigned i = 0; i < s->mutants; i++)
		if ((unsigned)s->mutant[i] != one && (unsigned)s->mutant[i] != other)
			return false;
	return s->mutants == count;
}

static void tell(int to, const char *text)
{
	_exit(write(to, text, strlen(text)) != (ssize_t)strlen(text));
}

/* In a process of its own: a mutant may run into an assertion. */
static void try_all(unsigned one, unsigned other, unsigned long seeds, int to)
{
	static struct schedule s;
	static struct world w;
	char text[300];

	for (unsigned i = 0; i < aimed_count; i++) {
		const struct schedule *at = &aimed_at[i].schedule;

		for (unsigned long k = 0; k < at->noise_count && is_aimed_at(at, one, other); k++) {
			schedule_run(&w, at, at->noise_from + k, false);
			if (!w.violations)
				continue;
			(void)snprintf(text, sizeof(text), "caught by %s, noise %lu: %s", aimed_at[i].name,
			    at->noise_from + k, w.broken);
			tell(to, text);
		}
	}
	for (unsigned long seed = 1; seed <= seeds; seed++) {
		schedule_draw(&s, seed, 3);
		schedule_run(&w, &s, seed, false);
		if (!w.violations)
			continue;
		(void)snprintf(text, sizeof(text), "caught by seed %lu: %s", seed, w.broken);
		tell(to, text);
	}
	_exit(0);
}

static bool is_caught(unsigned one, unsigned other, unsigned long seeds, char *text, size_t size)
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
		try_all(one, other, seeds, ends[1]);
	}
	(void)close(ends[1]);
	got = read(ends[0], text, size - 1);
	text[got > 0 ? got : 0] = '\0';
	(void)close(ends[0]);
	if (waitpid(child, &status, 0) == child && WIFSIGNALED(status) && got <= 0 && WTERMSIG(status) != SIGALRM) {
		(void)snprintf(text, size, "caught by an assertion");
		return true;
	}
	return got > 0;
}

static bool is_known_to_be_missed(unsigned one, unsigned other)
{
	for (unsigned i = 0; i < sizeof(not_yet) / sizeof(not_yet[0]); i++)
		if (not_yet[i].one == one && not_yet[i].other == other)
			return true;
	return false;
}

static void try_one(unsigned one, unsigned other, unsigned long seeds, struct tally *t)
{
	bool known = is_known_to_be_missed(one, other);
	char text[300], name[100];
	size_t used = strlen(t->left);

	(void)snprintf(name, sizeof(name), "%s%s%s", mutant_name(one), other == NO_MUTANT ? "" : " + ",
	    other == NO_MUTANT ? "" : mutant_name(other));
	t->tried++;
	if (is_caught(one, other, seeds, text, sizeof(text))) {
		t->caught++;
		printf("%-60s %s%s\n", name, text, known ? " (take it out of the table not_yet)" : "");
	} else {
		(void)snprintf(t->left + used, sizeof(t->left) - used, "%s%s", used ? ", " : "", name);
		t->not_yet += known;
		t->failed |= !known;
		printf("%-60s MISSED by %lu seeds%s\n", name, seeds, known ? ", as it was" : "");
	}
	(void)fflush(stdout);
}

/* Alone, or with the one that it hides behind. */
static void try_guard(unsigned one, unsigned long seeds, struct tally *t)
{
	for (unsigned i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (hidden[i].one == one) {
			printf("%-60s alone it is not missed: %s\n", mutant_name(one), hidden[i].why);
			try_one(one, hidden[i].behind, seeds, t);
			return;
		}
	try_one(one, NO_MUTANT, seeds, t);
}

static int select_file(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* With all guards on nothing may break, or it says nothing about the guard. */
static bool holds(const struct aimed *a)
{
	static struct world w;

	for (unsigned long k = 0; k < a->schedule.noise_count; k++) {
		schedule_run(&w, &a->schedule, a->schedule.noise_from + k, false);
		if (!w.violations)
			continue;
		printf("%s: breaks with all guards on, noise %lu: %s\n", a->name, a->schedule.noise_from + k, w.broken);
		return false;
	}
	return true;
}

bool mutation_aim(const char *directory)
{
	struct dirent **found;
	int count = scandir(directory, &found, select_file, alphasort), line;
	char path[4096];
	bool good = count >= 0 && (unsigned)count + aimed_count <= AIMED_MAX;

	if (!good)
		(void)fprintf(stderr, "%s: no directory of at most %u schedules\n", directory, AIMED_MAX);
	schedule_warm();
	for (int i = 0; i < count; i++) {
		struct aimed *a = &aimed_at[aimed_count];

		(void)snprintf(path, sizeof(path), "%s/%s", directory, found[i]->d_name);
		(void)snprintf(a->name, sizeof(a->name), "%s", found[i]->d_name);
		free(found[i]);
		if (!good)
			continue;
		line = schedule_read(path, &a->schedule);
		if (line)
			(void)fprintf(stderr, "%s:%d: cannot be read\n", path, line);
		good = !line && holds(a);
		aimed_count++;
	}
	if (count >= 0)
		free(found);
	return good;
}

int mutation_run(unsigned long seeds, char **names)
{
	struct tally t = {0};

	schedule_warm();
	for (char **name = names; *name; name++) {
		if (mutant_find(*name) < 0) {
			(void)fprintf(stderr, "no mutant is called %s\n", *name);
			return 2;
		}
		try_one((unsigned)mutant_find(*name), NO_MUTANT, seeds, &t);
	}
	for (unsigned i = 0; i < MUTANT_COUNT && !*names; i++)
		try_guard(i, seeds, &t);
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]) && !*names; i++)
		try_one(pairs[i].one, pairs[i].other, seeds, &t);
	printf("mutants: %u caught of %u", t.caught, t.tried);
	if (t.caught != t.tried)
		printf(" (%u not: %s)", t.tried - t.caught, t.left);
	printf("\n");
	return t.failed;
}
