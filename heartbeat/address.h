/*
 * The cluster's address on this host, and keepalived, which moves it: is it where heartbeatd's word says, and does keepalived
 * still hear? keepalived reads a file that it tracks whenever it was written; one that does not read is hung or gone,
 * whatever its process looks like. The remedy is one for all: keepalived is started again, for it then removes what it may
 * not have and takes what it may. Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_ADDRESS_H
#define HOLDFAST_HEARTBEAT_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/* What is wrong: value, text for people. In the order in which they are named when more than one is. */
#define ADDRESS_ALARMS(X)                                                                                              \
	X(FINE, "")                                                                                                    \
	X(DEAF, "keepalived does not listen: it is being started again; systemctl status keepalived")                  \
	X(STRAY, "the address is here and must not be: keepalived is being started again to remove it")                \
	X(MISSING,                                                                                                     \
	    "the address should be here and is not: keepalived is being started again; systemctl status keepalived")
enum address_alarm {
#define X(id, text) ADDRESS_##id,
	ADDRESS_ALARMS(X)
#undef X
	    ADDRESS_ALARM_COUNT
};

struct address {
	bool wanted, here;
	uint64_t differ_us; /* since when here is not as wanted; 0: it is */
	uint64_t asked_us;  /* when keepalived was first given what it has not read yet; 0: it has read all */
	uint64_t given_us;  /* when it was given something last */
	bool heard;	    /* it has read at least once */
	uint64_t looked_us;
	enum address_alarm alarm;
	uint64_t repair_us, repair_wait_us; /* the next repair not before; and the one after it so much later */
};

struct address_todo {
	bool ask;     /* write the file again that keepalived tracks, then address_look() goes on by itself */
	bool repair;  /* have keepalived started again */
	bool changed; /* the alarm is another one than before */
};

/* All times are microseconds of one clock that does not go back, and are not 0. */
void address_start(struct address *a, uint64_t now_us);
void address_set_wanted(struct address *a, bool wanted, uint64_t now_us);
void address_set_here(struct address *a, bool here, uint64_t now_us);

/* keepalived has read the file. */
void address_heard(struct address *a);

/* What is to be done now? To be called often: what comes too late counts as a pause of ours, not as silence of keepalived. */
void address_look(struct address *a, uint64_t now_us, struct address_todo *ret);

/* "" for ADDRESS_FINE. */
const char *address_alarm_text(enum address_alarm alarm);

#endif
