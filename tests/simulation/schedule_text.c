#include <stdlib.h>
#include <string.h>

#include "tests/simulation/schedule.h"

static const char *const parameters[SET_COUNT] = {
    [SET_DISK_US] = "disk-us",
    [SET_DELAY_US] = "delay-us",
    [SET_PACE_US] = "pace-us",
    [SET_CLOCK_PPM] = "clock-ppm",
    [SET_MIXED_LEASES] = "mixed-leases",
    [SET_LEASE_US] = "lease-us",
};

static const struct {
	uint8_t who;
	const char *word;
} people[] = {
    {0, "a"},
    {1, "b"},
    {2, "w"},
    {3, "x"},
    {4, "y"},
    {WHO_ACTOR, "actor"},
    {WHO_OTHER, "other"},
    {WHO_ACTIVE, "active"},
    {WHO_STANDBY, "standby"},
    {WHO_WITNESS, "witness"},
    {HB_NOBODY, "anybody"},
};
#define PEOPLE (sizeof(people) / sizeof(people[0]))

static const char *who_word(uint8_t who)
{
	for (unsigned i = 0; i < PEOPLE; i++)
		if (people[i].who == who)
			return people[i].word;
	return "?";
}

static void print_strike(FILE *f, const struct order *o)
{
	const struct ambush *a = &o->strike;

	(void)fprintf(f, "strike fault=%s at=%s peer=%s letters=%u for=%llu", fault_word(a->fault), who_word(a->at),
	    who_word(a->peer), a->letters, (unsigned long long)a->for_us);
	if (!o->now)
		(void)fprintf(f, " on=%s by=%s after=%llu", moment_word(a->moment), who_word(a->by),
		    (unsigned long long)a->after_us);
	(void)fprintf(f, "\n");
}

void schedule_print(FILE *f, const struct schedule *s)
{
	(void)fprintf(f, "members %u\n%s", s->nodes, s->from_nothing ? "from-nothing\n" : "");
	for (unsigned i = 0; i < s->count; i++) {
		const struct order *o = &s->order[i];

		switch (o->kind) {
		case ORDER_RUN: (void)fprintf(f, "run %lld\n", (long long)o->value); break;
		case ORDER_STRIKE: print_strike(f, o); break;
		case ORDER_STAND: (void)fprintf(f, "stand%s\n", o->value ? "-strictly" : ""); break;
		case ORDER_SERVE: (void)fprintf(f, "serve\n"); break;
		case ORDER_SETTLE: (void)fprintf(f, "settle\n"); break;
		case ORDER_MAINTAIN: (void)fprintf(f, "maintain\n"); break;
		case ORDER_HAND_OVER: (void)fprintf(f, "hand-over\n"); break;
		case ORDER_SET: (void)fprintf(f, "set %s %lld\n", parameters[o->parameter], (long long)o->value); break;
		default: break;
		}
	}
}

static bool is_field(char *word, const char *name, char **value)
{
	size_t size = strlen(name);

	if (strncmp(word, name, size) != 0 || word[size] != '=')
		return false;
	*value = word + size + 1;
	return true;
}

static bool read_number(const char *text, int64_t *ret)
{
	char *end;

	*ret = strtoll(text, &end, 10);
	return *text && !*end;
}

static bool read_unsigned(const char *text, uint64_t *ret)
{
	int64_t n;
	bool good = read_number(text, &n) && n >= 0;

	*ret = good ? (uint64_t)n : 0;
	return good;
}

static bool read_who(const char *text, uint8_t *ret)
{
	for (unsigned i = 0; i < PEOPLE; i++)
		if (strcmp(people[i].word, text) == 0) {
			*ret = people[i].who;
			return true;
		}
	return false;
}

static bool read_word(const char *text, const char *(*word)(unsigned), unsigned count, uint8_t *ret)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(word(i), text) == 0) {
			*ret = (uint8_t)i;
			return true;
		}
	return false;
}

static bool read_field(char *word, struct order *o)
{
	struct ambush *a = &o->strike;
	uint64_t n = 0;
	char *value;

	if (is_field(word, "fault", &value))
		return read_word(value, fault_word, FAULT_COUNT, &a->fault);
	if (is_field(word, "at", &value))
		return read_who(value, &a->at);
	if (is_field(word, "peer", &value))
		return read_who(value, &a->peer);
	if (is_field(word, "for", &value))
		return read_unsigned(value, &a->for_us);
	if (is_field(word, "after", &value))
		return read_unsigned(value, &a->after_us);
	if (is_field(word, "by", &value))
		return read_who(value, &a->by);
	if (is_field(word, "letters", &value)) {
		bool good = read_unsigned(value, &n);

		a->letters = (uint32_t)n;
		return good;
	}
	o->now = false;
	return is_field(word, "on", &value) && read_word(value, moment_word, MOMENT_COUNT, &a->moment);
}

static bool read_order(struct order *o, const char *verb, char *rest)
{
	char *word = strsep(&rest, " ");

	*o = (struct order){.now = true, .strike.by = HB_NOBODY};
	if (strcmp(verb, "hand-over") == 0 || strcmp(verb, "maintain") == 0) {
		o->kind = verb[0] == 'h' ? ORDER_HAND_OVER : ORDER_MAINTAIN;
		return !word;
	}
	if (strcmp(verb, "serve") == 0) {
		o->kind = ORDER_SERVE;
		return !word;
	}
	if (strcmp(verb, "settle") == 0 || strcmp(verb, "stand") == 0 || strcmp(verb, "stand-strictly") == 0) {
		o->kind = verb[1] == 'e' ? ORDER_SETTLE : ORDER_STAND;
		o->value = strcmp(verb, "stand-strictly") == 0;
		return !word;
	}
	if (!word)
		return false;
	if (strcmp(verb, "run") == 0) {
		o->kind = ORDER_RUN;
		return read_number(word, &o->value) && o->value >= 0;
	}
	if (strcmp(verb, "set") == 0) {
		o->kind = ORDER_SET;
		for (unsigned i = 0; i < SET_COUNT; i++)
			if (strcmp(parameters[i], word) == 0) {
				o->parameter = (uint8_t)i;
				return rest && read_number(rest, &o->value);
			}
		return false;
	}
	o->kind = ORDER_STRIKE;
	for (; word; word = strsep(&rest, " "))
		if (!read_field(word, o))
			return false;
	return strcmp(verb, "strike") == 0;
}

static bool read_line(struct schedule *s, char *line)
{
	char *rest = line, *verb = strsep(&rest, " ");
	uint64_t n = 0, m = 0;

	if (!*verb || *verb == '#')
		return true;
	if (strcmp(verb, "from-nothing") == 0) {
		s->from_nothing = true;
		return true;
	}
	if (strcmp(verb, "members") == 0) {
		s->nodes = rest && read_unsigned(rest, &n) ? (unsigned)n : 0;
		return s->nodes == 3 || s->nodes == WORLD_NODES;
	}
	if (strcmp(verb, "mutant") == 0) {
		int found = rest && s->mutants < SCHEDULE_MUTANTS ? mutant_find(rest) : -1;

		if (found >= 0)
			s->mutant[s->mutants++] = found;
		return found >= 0;
	}
	if (strcmp(verb, "noise") == 0) {
		char *first = rest ? strsep(&rest, " ") : NULL;
		bool good = first && rest && read_unsigned(first, &n) && read_unsigned(rest, &m);

		s->noise_from = n;
		s->noise_count = m;
		return good;
	}
	return s->count < SCHEDULE_ORDERS && read_order(&s->order[s->count++], verb, rest);
}

int schedule_read(const char *path, struct schedule *ret)
{
	FILE *f = fopen(path, "re");
	char line[256];
	int number = 0;

	if (!f)
		return -1;
	memset(ret, 0, sizeof(*ret));
	ret->nodes = 3;
	ret->noise_from = ret->noise_count = 1;
	while (fgets(line, sizeof(line), f)) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (!read_line(ret, line)) {
			(void)fclose(f);
			return number;
		}
	}
	(void)fclose(f);
	return 0;
}
