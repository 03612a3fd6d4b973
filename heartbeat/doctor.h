/*
 * The usual mistakes of a machine and its network, found from what was seen of them, and how each is mended. Who is active and whether
 * payments are answered is for `status` and `explain`; here stands what they rest on. Pure: heartbeat/ctl_doctor.c looks.
 */
#ifndef HOLDFAST_HEARTBEAT_DOCTOR_H
#define HOLDFAST_HEARTBEAT_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/conf.h"
#include "heartbeat/roster.h"
#include "heartbeat/settings_same.h"

#define DOCTOR_LIST_MAX 48
#define DOCTOR_TEXT_BYTES 256

enum doctor_grade {
	DOCTOR_WELL,
	DOCTOR_DOUBTFUL, /* works, and will not do so for ever, or could not be looked at */
	DOCTOR_WRONG,
};

enum doctor_clock { DOCTOR_CLOCK_UNKNOWN, DOCTOR_CLOCK_FREE, DOCTOR_CLOCK_SYNCED };

/* Who answers for the virtual address on our network. */
enum doctor_vip {
	DOCTOR_VIP_UNKNOWN, /* it could not be asked */
	DOCTOR_VIP_NOBODY,
	DOCTOR_VIP_ACTIVE, /* the machine that serves, this one or the other */
	DOCTOR_VIP_STRANGER,
};

/* What was seen. Texts are terminated; the unused end of a list is not looked at. */
struct doctor_facts {
	char conf_wrong[4 * DOCTOR_TEXT_BYTES]; /* what is wrong with holdfast.conf, one a line; "" nothing */
	enum doctor_clock clock;
	char network[DOCTOR_TEXT_BYTES]; /* what is wrong with address and interface; "" nothing */
	unsigned mtu_bytes;		 /* of the interface of the address; 0 not known */

	char no_answer
	    [DOCTOR_TEXT_BYTES]; /* why heartbeatd says nothing; "" it answers, and the members are known. Of a worker host: why the gateways are not */
	char own[DOCTOR_TEXT_BYTES]; /* why this member is not as it should be, as `status` has it; "" it is */
	bool outside;		     /* it is no member any more, given up or replaced */
	char active[16];	     /* "" nobody */
	enum doctor_vip vip;
	char stranger[18]; /* its hardware address */
	struct doctor_member {
		char name[16], address[48];
		bool heard;
		char other[16];	   /* of a worker host: who is at that address instead; "" not known */
		uint32_t lease_ms; /* as it is configured there; 0: not known */
	} member[DOCTOR_LIST_MAX]; /* the others; of a worker host the gateways, heard: they let it in */
	size_t members;
	char peer[16];					  /* of a gateway: the other one; "" there is none */
	bool peer_tells;				  /* what it has of what both are to have the same */
	struct settings_unlike unlike[SETTINGS_SAME_MAX]; /* it has otherwise */
	size_t unlikes;
	bool is_new; /* a worker host that joined a moment ago */
	struct {
		char name[16], address[48];
		unsigned port;
		int code; /* 0: connected; -errno */
	} port[DOCTOR_LIST_MAX];
	size_t ports;

	struct {
		char name[64];
		bool enabled, active,
		    wanted; /* wanted: to be enabled and active; otherwise neither, where active is of sockets only */
	} unit[DOCTOR_LIST_MAX];
	size_t units;
	struct {
		char path[128];
		char what[96];
	} file[DOCTOR_LIST_MAX]; /* files that are not as they have to be: another content, others may read it */
	size_t files;
	struct {
		char name[32], words[DOCTOR_TEXT_BYTES];
	} refusal[4]; /* programs that do not take their configuration */
	size_t refusals;

	struct {
		const char *path; /* borrowed */
		int64_t left_s;	  /* below 0: it has ended */
		char unread[96];  /* why it could not be read; "" it could */
	} certificate[4];
	size_t certificates;

	struct {
		char name[16], address[48];
		char state[12];	  /* heartbeat/ctl_hosts.h */
		char name_of[80]; /* whose name it has, too; "" nobody's */
	} host[ROSTER_LIVE_MAX];  /* worker hosts */
	size_t hosts;
	bool hosts_pending; /* HAProxy here was not told yet of a change of their list or certificates */

	uint64_t capabilities; /* that a service of this machine can have, a bit each (capabilities(7)) */
	bool capabilities_known;

	char forgetful
	    [24]; /* the file system of the state directory, where that loses what was synced; "" it does not, or is not known */
	uint32_t sync_us; /* median of writing and syncing 4 KiB there; 0 not known */
	uint64_t free_mb;
	unsigned free_percent; /* 0 to 100; above: not known */
};

struct doctor_finding {
	const char *check; /* the word of the table */
	const char *mend;  /* "" where there is nothing to mend */
	enum doctor_grade grade;
	char text[DOCTOR_TEXT_BYTES];
};

struct doctor_report {
	struct doctor_finding finding[4 * DOCTOR_LIST_MAX];
	size_t findings;
};

#define DOCTOR_ALWAYS (1u << 31) /* needs nothing of holdfast.conf */

struct doctor_check {
	const char *word;
	const char *looks_at; /* for the manual */
	const char *mend;
	unsigned kinds; /* bit per enum conf_kind that has it; DOCTOR_ALWAYS */
	void (*judge)(const struct doctor_facts *f, const struct conf *conf, const struct doctor_check *c,
	    struct doctor_report *r);
};

extern const struct doctor_check doctor_checks[];
extern const size_t doctor_checks_count;

/* Every check that a machine of this kind has finds at least one thing: that it is well, or what is not; but where heartbeatd does not answer,
 * and on who is no member any more, those that ask about the others find nothing, and where conf is not good nothing is found of what it is about. Returns the worst. */
enum doctor_grade doctor_judge(const struct doctor_facts *f, const struct conf *conf, struct doctor_report *ret);

const char *doctor_grade_word(enum doctor_grade grade);

#endif
