/* The description of the API and the tables that serve it: whatever is in the one is in the other. */
#include "gateway/account.h"
#include "gateway/fields.h"
#include "gateway/openapi.h"
#include "gateway/operation.h"
#include "gateway/page.h"
#include "gateway/payment.h"
#include "gateway/resource.h"
#include "gateway/scope.h"
#include "gateway/user.h"
#include "gateway/withdrawal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#define REF "#/components/"

static json_t *document;

static int set_up(void **state)
{
	(void)state;
	document = openapi_make();
	return document ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	json_decref(document);
	return 0;
}

static json_t *component(const char *where, const char *name)
{
	return json_object_get(json_object_get(json_object_get(document, "components"), where), name);
}

/* What a {"$ref":...} stands for, or the thing itself. */
static json_t *resolved(json_t *v)
{
	const char *ref = json_string_value(json_object_get(v, "$ref"));
	char where[64];
	const char *name;

	if (!ref)
		return v;
	assert_int_equal(strncmp(ref, REF, sizeof(REF) - 1), 0);
	name = strchr(ref + sizeof(REF) - 1, '/');
	assert_non_null(name);
	(void)snprintf(where, sizeof(where), "%.*s", (int)(name - ref - (long)sizeof(REF) + 1), ref + sizeof(REF) - 1);
	assert_non_null(component(where, name + 1));
	return component(where, name + 1);
}

static json_t *operation_in_document(const struct route *r)
{
	json_t *path = json_object_get(json_object_get(document, "paths"), r->template);
	const char *method;
	json_t *v;

	json_object_foreach(path, method, v)
	{
		if (strcasecmp(method, r->method) == 0)
			return v;
	}
	return NULL;
}

static const struct route *route_of(const char *template, const char *method)
{
	for (const struct route *r = routes; r->method; r++)
		if (strcmp(r->template, template) == 0 && strcasecmp(r->method, method) == 0)
			return r;
	return NULL;
}

static void test_every_route_and_no_other(void **state)
{
	const char *template, *method;
	json_t *path, *operation;
	size_t there = 0, served = 0;

	(void)state;
	for (const struct route *r = routes; r->method; r++, served++) {
		assert_non_null(operation_of(r));
		assert_non_null(operation_in_document(r));
	}
	json_object_foreach(json_object_get(document, "paths"), template, path)
	{
		json_object_foreach(path, method, operation)
		{
			assert_non_null(route_of(template, method));
			there++;
		}
	}
	assert_int_equal(there, served);
}

static void test_every_operation_is_a_route(void **state)
{
	(void)state;
	for (const struct operation *o = operations; o->id; o++) {
		unsigned found = 0;

		for (const struct route *r = routes; r->method; r++)
			found += operation_of(r) == o;
		assert_int_equal(found, 1);
		for (const struct operation *other = operations; other < o; other++)
			assert_string_not_equal(other->id, o->id);
		assert_true(o->list == (page_kind(o->op) != NULL));
	}
}

static json_t *schema_of_body(const struct route *r)
{
	json_t *body = json_object_get(operation_in_document(r), "requestBody");
	json_t *content = json_object_get(json_object_get(body, "content"), "application/json");

	return resolved(json_object_get(content, "schema"));
}

static bool is_required(const json_t *schema, const char *name)
{
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(schema, "required"), i, v)
	{
		if (strcmp(json_string_value(v), name) == 0)
			return true;
	}
	return false;
}

/* The properties of a schema are those of the table, and each says the limits of its shape. */
static void check_fields(const struct field *table, uint8_t of, json_t *schema)
{
	json_t *properties = json_object_get(schema, "properties");
	size_t count = 0;

	assert_true(json_is_object(properties));
	for (const struct field *f = table; f->name; f++) {
		const struct field_shape *s = field_shape(f->type);
		json_t *is;

		if (f->op != of)
			continue;
		count++;
		is = resolved(json_object_get(properties, f->name));
		assert_true(json_is_object(is));
		assert_true(f->required == is_required(schema, f->name));
		if (s->json == FIELD_INTEGER) {
			assert_true(json_integer_value(json_object_get(is, "minimum")) == s->min);
			assert_true(json_integer_value(json_object_get(is, "maximum")) == s->max);
		} else if (s->json == FIELD_STRING && !s->word && !s->prefix) {
			assert_true(json_integer_value(json_object_get(is, "minLength")) == s->min);
			assert_true(json_integer_value(json_object_get(is, "maxLength")) == s->max);
		} else if (s->json == FIELD_ARRAY) {
			assert_true(json_integer_value(json_object_get(is, "maxItems")) == s->max);
			check_fields(fields, OP_TRANSFER_CREATE, resolved(json_object_get(is, "items")));
		} else if (f->type == FIELD_FEE || f->type == FIELD_DESTINATION) {
			check_fields(field_members, (uint8_t)f->type, is);
		}
	}
	assert_int_equal(json_object_size(properties), count);
	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
}

static void test_every_field_and_no_other(void **state)
{
	(void)state;
	for (const struct route *r = routes; r->method; r++) {
		if (r->keyed)
			check_fields(fields, r->op, schema_of_body(r));
		else
			assert_null(json_object_get(operation_in_document(r), "requestBody"));
	}
	for (const struct field *f = fields; f->name; f++) {
		bool found = false;

		for (const struct route *r = routes; r->method; r++)
			found = found || (r->op == f->op && r->keyed);
		assert_true(found);
	}
}

static json_t *parameter_of(const struct route *r, const char *in, const char *name)
{
	json_t *v, *is;
	size_t i;

	json_array_foreach(json_object_get(operation_in_document(r), "parameters"), i, v)
	{
		is = resolved(v);
		if (strcmp(json_string_value(json_object_get(is, "in")), in) == 0 &&
		    (!name || strcasecmp(json_string_value(json_object_get(is, "name")), name) == 0))
			return is;
	}
	return NULL;
}

static void test_every_parameter_and_no_other(void **state)
{
	(void)state;
	for (const struct route *r = routes; r->method; r++) {
		const struct page_kind *page = page_kind(r->op);
		json_t *key = parameter_of(r, "header", "Idempotency-Key");
		size_t count = json_array_size(json_object_get(operation_in_document(r), "parameters"));
		size_t should = 1U + (r->keyed != ROUTE_KEY_NONE) + (r->param != ROUTE_PARAM_NONE);

		for (const struct page_parameter *p = page_parameters; page && p->name; p++) {
			bool takes = !p->takes || (page->takes & p->takes);

			assert_true(takes == (parameter_of(r, "query", p->name) != NULL));
			should += takes;
		}
		assert_int_equal(count, should);
		assert_true((key != NULL) == (r->keyed != ROUTE_KEY_NONE));
		assert_true(json_is_true(json_object_get(key, "required")) == (r->keyed == ROUTE_KEY_REQUIRED));
		assert_true((parameter_of(r, "path", NULL) != NULL) == (r->param != ROUTE_PARAM_NONE));
	}
}

static bool has_word(const json_t *list, const char *word)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		if (strcmp(json_string_value(v), word) == 0)
			return true;
	}
	return false;
}

static json_t *codes_of(json_t *response)
{
	json_t *content = json_object_get(json_object_get(response, "content"), "application/problem+json");
	json_t *both = json_object_get(json_object_get(content, "schema"), "allOf");

	return json_object_get(json_object_get(json_object_get(json_array_get(both, 1), "properties"), "code"), "enum");
}

static void test_every_code_and_no_other(void **state)
{
	json_t *words = json_object_get(
	    json_object_get(json_object_get(component("schemas", "Problem"), "properties"), "code"), "enum");
	const char *name;
	json_t *response, *code;
	size_t i;

	(void)state;
	for (unsigned c = 0; c < PROBLEM_CODE_COUNT; c++)
		assert_true(has_word(words, problem_word((enum problem_code)c)));
	assert_int_equal(json_array_size(words), PROBLEM_CODE_COUNT - 1); /* the unknown outcome is "internal" too */
	assert_non_null(component("responses", "404.not_found"));
	json_object_foreach(json_object_get(json_object_get(document, "components"), "responses"), name, response)
	{
		unsigned status = (unsigned)strtoul(name, NULL, 10);

		json_array_foreach(codes_of(response), i, code)
		{
			bool found = status == 502; /* the edge's own */

			for (unsigned c = 0; c < PROBLEM_CODE_COUNT; c++)
				found = found ||
					(problem_status((enum problem_code)c) == status &&
					    strcmp(problem_word((enum problem_code)c), json_string_value(code)) == 0);
			assert_true(found);
		}
		assert_true(i > 0);
	}
}

/* What an operation may be refused for is what the document says of it, but for what the edge adds. */
static void test_codes_of_each_operation(void **state)
{
	(void)state;
	for (const struct route *r = routes; r->method; r++) {
		json_t *responses = json_object_get(operation_in_document(r), "responses");
		uint64_t problems = operation_problems(r);
		size_t said = 0, meant = 4; /* 408, 429, 502 and 504 of the edge */
		const char *status;
		json_t *v;

		for (unsigned c = 0; c < PROBLEM_CODE_COUNT; c++) {
			char text[8];

			if (!(problems & PROBLEM_BIT(c)))
				continue;
			(void)snprintf(text, sizeof(text), "%u", problem_status((enum problem_code)c));
			assert_true(has_word(
			    codes_of(resolved(json_object_get(responses, text))), problem_word((enum problem_code)c)));
			meant += c != PROBLEM_OUTCOME_UNKNOWN && c != PROBLEM_RATE_LIMITED;
		}
		json_object_foreach(responses, status, v)
		{
			said += json_array_size(codes_of(resolved(v)));
		}
		assert_int_equal(said, meant);
	}
}

static void test_scopes(void **state)
{
	(void)state;
	for (const struct route *r = routes; r->method; r++) {
		json_t *security = json_object_get(operation_in_document(r), "security"), *v, *words = NULL;
		bool key = false, session = false;
		char word[SCOPE_TEXT_BYTES];
		size_t i;

		json_array_foreach(security, i, v)
		{
			if (json_object_get(v, "apiKey")) {
				key = true;
				words = json_object_get(v, "apiKey");
			}
			session = session || json_object_get(v, "session");
		}
		assert_true(key == (r->op && !(r->scope & (SCOPE_PUBLIC | SCOPE_SESSION))));
		assert_true(session == (r->op && (r->scope & SCOPES_OF_SESSION) == r->scope));
		for (uint32_t bit = 1; key && bit < SCOPE_ALL; bit <<= 1)
			assert_true(has_word(words, scope_format(bit, word)) == ((r->scope & bit) != 0));
	}
}

/* What is written has the members that the table names, and no others. */
static void check_members(enum resource resource, struct text *t)
{
	json_t *got = json_loadb(t->at, t->used, JSON_REJECT_DUPLICATES, NULL);
	const char *name;
	json_t *v;

	assert_non_null(got);
	for (const struct resource_member *m = resource_members; m->of; m++) {
		if (m->of != resource)
			continue;
		v = json_object_get(got, m->name);
		assert_true(v || m->presence == MEMBER_OPTIONAL);
		assert_true(!json_is_null(v) || m->presence == MEMBER_OR_NULL);
	}
	json_object_foreach(got, name, v)
	{
		bool found = false;

		for (const struct resource_member *m = resource_members; m->of; m++)
			found = found || (m->of == resource && strcmp(m->name, name) == 0);
		assert_true(found);
	}
	json_decref(got);
	text_clear(t);
}

static void test_what_is_written_is_described(void **state)
{
	static char buf[8192];
	struct account a = {.kind = ACCOUNT_WALLET, .currency = "CNY"};
	struct payment p = {.currency = "CNY", .hold = HOLD_OPEN, .authorized = 5};
	struct withdrawal w = {.currency = "CNY",
	    .channel = "bank",
	    .status = WITHDRAWAL_PENDING,
	    .destination = "x",
	    .destination_bytes = 1};
	struct user u = {.login = "anna", .display_name = "Anna"};
	struct session s = {.created_us = 1, .expires_us = 2};
	struct problem_field field = {"/amount", "required"};
	struct problem problem = {.code = PROBLEM_VALIDATION_FAILED,
	    .detail = "x",
	    .param = "amount",
	    .request_id = "r",
	    .request_id_bytes = 1,
	    .fields = &field,
	    .field_count = 1};
	struct text t;

	(void)state;
	text_init(&t, buf, sizeof(buf));
	account_render(&t, &a, "", 0);
	check_members(RESOURCE_ACCOUNT, &t);
	a.has_owner = a.has_min = a.has_max = true;
	account_render(&t, &a, "", 0);
	check_members(RESOURCE_ACCOUNT, &t);
	account_render_balance(&t, &a, 7);
	check_members(RESOURCE_BALANCE, &t);
	payment_render(&t, &p);
	check_members(RESOURCE_PAYMENT, &t);
	p.has_fee = true;
	p.expires_us = 7;
	payment_render(&t, &p);
	check_members(RESOURCE_PAYMENT, &t);
	withdrawal_render(&t, &w);
	check_members(RESOURCE_WITHDRAWAL, &t);
	user_render(&t, &u);
	check_members(RESOURCE_USER, &t);
	session_render(&t, &s, "st_x");
	check_members(RESOURCE_SESSION, &t);
	session_render(&t, &s, NULL);
	check_members(RESOURCE_SESSION, &t);
	problem_render(&t, &problem);
	check_members(RESOURCE_PROBLEM, &t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_route_and_no_other),
	    cmocka_unit_test(test_every_operation_is_a_route),
	    cmocka_unit_test(test_every_field_and_no_other),
	    cmocka_unit_test(test_every_parameter_and_no_other),
	    cmocka_unit_test(test_every_code_and_no_other),
	    cmocka_unit_test(test_codes_of_each_operation),
	    cmocka_unit_test(test_scopes),
	    cmocka_unit_test(test_what_is_written_is_described),
	};

	return cmocka_run_group_tests_name("openapi", tests, set_up, tear_down);
}
