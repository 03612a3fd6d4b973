#include "tests/simulation/world.h"

#include <stdarg.h>
#include <stdio.h>

static void print_member(const struct world *w, unsigned at)
{
	const struct member *m = &w->member[at];

	printf("          %c round: step=%d change=%d ballot=%llu.%u promises=%x accepts=%x; promised=%llu.%u "
	       "accepted=%llu.%u "
	       "promise to %u for %lld us; cut off from %x\n",
	    world_name[at][0], m->node.proposer.step, m->node.proposer.change.kind,
	    (unsigned long long)m->node.proposer.ballot.counter, m->node.proposer.ballot.node,
	    m->node.proposer.promises, m->node.proposer.accepts,
	    (unsigned long long)m->node.acceptor.reg.promised.counter, m->node.acceptor.reg.promised.node,
	    (unsigned long long)m->node.acceptor.reg.accepted_ballot.counter, m->node.acceptor.reg.accepted_ballot.node,
	    m->node.acceptor.promise_to, (long long)(m->node.acceptor.promise_until_us - world_clock(w, at)),
	    w->cut[at][0] | w->cut[at][1] << 1 | w->cut[at][2] << 2);
	printf("          %c %s%s state=%d admitted=%d version=%llu pending=%d reason=%s\n", world_name[at][0],
	    m->up ? "up" : "down", m->frozen ? " frozen" : "", m->node.state, m->node.acceptor.reg.admitted,
	    (unsigned long long)m->node.known.version, m->node.proposer.pending, m->node.reason);
	if (at < WORLD_GATEWAYS)
		database_print(w, at);
}

void world_broken(struct world *w, const char *format, ...)
{
	va_list ap;

	if (w->violations++)
		return;
	va_start(ap, format);
	(void)vsnprintf(w->broken, sizeof(w->broken), format, ap);
	va_end(ap);
	if (!w->trace)
		return;
	printf("%9.3f !!! %s\n", (double)w->now_us / 1000, w->broken);
	for (unsigned i = 0; i < w->nodes; i++)
		print_member(w, i);
}
