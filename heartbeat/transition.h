/*
 * How the role came here, and where the time went: the moments of one opening, turned into stages. For show and for
 * measurement only; nothing is decided by it. Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_TRANSITION_H
#define HOLDFAST_HEARTBEAT_TRANSITION_H

#include <stdint.h>

/* name, word, what it is */
#define HB_STAGES(X)                                                                                                   \
	X(DETECT, "detect", "from the last sign of the old active to the first ballot")                                \
	X(VOTE, "vote", "until the record named this node")                                                            \
	X(CUT, "cut", "until the path of acknowledgements was found cut")                                              \
	X(DRAIN, "drain", "until everything received was applied")                                                     \
	X(PROMOTE, "promote", "until the record was open, the database writable and the barrier committed")            \
	X(ADDRESS, "address", "from the vote until the address was here, beside cut, drain and promote")               \
	X(ANSWER, "answer", "from the later of these two until the first payment; -: at once, or none came yet")
enum hb_stage {
#define X(id, word, help) HB_STAGE_##id,
	HB_STAGES(X)
#undef X
	    HB_STAGE_COUNT
};

/* When each of them ended; 0: not yet, or never. CLOCK_BOOTTIME. */
struct hb_moments {
	uint64_t began_us; /* the last sign of the old active; 0: nobody was active before, as far as we know */
	uint64_t end_us[HB_STAGE_COUNT];
};

/* One that was completed. Made by the node that opened, heard by the others with its facts. */
struct hb_transition {
	uint64_t epoch; /* 0: none */
	uint64_t at_ms; /* wall clock at its end */
	/* Until it served, and but for a switchover had the address; 0: since when nobody did is not known. */
	uint32_t took_ms;
	uint16_t stage_ms[HB_STAGE_COUNT]; /* 65535: that or more; 0 also when it is not known */
	uint8_t from, to, reason;	   /* member numbers; enum hb_reason */
};

/* The end of a stage, if it has not ended before. */
void hb_moment(struct hb_moments *m, enum hb_stage stage, uint64_t now_us);

/* Fills in stage_ms and took_ms. */
void hb_transition_stages(const struct hb_moments *m, struct hb_transition *t);

const char *hb_stage_text(unsigned stage);

#endif
