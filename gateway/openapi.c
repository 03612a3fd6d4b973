#include "config.h"

#include "gateway/openapi.h"

#include "gateway/openapi_parts.h"
#include "gateway/scope.h"

#include <stdio.h>
#include <string.h>

#define KEY_PATTERN "^[!-\"$-~]{1,250}$" /* visible ASCII without '#' */
#define EDGE_STATUS 502			 /* of HAProxy's alone: a server broke, etc/haproxy.cfg.in */

static const char about[] =
    "Money between accounts, exactly once. A path that is not named here is 404 for everybody, another method of a "
    "path that is "
    "named 405 with Allow. Every POST that moves or holds money has an Idempotency-Key, and is sent again with the "
    "same key until "
    "there is an answer other than 500, 502, 504 or a broken connection. 503 means: not executed.";

static const struct {
	const char *name, *says, *type;
} headers[] = {
    {"X-Request-Id", "Yours or ours; look for it in the logs", "string"},
    {"Ledger-Seq", "Position in the journal: of the write, or as of which a read is true", "integer"},
    {"Durability", "replicated: two copies; local: one (SOLO)", "string"},
    {"Idempotent-Replayed", "true: repeated, nothing was executed now", "string"},
    {"Retry-After", "Seconds", "integer"},
    {"WWW-Authenticate", "Bearer", "string"},
    {"Allow", "The methods there are", "string"},
};

void openapi_put(struct openapi *d, json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value))
		d->failed = true;
}

void openapi_add(struct openapi *d, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		d->failed = true;
}

json_t *openapi_ref(const char *where, const char *name)
{
	return json_pack("{s:s+++}", "$ref", "#/components/", where, "/", name);
}

static json_t *header_refs(struct openapi *d, const char *const *names)
{
	json_t *ret = json_object();

	for (; *names; names++)
		openapi_put(d, ret, *names, openapi_ref("headers", *names));
	return ret;
}

static json_t *headers_of_problem(struct openapi *d, unsigned status)
{
	static const char *const all[] = {"X-Request-Id", "Ledger-Seq", "Durability", "Idempotent-Replayed", NULL};
	json_t *ret = header_refs(d, all);

	if (status == 401)
		openapi_put(d, ret, "WWW-Authenticate", openapi_ref("headers", "WWW-Authenticate"));
	if (status == 405)
		openapi_put(d, ret, "Allow", openapi_ref("headers", "Allow"));
	if (status == 409 || status == 429 || status > 500)
		openapi_put(d, ret, "Retry-After", openapi_ref("headers", "Retry-After"));
	return ret;
}

/* Answers of this status: any of these codes. It is a component, which is made when it is new. */
static json_t *problem_response(struct openapi *d, unsigned status, json_t *codes)
{
	char name[512], says[512];
	size_t i, used, said = 0;
	json_t *code;

	used = (size_t)snprintf(name, sizeof(name), "%u", status);
	json_array_foreach(codes, i, code)
	{
		used += (size_t)snprintf(name + used, sizeof(name) - used, ".%s", json_string_value(code));
		said += (size_t)snprintf(
		    says + said, sizeof(says) - said, "%s`%s`", i ? ", " : "", json_string_value(code));
		if (used >= sizeof(name) || said >= sizeof(says)) {
			d->failed = true;
			json_decref(codes);
			return NULL;
		}
	}
	if (json_object_get(d->responses, name))
		json_decref(codes);
	else
		openapi_put(d, d->responses, name,
		    json_pack("{s:s, s:o, s:{s:{s:{s:[o, {s:{s:{s:i}, s:{s:o}}}]}}}}", "description", says, "headers",
			headers_of_problem(d, status), "content", "application/problem+json", "schema", "allOf",
			openapi_ref("schemas", resource_schema(RESOURCE_PROBLEM)), "properties", "status", "const",
			(int)status, "code", "enum", codes));
	return openapi_ref("responses", name);
}

static json_t *codes_of(struct openapi *d, uint64_t problems, unsigned status)
{
	json_t *ret = json_array();

	for (unsigned i = 0; i < PROBLEM_CODE_COUNT; i++)
		if ((problems & PROBLEM_BIT(i)) && problem_status((enum problem_code)i) == status)
			openapi_add(d, ret, json_string(problem_word((enum problem_code)i)));
	return ret;
}

static void put_problem(struct openapi *d, json_t *responses, uint64_t problems, unsigned status)
{
	json_t *codes = codes_of(d, problems, status);
	char text[8];

	if (status == EDGE_STATUS)
		openapi_add(d, codes, json_string(problem_word(PROBLEM_INTERNAL)));
	(void)snprintf(text, sizeof(text), "%u", status);
	if (json_array_size(codes))
		openapi_put(d, responses, text, problem_response(d, status, codes));
	else
		json_decref(codes);
}

static json_t *success(struct openapi *d, const struct route *r, const struct operation *o)
{
	static const char *const of_worker[] = {"X-Request-Id", NULL},
				 *const of_ledger[] = {"X-Request-Id", "Ledger-Seq", "Durability", NULL},
				 *const of_write[] = {
				     "X-Request-Id", "Ledger-Seq", "Durability", "Idempotent-Replayed", NULL};
	json_t *ret = json_pack("{s:s, s:o}", "description", o->says, "headers",
	    header_refs(d, r->keyed ? of_write
			   : r->op  ? of_ledger
				    : of_worker));
	char name[OPENAPI_NAME_BYTES];

	if (o->answer == RESOURCE_NONE)
		return ret;
	(void)snprintf(name, sizeof(name), "%s%s", resource_schema(o->answer), o->list ? "List" : "");
	openapi_put(
	    d, ret, "content", json_pack("{s:{s:o}}", "application/json", "schema", openapi_ref("schemas", name)));
	return ret;
}

static json_t *responses_of(struct openapi *d, const struct route *r, const struct operation *o)
{
	/* What comes by way of the edge may be too slow for it, meet its limits, or a server of it that breaks. */
	uint64_t problems = operation_problems(r) | PROBLEM_BIT(PROBLEM_REQUEST_TIMEOUT) |
			    PROBLEM_BIT(PROBLEM_RATE_LIMITED) | PROBLEM_BIT(PROBLEM_OUTCOME_UNKNOWN);
	json_t *ret = json_object();
	char text[8];

	(void)snprintf(text, sizeof(text), "%u", o->status);
	openapi_put(d, ret, text, success(d, r, o));
	for (unsigned status = 400; status < 600; status++)
		put_problem(d, ret, problems, status);
	return ret;
}

static json_t *security_of(struct openapi *d, const struct route *r)
{
	json_t *ret = json_array(), *words = json_array();
	char word[SCOPE_TEXT_BYTES];

	if (!r->op || (r->scope & SCOPE_PUBLIC)) {
		json_decref(words);
		return ret;
	}
	for (uint32_t bit = 1; bit < SCOPE_ALL; bit <<= 1)
		if (r->scope & SCOPE_ALL & bit)
			openapi_add(d, words, json_string(scope_format(bit, word)));
	if (r->scope & SCOPE_SESSION)
		json_decref(words);
	else
		openapi_add(d, ret, json_pack("{s:o}", "apiKey", words));
	if ((SCOPES_OF_SESSION & r->scope) == r->scope)
		openapi_add(d, ret, json_pack("{s:[]}", "session"));
	return ret;
}

static json_t *parameters_of(struct openapi *d, const struct route *r)
{
	const struct page_kind *page = page_kind(r->op);
	json_t *ret = json_array();

	openapi_add(d, ret, openapi_ref("parameters", "XRequestId"));
	if (r->keyed)
		openapi_add(d, ret,
		    openapi_ref(
			"parameters", r->keyed == ROUTE_KEY_REQUIRED ? "IdempotencyKey" : "IdempotencyKeyOptional"));
	if (r->param == ROUTE_PARAM_ID)
		openapi_add(d, ret,
		    json_pack("{s:s, s:s, s:b, s:o}", "name", "id", "in", "path", "required", 1, "schema",
			openapi_id(r->prefix)));
	if (r->param == ROUTE_PARAM_KEY)
		openapi_add(d, ret,
		    json_pack("{s:s, s:s, s:b, s:{s:s, s:s}}", "name", "key", "in", "path", "required", 1, "schema",
			"type", "string", "pattern", KEY_PATTERN));
	for (const struct page_parameter *p = page_parameters; page && p->name; p++)
		if (!p->takes || (page->takes & p->takes))
			openapi_add(d, ret,
			    json_pack("{s:s, s:s, s:s, s:b, s:o}", "name", p->name, "in", "query", "description",
				p->says, "explode", 0, "schema", openapi_parameter(d, page, p)));
	return ret;
}

/* "Transfers" for /v1/transfers/{id}. */
static json_t *tag_of(const struct route *r)
{
	const char *at = strncmp(r->template, "/v1/", 4) == 0 ? r->template + 4 : "operator";

	return json_stringn(at, strcspn(at, "/"));
}

static json_t *operation_object(struct openapi *d, const struct route *r, const struct operation *o)
{
	char name[OPENAPI_NAME_BYTES];
	json_t *ret = json_pack("{s:s, s:s, s:[o], s:o, s:o}", "operationId", o->id, "summary", o->says, "tags",
	    tag_of(r), "security", security_of(d, r), "parameters", parameters_of(d, r));

	if (r->keyed)
		openapi_put(d, ret, "requestBody",
		    json_pack("{s:b, s:{s:{s:o}}}", "required", !r->bare, "content", "application/json", "schema",
			openapi_ref("schemas", openapi_request_name(o, name))));
	openapi_put(d, ret, "responses", responses_of(d, r, o));
	return ret;
}

static void put_route(struct openapi *d, json_t *paths, const struct route *r)
{
	const struct operation *o = operation_of(r);
	json_t *path = json_object_get(paths, r->template);
	char method[8] = "";

	if (!o) {
		d->failed = true;
		return;
	}
	if (!path) {
		path = json_object();
		openapi_put(d, paths, r->template, path);
	}
	for (size_t i = 0; r->method[i] && i + 1 < sizeof(method); i++)
		method[i] = (char)(r->method[i] - 'A' + 'a');
	openapi_put(d, path, method, operation_object(d, r, o));
}

static json_t *parameter(const char *name, bool required, const char *says, const char *pattern)
{
	return json_pack("{s:s, s:s, s:b, s:s, s:{s:s, s:s}}", "name", name, "in", "header", "required", required,
	    "description", says, "schema", "type", "string", "pattern", pattern);
}

static json_t *components(struct openapi *d)
{
	json_t *heads = json_object(), *parameters = json_object();

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		openapi_put(d, heads, headers[i].name,
		    json_pack("{s:s, s:{s:s}}", "description", headers[i].says, "schema", "type", headers[i].type));
	openapi_put(d, parameters, "XRequestId",
	    parameter("X-Request-Id", false, "Any other value is replaced by ours", "^[!-~]{1,128}$"));
	openapi_put(d, parameters, "IdempotencyKey",
	    parameter("Idempotency-Key", true, "One for each intention; store it before you send", KEY_PATTERN));
	openapi_put(d, parameters, "IdempotencyKeyOptional",
	    parameter("Idempotency-Key", false, "If you like; the answer is repeated then", KEY_PATTERN));
	return json_pack("{s:o, s:o, s:o, s:o, s:{s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}}}", "schemas", d->schemas,
	    "responses", d->responses, "parameters", parameters, "headers", heads, "securitySchemes", "apiKey", "type",
	    "http", "scheme", "bearer", "bearerFormat", "sk_...", "session", "type", "http", "scheme", "bearer",
	    "bearerFormat", "st_...");
}

json_t *openapi_make(void)
{
	struct openapi d = {.schemas = json_object(), .responses = json_object()};
	json_t *paths = json_object(), *ret;

	openapi_put_schemas(&d);
	for (const struct route *r = routes; r->method; r++)
		put_route(&d, paths, r);
	/* Of no route of the table. */
	json_decref(problem_response(&d, 404, json_pack("[s]", problem_word(PROBLEM_NOT_FOUND))));
	json_decref(problem_response(&d, 405, json_pack("[s]", problem_word(PROBLEM_METHOD_NOT_ALLOWED))));
	ret = json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:o, s:o}", "openapi", "3.1.0", "info",
	    "title", "Holdfast", "version", PACKAGE_VERSION, "description", about, "license", "name", "Apache 2.0",
	    "identifier", "Apache-2.0", "servers", "url", "/", "paths", paths, "components", components(&d));
	if (!d.failed)
		return ret;
	json_decref(ret);
	return NULL;
}
