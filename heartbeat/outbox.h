/* Messages that one step of the core wants sent, each with the generation of the register that must be durable first. */
#ifndef HOLDFAST_HEARTBEAT_OUTBOX_H
#define HOLDFAST_HEARTBEAT_OUTBOX_H

#include "heartbeat/message.h"

#define HB_TO_SEED 254	 /* the address given to a member that is not admitted yet */
#define HB_TO_SENDER 253 /* whoever sent the message that is being answered */
#define HB_OUTBOX_MAX 32

struct hb_letter {
	uint8_t to;		  /* member number (the own one too: it comes back as a message), HB_TO_... */
	uint64_t need_generation; /* hold it back until this generation of the register is on disk */
	struct hb_message message;
};

struct hb_outbox {
	unsigned count;
	struct hb_letter letter[HB_OUTBOX_MAX];
};

/* A cleared message of that type for `to`, to be filled in by the caller. */
struct hb_message *hb_outbox_add(struct hb_outbox *o, uint8_t to, enum hb_message_type type, uint64_t need_generation);

#endif
