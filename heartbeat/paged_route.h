/* What the status page answers: one table of paths. Pure. */
#ifndef HOLDFAST_HEARTBEAT_PAGED_ROUTE_H
#define HOLDFAST_HEARTBEAT_PAGED_ROUTE_H

#include <stdbool.h>

/* id, method, path, needs a session, needs the session's token, what it is for */
#define PAGED_ROUTES(X)                                                                                                \
	X(PAGE, "GET", "/", false, false, "the page itself, which says nothing about the cluster")                     \
	X(STATUS, "GET", "/status.json", true, false, "what the page shows")                                           \
	X(LOGIN, "POST", "/login", false, false, "password: a session")                                                \
	X(LOGOUT, "POST", "/logout", true, true, "the end of the session")                                             \
	X(SWITCHOVER, "POST", "/switchover", true, true, "to: the role goes to that gateway")                          \
	X(MAINTENANCE, "POST", "/maintenance", true, true, "node, on (yes or no): out of service, or back")
enum paged_route {
#define X(id, method, path, session, token, help) PAGED_##id,
	PAGED_ROUTES(X)
#undef X
	    PAGED_ROUTE_COUNT,
	PAGED_ELSEWHERE = PAGED_ROUTE_COUNT, /* no such path */
	PAGED_OTHER_METHOD,
};

/* HEAD is as GET. */
enum paged_route paged_route_find(const char *method, const char *path);

/* Of a path that there is: its method, for the header Allow. */
const char *paged_route_allow(const char *path);

bool paged_route_needs_session(enum paged_route route);
bool paged_route_needs_token(enum paged_route route);

#endif
