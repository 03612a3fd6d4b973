#include "tests/bench/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

uint64_t tally_now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

bool tally_init(struct tally *t, uint64_t warm_us, uint64_t run_us)
{
	*t = (struct tally){.took_us = calloc(TALLY_MAX, sizeof(*t->took_us))};
	t->from_us = tally_now_us() + warm_us;
	t->until_us = t->from_us + run_us;
	return t->took_us;
}

void tally_free(struct tally *t)
{
	free(t->took_us);
	t->took_us = NULL;
}

void tally_add(struct tally *t, bool good, uint64_t begun_us, uint64_t ended_us)
{
	t->all += good;
	t->errors += !good;
	if (good && ended_us >= t->from_us && ended_us < t->until_us && t->count < TALLY_MAX)
		t->took_us[t->count++] = (uint32_t)(ended_us - begun_us);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t at(const struct tally *t, double share)
{
	return t->count ? t->took_us[(uint64_t)((double)(t->count - 1) * share)] : 0;
}

void tally_print(struct tally *t, const char *more)
{
	double seconds = (double)(t->until_us - t->from_us) / 1e6;
	struct rusage r;

	(void)getrusage(RUSAGE_SELF, &r);
	qsort(t->took_us, t->count, sizeof(*t->took_us), compare);
	printf(
	    "{\"count\":%llu,\"all\":%llu,\"errors\":%llu,\"per_s\":%.1f,\"median_us\":%u,\"p99_us\":%u,\"max_us\":%u,"
	    "\"client_cpu_s\":%.2f,%s\"statuses\":{",
	    (unsigned long long)t->count, (unsigned long long)t->all, (unsigned long long)t->errors,
	    (double)t->count / seconds, at(t, 0.5), at(t, 0.99), at(t, 1),
	    (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6,
	    more);
	for (unsigned i = 0, n = 0; i < TALLY_STATUS_MAX; i++)
		if (t->statuses[i])
			printf("%s\"%u\":%llu", n++ ? "," : "", i, (unsigned long long)t->statuses[i]);
	printf("}}\n");
}
