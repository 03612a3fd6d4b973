#include "heartbeat/tickled.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netpacket/packet.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"

#define ANSWER_BYTES 65536

/* A look walks through the kernel's whole table of connections: 1 ms even when it is empty, on a machine of 24 GiB. So
 * it is taken when something has begun or ended, at most one part in SHARE of the time however many there are, and now
 * and then in any case. */
#define SHARE 64
#define LATE_US 2000000u
#define PACKETS_A_TURN 64
#define SETTLE_US 10000u /* from the first packet of a connection until it is worth looking */

/* States as the kernel numbers them (include/net/tcp_states.h). In CLOSE_WAIT the client has said all and waits for the
 * answer. */
#define STATES (1u << 1 | 1u << 8)

/* struct inet_diag_hostcond with the address that belongs at its end, of IPv4 in the first four bytes. */
struct condition {
	uint8_t family, prefix_len;
	int port;
	uint8_t address[IP_BYTES];
};
static_assert(sizeof(struct condition) == sizeof(struct inet_diag_hostcond) + IP_BYTES, "layout");
static_assert(offsetof(struct condition, port) == offsetof(struct inet_diag_hostcond, port), "layout");

struct question {
	struct nlmsghdr header;
	struct inet_diag_req_v2 request;
	struct rtattr attribute;
	struct inet_diag_bc_op op; /* a program of one condition: the local address is the virtual IP */
	struct condition condition;
};

static int open_diag(struct tickled *t)
{
	struct timeval limit = {.tv_sec = 1};

	t->diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	/* The kernel answers at once; the limit is for a kernel that does not. */
	return t->diag < 0 || setsockopt(t->diag, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ? -errno : 0;
}

/* Something begins or ends: a look is due. Until then nobody wants to hear of more, which may be a flood. */
static int on_packet(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct tickled *t = userdata;
	uint64_t now_us = clock_boottime_us();

	(void)fd;
	(void)revents;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	t->stirred = true;
	if (t->book.holds)
		tickled_set_timer(t->tick, t->look_us > now_us + SETTLE_US ? t->look_us - now_us : SETTLE_US);
	return 0;
}

/* Of packets that begin with IP's header: those to vip with TCP's FIN, SYN or RST, their first bytes. Returns how many instructions. What
 * comes behind an extension header of IPv6 waits for the next look. */
#define FILTER_MAX 16

static unsigned short filter_v4(const struct ip *vip, struct sock_filter ret[static FILTER_MAX])
{
	const struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16), /* destination */
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ip_to_v4(vip), 0, 6),
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9), /* protocol */
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 4),
	    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	    BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13), /* flags */
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 7, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, 1),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};

	memcpy(ret, code, sizeof(code));
	return sizeof(code) / sizeof(code[0]);
}

static unsigned short filter_v6(const struct ip *vip, struct sock_filter ret[static FILTER_MAX])
{
	uint32_t word[4];
	const struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6), /* next header */
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 11),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 24), /* destination */
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 9),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 28),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 7),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 32),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 5),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 36),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 53), /* flags */
	    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 7, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, 1),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};

	memcpy(ret, code, sizeof(code));
	memcpy(word, vip->byte, sizeof(word));
	for (unsigned i = 0; i < 4; i++)
		ret[3 + 2 * i].k = ntohl(word[i]);
	return sizeof(code) / sizeof(code[0]);
}

static int open_packets(struct tickled *t)
{
	struct sock_filter code[FILTER_MAX];
	struct sock_fprog program = {.len = (t->book.v6 ? filter_v6 : filter_v4)(&t->vip, code), .filter = code};
	struct sockaddr_ll where = {.sll_family = AF_PACKET,
	    .sll_protocol = htons(t->book.v6 ? ETH_P_IPV6 : ETH_P_IP),
	    .sll_ifindex = (int)t->interface};
	int bytes = 1;

	/* Protocol 0 until the filter is there: nothing comes in before. SOCK_DGRAM: packets begin with IP's header. */
	t->packets = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->packets < 0 || setsockopt(t->packets, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
	    setsockopt(t->packets, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) ||
	    bind(t->packets, (struct sockaddr *)&where, sizeof(where)))
		return -errno;
	return 0;
}

int tickled_look_open(struct tickled *t, struct errbuf *e)
{
	int code = open_diag(t);

	if (code)
		return err_set(e, code, "sock_diag: %s", strerror(-code));
	code = open_packets(t);
	if (code)
		return err_set(e, code, "packets on %s (CAP_NET_RAW): %s", t->conf.interface, strerror(-code));
	if (sd_event_add_io(t->loop, &t->stir, t->packets, EPOLLIN, on_packet, t) < 0)
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}

static int ask(const struct tickled *t)
{
	uint8_t family = t->book.v6 ? AF_INET6 : AF_INET;
	uint32_t from = t->book.v6 ? 0 : IP_V4_AT, bytes = IP_BYTES - from;
	uint32_t program = (uint32_t)(sizeof(struct inet_diag_bc_op) + offsetof(struct condition, address) + bytes);
	uint32_t size = (uint32_t)sizeof(struct question) - from;
	struct question q = {
	    .header = {.nlmsg_len = size, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	    .request = {.sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = STATES},
	    .attribute = {.rta_len = (unsigned short)RTA_LENGTH(program), .rta_type = INET_DIAG_REQ_BYTECODE},
	    /* Its end is "yes", four bytes beyond it is "no". */
	    .op = {.code = INET_DIAG_BC_S_COND, .yes = (unsigned char)program, .no = (unsigned short)(program + 4)},
	    .condition = {.family = family, .prefix_len = (uint8_t)(8 * bytes), .port = -1},
	};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	memcpy(q.condition.address, t->vip.byte + from, bytes);
	return sendto(t->diag, &q, size, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ? -errno : 0;
}

static void enter(struct tickled *t, const struct nlmsghdr *h)
{
	struct tickle_key key = {.client = {{0}}};
	struct inet_diag_msg d;

	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || h->nlmsg_len < NLMSG_LENGTH(sizeof(d)))
		return;
	memcpy(&d, NLMSG_DATA(h), sizeof(d));
	if (t->book.v6)
		memcpy(key.client.byte, d.id.idiag_dst, IP_BYTES);
	else
		key.client = ip_of_v4(ntohl(d.id.idiag_dst[0]));
	key.client_port = ntohs(d.id.idiag_dport);
	key.local_port = ntohs(d.id.idiag_sport);
	tickle_book_look_at(&t->book, &key);
}

/* Reads the whole answer. 0 or -errno. */
static int read_answer(struct tickled *t)
{
	_Alignas(struct nlmsghdr) static char buf[ANSWER_BYTES];

	for (;;) {
		ssize_t n = recv(t->diag, buf, sizeof(buf), 0);
		size_t rest = (size_t)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		for (const struct nlmsghdr *h = (const void *)buf; NLMSG_OK(h, rest); h = NLMSG_NEXT(h, rest)) {
			struct nlmsgerr failure;

			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len >= NLMSG_LENGTH(sizeof(failure))) {
				memcpy(&failure, NLMSG_DATA(h), sizeof(failure));
				return failure.error ? failure.error : -EIO;
			}
			enter(t, h);
		}
	}
}

static void hear_again(struct tickled *t)
{
	char byte;

	/* The kernel keeps a handful of them; in a flood more come meanwhile, and the next look is only the sooner. */
	for (unsigned i = 0; i < PACKETS_A_TURN && recv(t->packets, &byte, sizeof(byte), 0) >= 0; i++)
		;
	t->stirred = false;
	sd_event_source_set_enabled(t->stir, SD_EVENT_ON);
}

static uint64_t spent_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void tickled_look(struct tickled *t)
{
	uint64_t before_us = spent_us(), now_us;
	bool full = t->book.overflow;
	int code;

	hear_again(t);
	tickle_book_look_begin(&t->book);
	code = ask(t);
	if (!code)
		code = read_answer(t);
	if (!code) {
		tickle_book_look_end(&t->book);
	} else {
		/* After half an answer nothing is known to be gone; and the rest of it must not be taken for the next one. */
		close(t->diag);
		(void)open_diag(t);
	}
	if (code && code != t->look_error)
		LOG(LOG_ERR, "tickle.blind", KV_S("why", strerror(-code)));
	t->look_error = code;
	if (t->book.overflow && !full)
		LOG(LOG_WARNING, "tickle.full", KV_U("limit", TICKLE_MAX));
	now_us = clock_boottime_us();
	t->look_us = now_us + (spent_us() - before_us) * SHARE;
	t->look_late_us = now_us + LATE_US;
}
