/*
 * simulate --seeds N [--from S] [--members 3|5]   faults drawn from seeds, promises checked after every event
 * simulate --seed S [--trace] [--print]           one of them; told, or written as a file for --replay
 * simulate --replay FILE...                       schedules that once broke something
 * simulate --mutants [--aimed DIR]... [--seeds N] [GUARD[+GUARD]...]
 *                                                 every guard off, one after the other: is it missed?
 * simulate --guards                               their table, as doc/protocol.md has it
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/simulation/mutation.h"
#include "tests/simulation/schedule.h"

#define PAUSE_ONE_IN 8
#define MUTANT_SEEDS 4000

struct total {
	unsigned long seeds, failovers, switchovers, handed, maintained, violations, payments;
	double virtual_s;
};

static struct world world;

static void count(struct total *t, const struct world *w, const char *what, unsigned long long seed)
{
	t->seeds++;
	t->failovers += w->failovers;
	t->switchovers += w->switchovers;
	t->handed += w->handed;
	t->maintained += w->maintained;
	t->payments += w->book.answers;
	t->virtual_s += (double)w->now_us / 1e6;
	if (!w->violations)
		return;
	t->violations++;
	printf("%s %llu: %s (at %.3f s)\n", what, seed, w->broken, (double)w->now_us / 1e6);
	(void)fflush(stdout);
}

static double cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int finish(const struct total *t)
{
	double took = cpu_s();

	printf("simulate: seeds=%lu failovers=%lu switchovers=%lu in_peace=%lu maintained=%lu payments=%lu "
	       "violations=%lu virtual_s=%.0f cpu_s=%.1f "
	       "failovers_per_s=%.0f seeds_per_s=%.0f\n",
	    t->seeds, t->failovers, t->switchovers, t->handed, t->maintained, t->payments, t->violations, t->virtual_s,
	    took, (double)t->failovers / took, (double)t->seeds / took);
	return t->violations != 0;
}

static int run_seeds(unsigned long from, unsigned long seeds, unsigned nodes, bool trace, bool print)
{
	static struct schedule s;
	struct total t = {0};

	for (unsigned long i = 0; i < seeds; i++) {
		schedule_draw(&s, from + i, nodes);
		if (print)
			schedule_print(stdout, &s);
		schedule_run(&world, &s, from + i, trace);
		if (!world.violations && (from + i) % PAUSE_ONE_IN == 0)
			schedule_pause_both(&world);
		count(&t, &world, "seed", from + i);
	}
	return finish(&t);
}

/* With all its noise it must hold; with its mutant it must break at least once. */
static int replay_one(const char *path, struct total *t, bool trace)
{
	static struct schedule s;
	int line = schedule_read(path, &s);
	unsigned long broken = 0;

	if (line) {
		(void)fprintf(stderr, "%s:%d: cannot be read\n", path, line);
		return 2;
	}
	for (unsigned long i = 0; i < s.noise_count; i++) {
		schedule_run(&world, &s, s.noise_from + i, trace);
		count(t, &world, path, s.noise_from + i);
	}
	if (!s.mutants)
		return 0;
	for (unsigned i = 0; i < s.mutants; i++)
		guard_is_off[s.mutant[i]] = true;
	for (unsigned long i = 0; i < s.noise_count && !broken; i++) {
		schedule_run(&world, &s, s.noise_from + i, false);
		broken += world.violations;
	}
	for (unsigned i = 0; i < s.mutants; i++)
		guard_is_off[s.mutant[i]] = false;
	if (!broken)
		printf("%s: does not notice %s\n", path, mutant_name((unsigned)s.mutant[0]));
	return broken == 0;
}

static int replay(char **paths, bool trace)
{
	struct total t = {0};
	int failed = 0;

	for (; *paths; paths++)
		failed |= replay_one(*paths, &t, trace);
	return finish(&t) | failed;
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: simulate --seeds N [--from S] [--members 3|5]\n"
			      "       simulate --seed S [--members 3|5] [--trace] [--print] [--without GUARD]\n"
			      "       simulate --replay [--trace] FILE...\n"
			      "       simulate --mutants [--aimed DIR]... [--seeds N] [GUARD[+GUARD]...]\n"
			      "       simulate --guards\n"
			      "guards and mutants:\n");
	for (unsigned i = 0; i < MUTANT_COUNT; i++)
		(void)fprintf(stderr, "  %-34s %s\n", mutant_name(i), mutant_text(i));
	return 2;
}

static int print_guards(void)
{
	for (unsigned i = 0; i < MUTANT_COUNT; i++)
		printf("| %s | %s |\n", mutant_name(i), mutant_text(i));
	return 0;
}

static bool switch_off(const char *name)
{
	int mutant = mutant_find(name);

	schedule_warm(); /* with all guards on */
	if (mutant >= 0)
		guard_is_off[mutant] = true;
	return mutant >= 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
	    {"seeds", required_argument, NULL, 'n'},
	    {"seed", required_argument, NULL, 's'},
	    {"from", required_argument, NULL, 'f'},
	    {"members", required_argument, NULL, 'm'},
	    {"trace", no_argument, NULL, 't'},
	    {"print", no_argument, NULL, 'p'},
	    {"without", required_argument, NULL, 'w'},
	    {"replay", no_argument, NULL, 'r'},
	    {"mutants", no_argument, NULL, 'x'},
	    {"aimed", required_argument, NULL, 'a'},
	    {"guards", no_argument, NULL, 'g'},
	    {NULL, 0, NULL, 0},
	};
	unsigned long seeds = 0, from = 1, nodes = 3;
	bool trace = false, print = false;
	int c, mode = 0;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'n': seeds = strtoul(optarg, NULL, 10); break;
		case 's':
			from = strtoul(optarg, NULL, 10);
			seeds = 1;
			break;
		case 'f': from = strtoul(optarg, NULL, 10); break;
		case 'a':
			if (!mutation_aim(optarg))
				return 2;
			break;
		case 'm': nodes = strtoul(optarg, NULL, 10); break;
		case 't': trace = true; break;
		case 'p': print = true; break;
		case 'w':
			if (!switch_off(optarg))
				return usage();
			break;
		case 'r':
		case 'g':
		case 'x': mode = c; break;
		default: return usage();
		}
	}
	if ((nodes != 3 && nodes != WORLD_NODES) || (mode == 0 && optind != argc))
		return usage();
	if (mode == 'x')
		return mutation_run(seeds ? seeds : MUTANT_SEEDS, argv + optind);
	if (mode == 'g')
		return print_guards();
	if (mode == 'r')
		return replay(argv + optind, trace);
	return run_seeds(from, seeds ? seeds : 20, (unsigned)nodes, trace, print);
}
