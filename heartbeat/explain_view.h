/* What the makers of the lines of heartbeat/explain.h share: how one member sees the others. Pure. */
#ifndef HOLDFAST_HEARTBEAT_EXPLAIN_VIEW_H
#define HOLDFAST_HEARTBEAT_EXPLAIN_VIEW_H

#include "heartbeat/explain.h"

#define MS(us) ((unsigned long long)((us) / 1000))

struct hb_view {
	const struct hb_node *n;
	const struct hb_record *r;
	uint64_t now_us;
	struct hb_explanation *out;
};

/* Adds a line; one too many, or too long, is cut. */
__attribute__((format(printf, 5, 6))) void view_say(
    const struct hb_view *v, enum hb_topic topic, uint8_t about, enum hb_holds holds, const char *format, ...);

/* The same of a death. */
__attribute__((format(printf, 4, 5))) void view_say_death(
    const struct hb_view *v, uint8_t about, enum hb_fate fate, const char *format, ...);

#define SAY(v, topic, about, ...) view_say(v, HB_TOPIC_##topic, about, HB_HOLDS_NA, __VA_ARGS__)
#define CHECK(v, topic, about, met, ...)                                                                               \
	view_say(v, HB_TOPIC_##topic, about, (met) ? HB_HOLDS : HB_HOLDS_NOT, __VA_ARGS__)
#define DIES(v, about, fate, ...) view_say_death(v, about, HB_FATE_##fate, __VA_ARGS__)

const char *view_name(const struct hb_view *v, uint8_t m);
bool view_is_gateway(const struct hb_view *v, uint8_t m);
void view_facts(const struct hb_view *v, uint8_t m, struct hb_facts *ret);

/* until_us - now_us, or 0. */
uint64_t view_left(uint64_t until_us, uint64_t now_us);

/* How long nothing has been heard from m, while we were there to hear it. */
uint64_t view_silent_us(const struct hb_view *v, uint8_t m);

/* Does it answer now? It counts as lost only after peer-timeout-ms, which may be a minute. */
bool view_alive(const struct hb_view *v, uint8_t m);

/* Members that are heard, x left out. */
unsigned view_votes_without(const struct hb_view *v, uint8_t x);
bool view_majority_without(const struct hb_view *v, uint8_t x);

/* Who of those that are heard says that it hears m, or cannot say yet? HB_NOBODY: none. */
uint8_t view_hearer(const struct hb_view *v, uint8_t m);

/* Does one that is heard hear m, as far as it tells? */
bool view_hears(const struct hb_view *v, uint8_t one, uint8_t m);

/* Members that could vote with that one: it and whom it hears, x left out. */
unsigned view_votes_with(const struct hb_view *v, uint8_t one, uint8_t x);

/* Is this member the one that it knows as active, without a majority, and not serving? */
bool view_is_cut_off(const struct hb_view *v);

/* Is the active heard, and does it say that it serves? */
bool view_serves(const struct hb_view *v);

/* Since when a COMMIT of ours has waited for the other's acknowledgement, if for longer than is usual; 0: none. */
uint64_t view_commit_waits_us(const struct hb_view *v);

/* The standby that every payment waits for now, for it has to hold each; HB_NOBODY: none, as far as is heard here. */
uint8_t view_awaited(const struct hb_view *v);

/* heartbeat/explain_death.c: what happens if each of them dies now. */
void view_explain_deaths(const struct hb_view *v);

#endif
