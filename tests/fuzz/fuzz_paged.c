/*
 * Throws damaged bodies, cookies and metrics at what reads them for the status page (heartbeat/paged_form.h, heartbeat/paged_series.h).
 * fuzz_paged [SECONDS [SEED]]. What is taken must fit, and is in the body as it is given; all in memory of exactly its size.
 */
#include "heartbeat/paged_form.h"
#include "heartbeat/paged_route.h"
#include "heartbeat/paged_series.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 1024

static uint64_t taken[3]; /* fields, cookies, metrics */

static const char some_metrics[] = "holdfast_ledger_open 1\n"
				   "holdfast_ledger_answer_seconds_bucket{le=\"0.001\"} 3\n"
				   "holdfast_ledger_answer_seconds_bucket{le=\"+Inf\"} 9\n"
				   "holdfast_ledger_batch_requests_sum 77\n";

static const char *const seeds[] = {
    "token=0123456789abcdef&to=b",
    "password=correct+horse%21",
    "node=w&on=yes&look=yes&token=%61",
    "__Host-holdfast=0123456789abcdef; other=1",
    some_metrics,
};

/* Without what lies behind it, for the sanitizer. The caller frees. */
static char *exactly(const char *text, size_t bytes)
{
	char *ret = malloc(bytes ? bytes : 1);

	insist(ret, "out of memory");
	memcpy(ret, text, bytes);
	return ret;
}

static void try_form(const char *text, size_t bytes)
{
	static const char *const names[] = {"token", "to", "node", "on", "password", "x"};
	char *body = exactly(text, bytes);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t size = 1 + draw(70);
		char *value = malloc(size), again[TEXT_BYTES + 1];

		insist(value, "out of memory");
		if (paged_form_take(body, bytes, names[i], value, size)) {
			taken[0]++;
			insist(strlen(value) < size, "not terminated");
			insist(
			    paged_form_take(body, bytes, names[i], again, sizeof(again)) && strcmp(value, again) == 0,
			    "it is another one with more room");
		} else {
			insist(!value[0], "a value though it was refused");
		}
		free(value);
	}
	free(body);
}

static void try_cookie(const char *text)
{
	char *header = exactly(text, strlen(text) + 1), value[32];

	if (paged_cookie_take(header, "__Host-holdfast", value, sizeof(value))) {
		taken[1]++;
		insist(strlen(value) < sizeof(value) && !strpbrk(value, "; \t"), "that is no value of a cookie");
		insist(strstr(header, value), "it is not in the header");
	}
	(void)paged_origin_is_own(header, header);
	(void)paged_route_find(header, "/");
	(void)paged_route_find("GET", header);
	free(header);
}

static void try_metrics(const char *text)
{
	static struct paged_series series;
	static int64_t now_ms;
	char *file = exactly(text, strlen(text) + 1);
	struct paged_count count;
	bool good = paged_series_read(file, &count);

	now_ms += (int64_t)draw(4000);
	paged_series_note(&series, good ? &count : NULL, now_ms - (int64_t)draw(3000), now_ms);
	insist(series.points <= PAGED_POINTS, "more points than there is room for");
	for (unsigned i = 0; i < series.points; i++) {
		const struct paged_point *p = &series.point[i];

		insist(!p->known || (p->rate >= 0 && p->p50_ms <= p->p99_ms), "figures that cannot be");
	}
	taken[2] += good;
	free(file);
}

static size_t damage(char text[static TEXT_BYTES], size_t bytes)
{
	static const char spice[] = "&=%+;. {}\n0123456789abcdefx\xff";

	for (uint64_t changes = draw(6); changes; changes--) {
		size_t at = draw(bytes + 1);

		if (draw(2) && at < bytes) {
			text[at] = draw(2) ? (char)draw(256) : spice[draw(sizeof(spice) - 1)];
		} else if (draw(2) && bytes + 1 < TEXT_BYTES) {
			memmove(text + at + 1, text + at, bytes - at);
			text[at] = spice[draw(sizeof(spice) - 1)];
			bytes++;
		} else if (at < bytes) {
			memmove(text + at, text + at + 1, bytes - at - 1);
			bytes--;
		}
	}
	return bytes;
}

int main(int argc, char **argv)
{
	uint64_t rounds = 0;

	if (!fuzz_begin("fuzz_paged", argc, argv))
		return 1;
	while (fuzz_goes_on())
		for (unsigned i = 0; i < 64; i++, rounds++) {
			char text[TEXT_BYTES + 1];
			size_t bytes =
			    (size_t)snprintf(text, TEXT_BYTES, "%s", seeds[draw(sizeof(seeds) / sizeof(seeds[0]))]);

			bytes = damage(text, bytes);
			try_form(text, bytes);
			text[bytes] = '\0';
			try_cookie(text);
			try_metrics(text);
		}
	insist(taken[0] && taken[1] && taken[2], "nothing was taken: the seeds are no good");
	return printf("fuzz_paged: %llu rounds, %llu fields, %llu cookies, %llu metrics taken\n",
		   (unsigned long long)rounds, (unsigned long long)taken[0], (unsigned long long)taken[1],
		   (unsigned long long)taken[2]) < 0;
}
