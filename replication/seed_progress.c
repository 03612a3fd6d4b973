#include "replication/seed_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECOND_US 1000000u
#define SMOOTH_S 10.0
#define KNOWN_US 3000000u /* the first seconds say nothing about the rest */
#define SILENT_US 10000000u
#define OWN_NAME "holdfast-seed: "

/* The words of a line; the text is what `status` says. */
static const struct {
	const char *word, *text;
} phases[SEED_PHASE_COUNT] = {
    [SEED_PHASE_ASK] = {"ask", "asking for a copy"},
    [SEED_PHASE_FETCH] = {"fetch", "fetching a copy"},
    [SEED_PHASE_VERIFY] = {"verify", "verifying the copy"},
    [SEED_PHASE_PREPARE] = {"prepare", "preparing the copy"},
    [SEED_PHASE_INSTALL] = {"install", "putting the copy in place"},
};

void seed_progress_line(
    enum seed_phase phase, uint64_t received_bytes, uint64_t total_bytes, char ret[static SEED_PROGRESS_LINE_BYTES])
{
	(void)snprintf(ret, SEED_PROGRESS_LINE_BYTES, "%s %" PRIu64 " %" PRIu64 "\n", phases[phase].word,
	    received_bytes, total_bytes);
}

bool seed_progress_take(struct seed_progress *p, const char *line, uint64_t now_us)
{
	uint64_t received_bytes, total_bytes;
	char word[16], end;
	unsigned i;

	if (sscanf(line, "%15s %" SCNu64 " %" SCNu64 "%c", word, &received_bytes, &total_bytes, &end) != 3)
		return false;
	for (i = 0; i < SEED_PHASE_COUNT && strcmp(phases[i].word, word) != 0; i++)
		;
	if (i == SEED_PHASE_COUNT)
		return false;
	if (!p->phase_us || p->phase != i) {
		p->phase = (enum seed_phase)i;
		p->phase_us = p->moved_us = p->rate_us = now_us;
		p->rate_received_bytes = received_bytes;
	}
	if (received_bytes > p->received_bytes)
		p->moved_us = now_us;
	p->received_bytes = received_bytes;
	p->total_bytes = total_bytes;
	return true;
}

/* The mean of all so far, and once that is longer than SMOOTH_S, one in which what is longer ago counts less. */
void seed_progress_pass(struct seed_progress *p, uint64_t now_us)
{
	double passed_s = (double)(now_us - p->rate_us) / SECOND_US, all_s = (double)(now_us - p->phase_us) / SECOND_US;
	double came, part;

	if (p->phase != SEED_PHASE_FETCH || now_us < p->rate_us + SECOND_US / 2)
		return;
	came = (double)(p->received_bytes - p->rate_received_bytes) / passed_s;
	part = passed_s / (all_s < SMOOTH_S ? all_s : SMOOTH_S);
	p->rate += (came - p->rate) * (part < 1 ? part : 1);
	p->rate_us = now_us;
	p->rate_received_bytes = p->received_bytes;
}

/* "3.1 of 10.0 GB"; what the sender said is about: more may come. */
static void say_bytes(const struct seed_progress *p, char *ret, size_t size)
{
	uint64_t total = p->total_bytes > p->received_bytes ? p->total_bytes : p->received_bytes;

	if (total >= 1000000000)
		(void)snprintf(ret, size, "%.1f of %.1f GB", (double)p->received_bytes / 1e9, (double)total / 1e9);
	else
		(void)snprintf(ret, size, "%.0f of %.0f MB", (double)p->received_bytes / 1e6, (double)total / 1e6);
}

/* ", about 2 min left", no more exact than it can be; "" when nothing can be said. */
static void say_left(const struct seed_progress *p, uint64_t now_us, char *ret, size_t size)
{
	double left_s;

	ret[0] = '\0';
	if (now_us >= p->moved_us + SILENT_US) {
		(void)snprintf(ret, size, ", nothing has come for %" PRIu64 " s", (now_us - p->moved_us) / SECOND_US);
		return;
	}
	if (now_us < p->phase_us + KNOWN_US || p->rate < 1)
		return;
	left_s = p->received_bytes < p->total_bytes ? (double)(p->total_bytes - p->received_bytes) / p->rate : 0;
	if (left_s < 10)
		(void)snprintf(ret, size, ", some seconds left");
	else if (left_s < 90)
		(void)snprintf(ret, size, ", about %.0f s left", 10 * (double)(unsigned)(left_s / 10 + 0.5));
	else if (left_s < 90.0 * 60)
		(void)snprintf(ret, size, ", about %.0f min left", left_s / 60);
	else if (left_s < 48.0 * 3600)
		(void)snprintf(ret, size, ", about %.0f h left", left_s / 3600);
	else
		(void)snprintf(ret, size, ", more than 2 days left");
}

void seed_progress_text(const struct seed_progress *p, uint64_t now_us, char ret[static LOCAL_REASON_BYTES])
{
	const char *text = phases[p->phase].text, *again = p->again ? " (the last one was interrupted)" : "";
	uint64_t phase_s = p->phase_us && now_us > p->phase_us ? (now_us - p->phase_us) / SECOND_US : 0;
	char bytes[48], left[48];

	if (p->phase == SEED_PHASE_FETCH) {
		say_bytes(p, bytes, sizeof(bytes));
		say_left(p, now_us, left, sizeof(left));
		(void)snprintf(ret, LOCAL_REASON_BYTES, "%s%s: %.32s%.36s", text, again, bytes, left);
	} else if (phase_s >= 10) {
		(void)snprintf(ret, LOCAL_REASON_BYTES, "%s%s, for %" PRIu64 " s", text, again, phase_s);
	} else {
		(void)snprintf(ret, LOCAL_REASON_BYTES, "%s%s", text, again);
	}
}

/* "PATH/holdfast-seed: exit status 1: holdfast-seed: WORDS" -> WORDS. */
static const char *own_words(const char *why)
{
	const char *words = why;

	for (const char *at = why; (at = strstr(at, OWN_NAME)); words = at)
		at += strlen(OWN_NAME);
	return words;
}

void seed_progress_failed(const struct seed_progress *p, const char *why, char ret[static LOCAL_REASON_BYTES])
{
	char bytes[48];

	say_bytes(p, bytes, sizeof(bytes));
	if (p->phase == SEED_PHASE_FETCH)
		(void)snprintf(ret, LOCAL_REASON_BYTES, "the copy was interrupted at %s, and begins again: %s", bytes,
		    own_words(why));
	else
		(void)snprintf(
		    ret, LOCAL_REASON_BYTES, "%s failed, and begins again: %s", phases[p->phase].text, own_words(why));
}
