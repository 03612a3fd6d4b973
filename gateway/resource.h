/* What answers consist of, as a table: for the description of the API, and for tests of who writes them. Pure. */
#ifndef HOLDFAST_GATEWAY_RESOURCE_H
#define HOLDFAST_GATEWAY_RESOURCE_H

#include <stdbool.h>
#include <stdint.h>

enum resource {
	RESOURCE_NONE,
	RESOURCE_USER,
	RESOURCE_SESSION,
	RESOURCE_ACCOUNT,
	RESOURCE_BALANCE,
	RESOURCE_ENTRY,
	RESOURCE_TOPUP,
	RESOURCE_TRANSFER,
	RESOURCE_BATCH,
	RESOURCE_BATCH_RESULT,
	RESOURCE_PAYMENT,
	RESOURCE_PAYMENT_FEE,
	RESOURCE_REFUND,
	RESOURCE_WITHDRAWAL,
	RESOURCE_KEY_STATE,
	RESOURCE_EVENT,
	RESOURCE_HEALTH,
	RESOURCE_PROBLEM,
	RESOURCE_PROBLEM_FIELD,
	RESOURCE_DESCRIPTION,
	RESOURCE_END
};

enum member_is {
	MEMBER_WORD,   /* one of those in text, separated by blanks */
	MEMBER_STATUS, /* one of word() */
	MEMBER_EVENT,  /* a type of event */
	MEMBER_CODE,   /* a code of problem.h */
	MEMBER_ID,     /* text: its prefix */
	MEMBER_TOKEN,  /* of a session */
	MEMBER_SHAPE,  /* as a member of requests: text is the name of its schema */
	MEMBER_TIME,
	MEMBER_COUNT,  /* an integer from 0 on */
	MEMBER_NUMBER, /* any integer */
	MEMBER_FLAG,
	MEMBER_TEXT,
	MEMBER_ONE_OF, /* of the resources whose schemas are in text, separated by blanks */
	MEMBER_LIST,   /* of the resource whose schema is text */
};

enum member_presence { MEMBER_ALWAYS, MEMBER_OR_NULL, MEMBER_OPTIONAL };

struct resource_member {
	uint8_t of; /* enum resource; RESOURCE_NONE ends the table */
	const char *name;
	enum member_is is;
	const char *text;
	enum member_presence presence;
	const char *(*word)(uint8_t status); /* NULL for a number that is none */
};

extern const struct resource_member resource_members[];

/* Statuses are small numbers from 0 on. */
#define RESOURCE_STATUS_END 16

/* The name of its schema, NULL for RESOURCE_NONE. */
const char *resource_schema(enum resource resource);

#endif
