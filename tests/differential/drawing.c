#include "tests/differential/drawing.h"

#include "gateway/op.h"

#include <string.h>

static struct naive *of;
static uint64_t state;
static struct legs lists[STEPS_MAX];
static int list_count;
static bool large;

void drawing_begin(struct naive *n, uint64_t seed)
{
	of = n;
	list_count = 0;
	large = false;
	state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	(void)draw(2);
}

uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * UINT64_C(0x2545F4914F6CDD1D) >> 11) % below;
}

bool once_in(uint64_t n)
{
	return draw(n) == 0;
}

static int64_t draw_amount(void)
{
	switch (draw(8)) {
	case 0: return 1;
	case 1: return once_in(50) ? AMOUNT_MAX : 1 + (int64_t)draw(20);
	case 2: return 50 * (1 + (int64_t)draw(4));
	default: return 1 + (int64_t)draw(300);
	}
}

static int draw_account(void)
{
	if (once_in(60))
		return NOTHING;
	if (once_in(40))
		return USERS + (int)draw(ACCOUNTS - USERS);
	if (once_in(8) && naive_accounts(of) > ACCOUNTS)
		return ACCOUNTS + (int)draw((uint64_t)(naive_accounts(of) - ACCOUNTS));
	return (int)draw(once_in(20) ? USERS : 4);
}

int draw_of(int count)
{
	if (count == 0 || once_in(80))
		return NOTHING;
	/* The newest, mostly: it still has something to be fought for. */
	return once_in(4) ? (int)draw((uint64_t)count) : count - 1 - (int)draw(count < 4 ? (uint64_t)count : 4);
}

static void draw_subject(struct step *s)
{
	switch (s->what) {
	case REVERSE: s->subject = draw_of(naive_transfers(of)); break;
	case CAPTURE:
	case VOID:
	case REFUND: s->subject = draw_of(naive_payments(of)); break;
	case CONFIRM:
	case FAIL: s->subject = draw_of(naive_withdrawals(of)); break;
	default: s->subject = draw_account(); break;
	}
}

static void draw_metadata(struct step *s)
{
	if (draw(2))
		return;
	s->members = 1 + (int32_t)draw(METADATA_STEP_MAX);
	s->member = (int32_t)draw(METADATA_NAMES);
	s->value = (int32_t)draw(5) - (s->what == LIMIT); /* a new account's have values */
}

/* A wallet as a session may open it, mostly. */
static void draw_new_account(struct step *s)
{
	s->who = once_in(2) ? SESSION : KEY;
	s->currency = once_in(4);
	s->kind = once_in(4) ? 1 + (int32_t)draw(5) : 1;
	s->owner = once_in(3) ? (int32_t)draw(3) : 0;
	s->has_min = once_in(6) ? LIMIT_NONE : LIMIT_SET;
	s->min = once_in(8) ? -50 : 0;
	s->has_max = once_in(8) ? LIMIT_SET : LIMIT_ABSENT;
	s->max = 2000;
}

static struct step draw_any_step(void)
{
	static const uint8_t often[] = {TOPUP, TOPUP, TOPUP, TRANSFER, TRANSFER, TRANSFER, TRANSFER, REVERSE, REVERSE,
	    PAY, PAY, PAY, PAY, PAY, CAPTURE, CAPTURE, CAPTURE, CAPTURE, VOID, REFUND, REFUND, REFUND, WITHDRAW,
	    WITHDRAW, CONFIRM, FAIL, FREEZE, UNFREEZE, UNFREEZE, CLOSE, LIMIT, LIMIT, CREATE};
	struct step s;

	memset(&s, 0, sizeof(s));
	s.what = often[draw(sizeof(often))];
	s.who = once_in(200) ? POOR_KEY : once_in(5) ? SESSION : KEY;
	s.from = s.to = s.subject = NOTHING;
	if (s.what == TRANSFER || s.what == PAY || s.what == WITHDRAW)
		s.from = draw_account();
	if (s.what == TRANSFER || s.what == PAY || s.what == TOPUP)
		s.to = draw_account();
	if (s.what == TOPUP) {
		s.reference = (int32_t)draw(STEPS_MAX / 4);
		if (s.to == CLEARING(0) || s.to == CLEARING(1))
			s.to = 0; /* no member of a request can name both sides */
	}
	s.currency = (s.from != NOTHING && naive_currency(of, s.from)) || once_in(30);
	if (s.what <= REFUND || s.what == WITHDRAW)
		s.amount = draw_amount();
	if ((s.what == CAPTURE || s.what == REFUND) && once_in(4))
		s.amount = 0;
	if (s.what == REVERSE || s.what == VOID)
		s.amount = 0;
	s.manual = s.what == PAY && draw(4);
	s.seconds = 1 + (int32_t)draw(2);
	s.final = s.what == CAPTURE && once_in(5);
	s.has_fee = s.what == PAY && draw(2);
	s.bps = s.has_fee ? (int32_t)(once_in(3) ? draw(10001) : 50 * draw(20)) : 0;
	s.fixed = s.has_fee && once_in(2) ? (int64_t)draw(12) : 0;
	if (s.what == CREATE && naive_accounts(of) == ACCOUNTS_MAX)
		s.what = LIMIT;
	if (s.what == LIMIT || s.what == CREATE)
		draw_metadata(&s);
	if (s.what == CREATE)
		draw_new_account(&s);
	if (s.what == LIMIT) {
		s.has_min = (int32_t)draw(3);
		s.min = (int64_t)draw(200) - 150;
		s.has_max = (int32_t)draw(3);
		s.max = (int64_t)draw(3000);
	}
	if (s.what != TOPUP && s.what != TRANSFER && s.what != PAY && s.what != WITHDRAW && s.what != CREATE)
		draw_subject(&s);
	if (s.what == CLOSE && draw(8))
		s.what = UNFREEZE; /* what is closed is of no more use */
	return s;
}

/* Few transfers, mostly, of which some cannot be; once in a while as many as there may be. */
static struct step draw_batch(void)
{
	struct legs *legs = &lists[list_count];
	struct step s;

	memset(&s, 0, sizeof(s));
	s.what = BATCH;
	s.who = once_in(50) ? POOR_KEY : once_in(5) ? SESSION : KEY;
	s.from = s.to = s.subject = NOTHING;
	s.legs = list_count++;
	legs->atomic = draw(2);
	legs->count = 1 + (int)draw(6);
	if (!large && once_in(100)) {
		large = true;
		legs->count = LEGS_MAX;
	}
	for (int i = 0; i < legs->count; i++) {
		struct leg *l = &legs->leg[i];

		*l = (struct leg){.from = draw_account(), .to = draw_account(), .amount = draw_amount()};
		if (legs->count > 10) /* nearly all of them can be */
			*l = (struct leg){.from = (int)draw(4), .to = 4, .amount = 1};
		l->currency = (l->from != NOTHING && naive_currency(of, l->from)) || once_in(100);
	}
	return s;
}

const struct legs *drawn_legs(const struct step *s)
{
	return &lists[s->legs];
}

/* Few of those that name what there is not. */
struct step draw_step(void)
{
	struct step s;

	if (once_in(30))
		return draw_batch();
	do
		s = draw_any_step();
	while (s.subject == NOTHING && s.what != TOPUP && s.what != TRANSFER && s.what != PAY && s.what != WITHDRAW &&
	       s.what != CREATE && draw(20));
	return s;
}
