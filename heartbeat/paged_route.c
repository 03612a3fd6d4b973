#include "heartbeat/paged_route.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *method, *path;
	bool session, token;
} routes[] = {
#define X(id, method, path, session, token, help) [PAGED_##id] = {method, path, session, token},
    PAGED_ROUTES(X)
#undef X
};

enum paged_route paged_route_find(const char *method, const char *path)
{
	enum paged_route ret = PAGED_ELSEWHERE;

	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (unsigned i = 0; i < PAGED_ROUTE_COUNT; i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		if (strcmp(routes[i].method, method) == 0)
			return (enum paged_route)i;
		ret = PAGED_OTHER_METHOD;
	}
	return ret;
}

const char *paged_route_allow(const char *path)
{
	for (unsigned i = 0; i < PAGED_ROUTE_COUNT; i++)
		if (strcmp(routes[i].path, path) == 0)
			return strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
	return "";
}

bool paged_route_needs_session(enum paged_route route)
{
	assert(route < PAGED_ROUTE_COUNT);
	return routes[route].session;
}

bool paged_route_needs_token(enum paged_route route)
{
	assert(route < PAGED_ROUTE_COUNT);
	return routes[route].token;
}
