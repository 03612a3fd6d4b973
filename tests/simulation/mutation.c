#include "tests/simulation/mutation.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/simulation/schedule.h"

#define TIME_LIMIT_S 120
#define AIMED_MAX 128

/* Guards that are off together. */
struct group {
	unsigned count, off[SCHEDULE_MUTANTS];
};

/* A second rule does the same work as the first, so that both have to go. */
static const struct group pairs[] = {
    {2, {GUARD_M01_ACCEPT_DURING_PROMISE, GUARD_M02_GRANT_WITHOUT_RECORD}},
    {2, {GUARD_M02_OWN_VOTE_EXEMPT, GUARD_M27_HAND_WITH_GATE_OPEN}},
    {2, {GUARD_M06_SOLE_IGNORES_PENDING, GUARD_M07_UNKNOWN_FORGOTTEN}},
    {2, {GUARD_M13_SLAVE_START_ALWAYS, GUARD_M14_TOKEN_KEPT_OVER_SLAVE_START}},
    {2, {GUARD_M15_TOKEN_IGNORED_IN_CLAIM, GUARD_M24_HIGH_WATER_IGNORED}},
};

/* The first is not missed alone, because the others do its work. All off, a promise must break that holds as soon as any one
 * of them is on again. */
static const struct {
	struct group group;
	const char *why;
} hidden[] = {
    {{2, {GUARD_M01_PREPARE_DURING_PROMISE, GUARD_M01_ACCEPT_DURING_PROMISE}},
	"what was promised cannot be accepted while the lease runs"},
    {{2, {GUARD_M07_UNKNOWN_FORGOTTEN, GUARD_M22_NO_P4}},
	"a round that changes nothing finds out what the own acceptor holds"},
    {{2, {GUARD_M22_NO_P4, GUARD_M07_UNKNOWN_FORGOTTEN}}, "what was begun is pursued until it is known"},
    {{2, {GUARD_M08_OLD_ORDER_COUNTS, GUARD_M31_SEMI_SYNC_OFF_COUNTS}},
	"nothing is answered in SYNC before semi-sync is reported to be on under the order of SYNC"},
    {{3, {GUARD_M08_OLD_CONNECTION_COUNTS, GUARD_M08_DEAD_CONNECTION_TOLD, GUARD_M28_ANYBODY_MAY_REPLICATE}},
	"who is not connected tells no position, and nobody else may be the one that acknowledges"},
    {{3, {GUARD_M08_DEAD_CONNECTION_TOLD, GUARD_M08_OLD_CONNECTION_COUNTS, GUARD_M28_ANYBODY_MAY_REPLICATE}},
	"the active asks for the epoch of the connection, too"},
    {{4, {GUARD_M09_NO_BARRIER, GUARD_M09_LEDGER_READS_THE_TAIL, GUARD_M09_ROW_BEFORE_SEMI_SYNC,
	     GUARD_M31_SEMI_SYNC_OFF_COUNTS}},
	"three other rules keep the tail from being read, each alone"},
    {{4, {GUARD_M09_LEDGER_READS_THE_TAIL, GUARD_M09_NO_BARRIER, GUARD_M09_ROW_BEFORE_SEMI_SYNC,
	     GUARD_M31_SEMI_SYNC_OFF_COUNTS}},
	"the gate is closed until the barrier is committed, and until the epoch row is acknowledged"},
    {{3, {GUARD_M25_EPOCH_KEPT, GUARD_M09_LEDGER_READS_THE_TAIL, GUARD_M09_NO_BARRIER}},
	"the barrier covers the tail as the epoch row does"},
    {{4, {GUARD_M31_SEMI_SYNC_OFF_COUNTS, GUARD_M09_LEDGER_READS_THE_TAIL, GUARD_M09_NO_BARRIER,
	     GUARD_M09_ROW_BEFORE_SEMI_SYNC}},
	"semi-sync is on before the epoch row, and the barrier comes after it"},
    {{2, {GUARD_M13_SLAVE_WHILE_CLAIMED, GUARD_R11_TAIL_NOT_EXPORTED}},
	"what is not exported is not cut off, and the export waits for the next one to open"},
    {{2, {GUARD_M15_TOKEN_IGNORED_IN_CLAIM, GUARD_M24_HIGH_WATER_IGNORED}},
	"what was answered before the last heartbeat is missed by the mark, too"},
    {{2, {GUARD_M15_TOKEN_IGNORED_IN_HAND, GUARD_M20_RENEWS_UNFIT}},
	"one without its token asks for no lease, and the role comes back"},
    {{2, {GUARD_M19_NO_ECHO, GUARD_M47_HOLDS_IN_VAIN}},
	"a deaf active learns of no round of its own that it was chosen, and gives its lease up"},
    {{2, {GUARD_M20_RENEWS_UNFIT, GUARD_M47_HOLDS_IN_VAIN}},
	"what an unfit active cannot write is not chosen, and it gives its lease up"},
    {{2, {GUARD_M24_HIGH_WATER_IGNORED, GUARD_M15_TOKEN_IGNORED_IN_CLAIM}},
	"the token says more: the mark is a tripwire"},
    {{2, {GUARD_M28_SECOND_REPLICA_COUNTS, GUARD_M28_ANYBODY_MAY_REPLICATE}}, "nobody but the peer may connect"},
    {{2, {GUARD_M29_NO_STRICT_MODE, GUARD_M29_OLD_SLAVE_POS}},
	"a tail is found when the position is the end of the own log"},
    {{2, {GUARD_M29_OLD_SLAVE_POS, GUARD_M29_NO_STRICT_MODE}}, "strict mode refuses what does not follow the own log"},
    {{2, {GUARD_M35_OWN_VOTE_HELD, GUARD_M22_NO_P4}}, "the active's own round finishes the claim that it finds"},
};

/* Caught by the model (tests/model/run, by this name), and by no schedule. */
static const struct {
	unsigned mutant;
	const char *name;
} by_model[] = {
    {GUARD_M07_STALE_WISH, "STALE"},
};

struct aimed {
	char name[256];
	struct schedule schedule;
};
static struct aimed aimed_at[AIMED_MAX];
static unsigned aimed_count;

struct tally {
	unsigned tried, caught, by_model;
	char left[2000];
};

static bool is_in(const struct group *g, unsigned mutant)
{
	for (unsigned i = 0; i < g->count; i++)
		if (g->off[i] == mutant)
			return true;
	return false;
}

/* A schedule for one guard will do for more of them. */
static bool is_aimed_at(const struct schedule *s, const struct group *g, bool each)
{
	for (unsigned i = 0; i < s->mutants; i++)
		if (!is_in(g, (unsigned)s->mutant[i]))
			return false;
	return each ? s->mutants == g->count : s->mutants > 0;
}

/* All of them off, but for the one that is `on`. */
static void switch_off(const struct group *g, unsigned on)
{
	for (unsigned i = 0; i < g->count; i++)
		guard_is_off[g->off[i]] = g->off[i] != on;
}

static void switch_on(const struct group *g)
{
	for (unsigned i = 0; i < g->count; i++)
		guard_is_off[g->off[i]] = false;
}

static bool breaks(struct world *w, const struct schedule *s, unsigned long noise)
{
	schedule_run(w, s, noise, false);
	return w->violations != 0;
}

/* Does it break because just these are off? With all guards on it must hold; of those that hide one behind the other, with
 * any one on. */
static bool is_to_blame(const struct group *g, bool each, const struct schedule *s, unsigned long noise)
{
	static struct world w;
	bool anyway;

	switch_on(g);
	anyway = breaks(&w, s, noise);
	for (unsigned i = 0; each && i < g->count && !anyway; i++) {
		switch_off(g, g->off[i]);
		anyway = breaks(&w, s, noise);
	}
	switch_off(g, MUTANT_COUNT);
	return !anyway;
}

static void tell(int to, const char *by, unsigned long number, const char *what)
{
	char text[600];

	(void)snprintf(text, sizeof(text), "caught by %s %lu: %s", by, number, what);
	_exit(write(to, text, strlen(text)) != (ssize_t)strlen(text));
}

/* In a process of its own: a mutant may run into an assertion. */
static void try_all(const struct group *g, bool each, unsigned long seeds, int to)
{
	static struct schedule s;
	static struct world w;

	switch_off(g, MUTANT_COUNT);
	for (unsigned i = 0; i < aimed_count; i++) {
		const struct schedule *at = &aimed_at[i].schedule;
		char name[400];

		(void)snprintf(name, sizeof(name), "%.300s, noise", aimed_at[i].name);
		for (unsigned long k = 0; k < at->noise_count && is_aimed_at(at, g, each); k++)
			if (breaks(&w, at, at->noise_from + k) && is_to_blame(g, each, at, at->noise_from + k))
				tell(to, name, at->noise_from + k, w.broken);
	}
	for (unsigned long seed = 1; seed <= seeds; seed++) {
		schedule_draw(&s, seed, 3);
		if (breaks(&w, &s, seed) && is_to_blame(g, each, &s, seed))
			tell(to, "seed", seed, w.broken);
	}
	_exit(0);
}

static bool is_caught(const struct group *g, bool each, unsigned long seeds, char *text, size_t size)
{
	int ends[2], status;
	ssize_t got;
	pid_t child;

	if (pipe(ends) != 0 || (child = fork()) < 0)
		return false;
	if (child == 0) {
		(void)freopen("/dev/null", "w", stderr);
		alarm(TIME_LIMIT_S);
		try_all(g, each, seeds, ends[1]);
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

static void try_group(const struct group *g, bool each, unsigned long seeds, struct tally *t)
{
	char text[600], name[200] = "";
	size_t used = strlen(t->left);

	for (unsigned i = 0, at = 0; i < g->count; i++)
		at += (unsigned)snprintf(name + at, sizeof(name) - at, "%s%s", i ? " + " : "", mutant_name(g->off[i]));
	t->tried++;
	if (is_caught(g, each, seeds, text, sizeof(text))) {
		t->caught++;
		printf("%-60s %s\n", name, text);
	} else {
		(void)snprintf(t->left + used, sizeof(t->left) - used, "%s%s", used ? ", " : "", name);
		printf("%-60s MISSED by %lu seeds\n", name, seeds);
	}
	(void)fflush(stdout);
}

/* Alone, or with those that it hides behind, or not here. */
static void try_guard(unsigned one, unsigned long seeds, struct tally *t)
{
	const struct group alone = {1, {one}};

	for (unsigned i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (hidden[i].group.off[0] == one) {
			printf("%-60s hides: %s\n", mutant_name(one), hidden[i].why);
			try_group(&hidden[i].group, true, seeds, t);
			return;
		}
	for (unsigned i = 0; i < sizeof(by_model) / sizeof(by_model[0]); i++)
		if (by_model[i].mutant == one) {
			printf("%-60s left to the model: %s\n", mutant_name(one), by_model[i].name);
			t->tried++;
			t->caught++;
			t->by_model++;
			return;
		}
	try_group(&alone, false, seeds, t);
}

/* GUARD, or GUARD+GUARD for a group of which each has to be off. */
static bool try_named(char *names, unsigned long seeds, struct tally *t)
{
	struct group g = {0};

	for (char *name = strsep(&names, "+"); name; name = strsep(&names, "+")) {
		int mutant = mutant_find(name);

		if (mutant < 0 || g.count == SCHEDULE_MUTANTS) {
			(void)fprintf(stderr, "no mutant is called %s\n", name);
			return false;
		}
		g.off[g.count++] = (unsigned)mutant;
	}
	if (g.count == 1)
		try_guard(g.off[0], seeds, t);
	else
		try_group(&g, true, seeds, t);
	return true;
}

static int select_file(const struct dirent *d)
{
	return d->d_name[0] != '.';
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
		good = !line;
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
	for (char **name = names; *name; name++)
		if (!try_named(*name, seeds, &t))
			return 2;
	for (unsigned i = 0; i < MUTANT_COUNT && !*names; i++)
		try_guard(i, seeds, &t);
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]) && !*names; i++)
		try_group(&pairs[i], false, seeds, &t);
	printf("mutants: %u caught of %u", t.caught, t.tried);
	if (t.by_model)
		printf(", %u of them by tests/model/run", t.by_model);
	if (t.caught != t.tried)
		printf(" (%u not: %s)", t.tried - t.caught, t.left);
	printf("\n");
	return t.caught != t.tried;
}
