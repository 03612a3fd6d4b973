#include "heartbeat/paged_series.h"

#include <string.h>

/* Digits up to the end of the line, or to a point: counts are whole. False: that is none. */
static bool take_number(const char *text, uint64_t *ret)
{
	uint64_t n = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9' && n < UINT64_MAX / 10 - 1; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	if (at == text || (*at && *at != '\n' && *at != '.'))
		return false;
	*ret = n;
	return true;
}

/* The value of the line that begins so; NULL: text is another line. */
static const char *value_of(const char *line, const char *name)
{
	size_t n = strlen(name);
	const char *blank;

	if (strncmp(line, name, n) != 0)
		return NULL;
	blank = line + n - 1 + strcspn(line + n - 1, " \n");
	return *blank == ' ' ? blank + 1 : NULL;
}

bool paged_series_read(const char *text, struct paged_count *ret)
{
	bool has_open = false, has_sum = false;
	const char *value;
	uint64_t open;

	*ret = (struct paged_count){0};
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		value = value_of(line, "holdfast_ledger_open ");
		if (value && take_number(value, &open)) {
			has_open = true;
			ret->open = open;
		}
		value = value_of(line, "holdfast_ledger_batch_requests_sum ");
		if (value && take_number(value, &ret->payments))
			has_sum = true;
		value = value_of(line, "holdfast_ledger_answer_seconds_bucket{");
		if (!value)
			continue;
		if (ret->bounds > METRICS_BOUNDS_MAX || !take_number(value, &ret->answers[ret->bounds]))
			return false;
		ret->bounds++;
	}
	return has_open && has_sum && ret->bounds > 1;
}

static uint64_t between(const struct paged_count *from, const struct paged_count *to, unsigned i)
{
	return to->answers[i] - from->answers[i];
}

static bool is_later(const struct paged_count *from, const struct paged_count *to)
{
	if (from->bounds != to->bounds || !to->bounds || to->payments < from->payments)
		return false;
	for (unsigned i = 0; i < to->bounds; i++)
		if (to->answers[i] < from->answers[i])
			return false;
	return true;
}

double paged_series_quantile(const struct paged_count *from, const struct paged_count *to, double share)
{
	double below = 0, all, wanted;

	if (!is_later(from, to))
		return -1;
	all = (double)between(from, to, to->bounds - 1);
	wanted = share * all;
	for (unsigned i = 0; all > 0 && i < to->bounds; i++) {
		double upto = (double)between(from, to, i), low = i ? metrics_bounds_seconds[i - 1] : 0;
		double high = metrics_bounds_seconds[i] > 0 ? metrics_bounds_seconds[i] : low;

		if (upto >= wanted && upto > below)
			return 1000 * (low + (high - low) * (wanted - below) / (upto - below));
		/* The counts are sums: one that is smaller than the one before it is damaged. */
		below = upto > below ? upto : below;
		if (metrics_bounds_seconds[i] <= 0)
			break;
	}
	return -1;
}

static void add(struct paged_series *s, const struct paged_point *p)
{
	if (s->points == PAGED_POINTS) {
		memmove(&s->point[0], &s->point[1], sizeof(s->point[0]) * (PAGED_POINTS - 1));
		s->points--;
	}
	s->point[s->points++] = *p;
}

void paged_series_note(struct paged_series *s, const struct paged_count *count, int64_t at_ms, int64_t now_ms)
{
	struct paged_point p = {.p50_ms = -1, .p99_ms = -1};

	if (count && (!s->has_last || at_ms != s->last_ms)) {
		int64_t took_ms = at_ms - s->last_ms;

		if (s->has_last && took_ms > 0 && took_ms < PAGED_LATE_MS && is_later(&s->last, count)) {
			p.known = count->open && s->last.open;
			p.rate = (double)(count->payments - s->last.payments) * 1000 / (double)took_ms;
			p.p50_ms = paged_series_quantile(&s->last, count, 0.5);
			p.p99_ms = paged_series_quantile(&s->last, count, 0.99);
		}
		add(s, &p);
		s->last = *count;
		s->has_last = true;
		s->last_ms = at_ms;
	} else if (s->has_last && now_ms - s->last_ms >= PAGED_LATE_MS) {
		add(s, &p);
		s->has_last = false;
	}
}
