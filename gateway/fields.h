/* The members of a request's JSON body: tables that say what each route has and what each must be; they read and document them. No I/O. */
#ifndef HOLDFAST_GATEWAY_FIELDS_H
#define HOLDFAST_GATEWAY_FIELDS_H

#include <stdbool.h>

#include "gateway/intake.h"

#define FIELD_WORD_BYTES 16

enum field_type {
	FIELD_AMOUNT,
	FIELD_CURRENCY,
	FIELD_KIND,
	FIELD_OWNER,
	FIELD_FIRST_MIN, /* of an account that is opened */
	FIELD_FIRST_MAX,
	FIELD_MIN,
	FIELD_MAX,
	FIELD_METADATA,
	FIELD_METADATA_PATCH,
	FIELD_FROM,
	FIELD_TO,
	FIELD_CHANNEL,
	FIELD_REFERENCE,
	FIELD_CAPTURE,
	FIELD_HOLD_SECONDS,
	FIELD_FEE,
	FIELD_FEE_BPS,
	FIELD_FEE_FIXED,
	FIELD_FINAL,
	FIELD_DESTINATION,
	FIELD_DESTINATION_TYPE,
	FIELD_DESTINATION_VALUE,
	FIELD_ATOMIC,
	FIELD_ITEMS,
	FIELD_LOGIN,
	FIELD_NAME,
	FIELD_PASSWORD,	    /* that is to be checked */
	FIELD_NEW_PASSWORD, /* that is to be one */
	FIELD_TYPE_END
};

enum field_json { FIELD_STRING, FIELD_INTEGER, FIELD_BOOLEAN, FIELD_OBJECT, FIELD_ARRAY };

/* What a member of this type has to be. */
struct field_shape {
	const char *schema; /* its name in the description of the API */
	enum field_json json;
	int64_t min, max;    /* integer: its value; string: characters; object: members; array: items */
	const char *prefix;  /* of an identifier; NULL: it is none */
	const char *pattern; /* of a string, as ECMA-262 has them; NULL: none */
	bool (*word)(unsigned i, char ret[static FIELD_WORD_BYTES]); /* it is one of these; false: there is no i-th */
	bool nullable;						     /* null takes it away */
	const char *says;					     /* what cannot be told otherwise; NULL: nothing */
};

struct field {
	uint8_t op; /* enum op_kind; in field_members: enum field_type, what it is a member of */
	const char *name;
	enum field_type type;
	bool required;
};

/* Of the bodies, and of the objects in them; name NULL ends them. Each item of FIELD_ITEMS has the fields of OP_TRANSFER_CREATE. */
extern const struct field fields[], field_members[];

const struct field_shape *field_shape(enum field_type type);

/* Members of metadata; their values are strings. */
#define METADATA_KEY_BYTES_MAX 64
#define METADATA_VALUE_BYTES_MAX 500

/* Reads in->root into in->m. All errors at once; false with in->refusal filled. */
bool fields_read(struct intake *in);

#endif
