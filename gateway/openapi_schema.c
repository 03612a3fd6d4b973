/* The schemas of the description: of members, bodies, answers and lists. */
#include "gateway/event.h"
#include "gateway/openapi_parts.h"

#include <stdio.h>
#include <string.h>

#define TOKEN_PATTERN "^st_[0-9a-f]{64}$"
#define CURSOR_PATTERN "^[A-Za-z0-9_-]{43}$"

json_t *openapi_id(const char *prefix)
{
	/* The first of the 26 digits holds three bits. */
	return json_pack("{s:s, s:s++}", "type", "string", "pattern", "^", prefix, "[0-7][0-9A-HJKMNP-TV-Z]{25}$");
}

const char *openapi_request_name(const struct operation *o, char buf[static OPENAPI_NAME_BYTES])
{
	(void)snprintf(buf, OPENAPI_NAME_BYTES, "%sRequest", o->id);
	return buf;
}

static json_t *words_of_text(struct openapi *d, const char *words)
{
	json_t *ret = json_array();

	for (size_t n; *words; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		openapi_add(d, ret, json_stringn(words, n));
	}
	return ret;
}

static json_t *words_of_status(struct openapi *d, const char *(*word)(uint8_t))
{
	json_t *ret = json_array();

	for (uint8_t i = 0; i < RESOURCE_STATUS_END; i++)
		if (word(i))
			openapi_add(d, ret, json_string(word(i)));
	return ret;
}

static json_t *words_of_events(struct openapi *d)
{
	json_t *ret = json_array();

	for (uint8_t i = EVENT_NONE + 1; i < EVENT_TYPE_END; i++)
		openapi_add(d, ret, json_string(event_word(i)));
	return ret;
}

static json_t *words_of_problems(struct openapi *d)
{
	json_t *ret = json_array();

	/* The unknown outcome shares its word with the internal error. */
	for (unsigned i = 0; i < PROBLEM_CODE_COUNT; i++)
		if (i != PROBLEM_OUTCOME_UNKNOWN)
			openapi_add(d, ret, json_string(problem_word((enum problem_code)i)));
	return ret;
}

static json_t *words_of_shape(struct openapi *d, const struct field_shape *s)
{
	json_t *ret = json_array();
	char word[FIELD_WORD_BYTES];

	for (unsigned i = 0; s->word(i, word); i++)
		openapi_add(d, ret, json_string(word));
	return ret;
}

/* An object of these members of one of the tables; nothing else may be in it. */
static json_t *object_of(struct openapi *d, const struct field *table, uint8_t of)
{
	json_t *properties = json_object(), *required = json_array();

	for (const struct field *f = table; f->name; f++) {
		if (f->op != of)
			continue;
		openapi_put(d, properties, f->name, openapi_ref("schemas", field_shape(f->type)->schema));
		if (f->required)
			openapi_add(d, required, json_string(f->name));
	}
	return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required", required,
	    "additionalProperties", 0);
}

static json_t *metadata_schema(struct openapi *d, const struct field_shape *s, bool merges)
{
	json_t *value = json_pack("{s:s, s:i}", "type", "string", "maxLength", METADATA_VALUE_BYTES_MAX);

	if (merges)
		openapi_put(d, value, "type", json_pack("[s, s]", "string", "null"));
	return json_pack("{s:s, s:I, s:{s:i, s:i}, s:o}", "type", "object", "maxProperties", (json_int_t)s->max,
	    "propertyNames", "minLength", 1, "maxLength", METADATA_KEY_BYTES_MAX, "additionalProperties", value);
}

static json_t *string_schema(struct openapi *d, const struct field_shape *s)
{
	json_t *ret;

	if (s->prefix)
		return openapi_id(s->prefix);
	if (s->word)
		return json_pack("{s:s, s:o}", "type", "string", "enum", words_of_shape(d, s));
	ret = json_pack(
	    "{s:s, s:I, s:I}", "type", "string", "minLength", (json_int_t)s->min, "maxLength", (json_int_t)s->max);
	if (s->pattern)
		openapi_put(d, ret, "pattern", json_string(s->pattern));
	return ret;
}

static json_t *shape_schema(struct openapi *d, enum field_type type)
{
	const struct field_shape *s = field_shape(type);
	char name[OPENAPI_NAME_BYTES];
	json_t *ret = NULL;

	switch (s->json) {
	case FIELD_STRING: ret = string_schema(d, s); break;
	case FIELD_BOOLEAN: ret = json_pack("{s:s}", "type", "boolean"); break;
	case FIELD_INTEGER:
		ret = json_pack(
		    "{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)s->min, "maximum", (json_int_t)s->max);
		break;
	case FIELD_ARRAY:
		for (const struct operation *o = operations; o->id; o++)
			if (o->op == OP_TRANSFER_CREATE)
				(void)openapi_request_name(o, name);
		ret = json_pack("{s:s, s:I, s:I, s:o}", "type", "array", "minItems", (json_int_t)s->min, "maxItems",
		    (json_int_t)s->max, "items", openapi_ref("schemas", name));
		break;
	case FIELD_OBJECT:
		ret = type == FIELD_METADATA || type == FIELD_METADATA_PATCH
			  ? metadata_schema(d, s, type == FIELD_METADATA_PATCH)
			  : object_of(d, field_members, (uint8_t)type);
		break;
	}
	if (s->nullable)
		openapi_put(d, ret, "type", json_pack("[s, s]", "integer", "null"));
	if (s->says)
		openapi_put(d, ret, "description", json_string(s->says));
	return ret;
}

static json_t *one_of(struct openapi *d, const char *names)
{
	json_t *list = json_array(), *name;
	json_t *words = words_of_text(d, names);
	size_t i;

	json_array_foreach(words, i, name)
	{
		openapi_add(d, list, openapi_ref("schemas", json_string_value(name)));
	}
	json_decref(words);
	return json_pack("{s:o}", "anyOf", list);
}

static json_t *member_schema(struct openapi *d, const struct resource_member *m)
{
	switch (m->is) {
	case MEMBER_WORD: return json_pack("{s:s, s:o}", "type", "string", "enum", words_of_text(d, m->text));
	case MEMBER_STATUS: return json_pack("{s:s, s:o}", "type", "string", "enum", words_of_status(d, m->word));
	case MEMBER_EVENT: return json_pack("{s:s, s:o}", "type", "string", "enum", words_of_events(d));
	case MEMBER_CODE: return json_pack("{s:s, s:o}", "type", "string", "enum", words_of_problems(d));
	case MEMBER_ID: return openapi_id(m->text);
	case MEMBER_TOKEN: return json_pack("{s:s, s:s}", "type", "string", "pattern", TOKEN_PATTERN);
	case MEMBER_SHAPE: return openapi_ref("schemas", m->text);
	case MEMBER_TIME: return openapi_ref("schemas", "Time");
	case MEMBER_COUNT: return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
	case MEMBER_NUMBER: return json_pack("{s:s}", "type", "integer");
	case MEMBER_FLAG: return json_pack("{s:s}", "type", "boolean");
	case MEMBER_TEXT: return json_pack("{s:s}", "type", "string");
	case MEMBER_ONE_OF: return one_of(d, m->text);
	case MEMBER_LIST: return json_pack("{s:s, s:o}", "type", "array", "items", openapi_ref("schemas", m->text));
	}
	return NULL;
}

/* What answers have may become more: nothing is said of other members. */
static json_t *resource_of(struct openapi *d, uint8_t resource)
{
	json_t *properties = json_object(), *required = json_array();

	for (const struct resource_member *m = resource_members; m->of; m++) {
		json_t *schema;

		if (m->of != resource)
			continue;
		schema = member_schema(d, m);
		if (m->presence == MEMBER_OR_NULL)
			schema = json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
		openapi_put(d, properties, m->name, schema);
		if (m->presence != MEMBER_OPTIONAL)
			openapi_add(d, required, json_string(m->name));
	}
	return json_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties, "required", required);
}

static json_t *list_of(const char *schema)
{
	return json_pack("{s:s, s:{s:{s:s, s:[s]}, s:{s:s, s:o}, s:{s:s}, s:{s:[s, s], s:s}}, s:[s, s, s, s]}", "type",
	    "object", "properties", "object", "type", "string", "enum", "list", "data", "type", "array", "items",
	    openapi_ref("schemas", schema), "has_more", "type", "boolean", "next_cursor", "type", "string", "null",
	    "pattern", CURSOR_PATTERN, "required", "object", "data", "has_more", "next_cursor");
}

json_t *openapi_parameter(struct openapi *d, const struct page_kind *kind, const struct page_parameter *p)
{
	switch (p->is) {
	case PAGE_IS_LIMIT:
		return json_pack("{s:s, s:i, s:i, s:i}", "type", "integer", "minimum", 1, "maximum", PAGE_LIMIT_MAX,
		    "default", PAGE_LIMIT_DEFAULT);
	case PAGE_IS_CURSOR:
		return json_pack("{s:s, s:s}", "type", "string", "pattern",
		    kind->takes & PAGE_TYPES ? "^([A-Za-z0-9_-]{43}|latest)$" : CURSOR_PATTERN);
	case PAGE_IS_ACCOUNT: return openapi_ref("schemas", field_shape(FIELD_TO)->schema);
	case PAGE_IS_STATUS:
		return json_pack("{s:s, s:o}", "type", "string", "enum", words_of_status(d, kind->status_word));
	case PAGE_IS_REFERENCE: return openapi_ref("schemas", field_shape(FIELD_REFERENCE)->schema);
	case PAGE_IS_FROM:
	case PAGE_IS_TO: return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
	case PAGE_IS_TYPES:
		return json_pack("{s:s, s:i, s:{s:s, s:o}}", "type", "array", "minItems", 1, "items", "type", "string",
		    "enum", words_of_events(d));
	}
	return NULL;
}

static bool has_body(const struct operation *o)
{
	for (const struct route *r = routes; r->method; r++)
		if (r->op == o->op)
			return r->keyed;
	return false;
}

void openapi_put_schemas(struct openapi *d)
{
	char name[OPENAPI_NAME_BYTES];

	for (unsigned i = 0; i < FIELD_TYPE_END; i++)
		if (!json_object_get(d->schemas, field_shape((enum field_type)i)->schema))
			openapi_put(d, d->schemas, field_shape((enum field_type)i)->schema,
			    shape_schema(d, (enum field_type)i));
	openapi_put(d, d->schemas, "Time",
	    json_pack("{s:s, s:s, s:s}", "type", "string", "format", "date-time", "pattern",
		"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$"));
	for (unsigned i = RESOURCE_NONE + 1; i < RESOURCE_END; i++)
		openapi_put(d, d->schemas, resource_schema((enum resource)i), resource_of(d, (uint8_t)i));
	for (const struct operation *o = operations; o->id; o++) {
		if (o->op && has_body(o))
			openapi_put(d, d->schemas, openapi_request_name(o, name), object_of(d, fields, o->op));
		if (o->list) {
			(void)snprintf(name, sizeof(name), "%sList", resource_schema(o->answer));
			openapi_put(d, d->schemas, name, list_of(resource_schema(o->answer)));
		}
	}
}
