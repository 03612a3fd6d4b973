/* The queue between ledgerd's loop and its database thread. */
#include "gateway/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct request *ask(uint8_t key, uint64_t arrived_us, uint64_t deadline_us)
{
	struct op_message m = {.op = {.kind = OP_TRANSFER_CREATE, .key_hash = {key}}};
	struct request *r = request_new(&m);

	r->arrived_us = arrived_us;
	r->deadline_us = deadline_us;
	return r;
}

/* What did not fit into a batch is where it was. */
static void test_queue_return(void **state)
{
	struct queue *q = queue_new();
	struct request *list;

	(void)state;
	assert_non_null(q);
	for (uint64_t i = 1; i <= 4; i++) {
		struct request *r = ask((uint8_t)i, 0, 1);

		r->id = i;
		if (i == 4) { /* 2 and 3 go back, before what has come since */
			list = queue_take(q);
			queue_return(q, list->next);
			request_free(list);
		}
		assert_true(queue_put(q, r));
	}
	queue_return(q, NULL);
	list = queue_take(q);
	for (uint64_t i = 2; i <= 4; i++) {
		struct request *next = list->next;

		assert_int_equal(list->id, i);
		request_free(list);
		list = next;
	}
	assert_null(list);
	queue_free(q);
}

static void test_queue(void **state)
{
	struct queue *q = queue_new();
	struct request *flying, *r;

	(void)state;
	assert_true(queue_put(q, ask(1, 0, 9000000)));
	flying = queue_take(q);
	assert_non_null(flying);
	assert_true(queue_put(q, ask(1, 100, 9000000)));
	assert_true(queue_put(q, ask(2, 100, 500)));
	assert_true(queue_put(q, ask(2, 100, 9000000)));
	assert_null(queue_take_expired(q, 400, false));
	r = queue_take_expired(q, 500, false);
	assert_int_equal(r->message.op.key_hash[0], 2);
	assert_null(r->next);
	request_free(r);
	assert_null(queue_take_twins(q, 100 + TWIN_WAIT_US - 1));
	r = queue_take_twins(q, 100 + TWIN_WAIT_US); /* the first key is in flight; the second is alone now */
	assert_int_equal(r->message.op.key_hash[0], 1);
	assert_null(r->next);
	request_free(r);
	assert_true(queue_has_key(q, &flying->message.op, 0));
	queue_landed(q);
	assert_false(queue_has_key(q, &flying->message.op, 0));
	queue_answer(q, flying);
	r = queue_take_answers(q);
	assert_ptr_equal(r, flying);
	request_free(r);
	assert_true(queue_put(q, ask(3, 0, 1)));
	r = queue_take_expired(q, 0, true);
	assert_non_null(r->next);
	request_free(r->next);
	request_free(r);
	assert_true(queue_put(q, ask(4, 0, 1))); /* the end of an emptied queue is in order */
	queue_free(q);
}

static struct request *ask_as(uint8_t secret, uint64_t principal, uint64_t arrived_us)
{
	struct request *r = ask(1, arrived_us, 9000000);

	r->message.op.secret_hash[0] = secret;
	r->message.op.principal = principal;
	return r;
}

/* Two sessions of one user share her keys; two strangers with the same key do not, whether they are known or not. */
static void test_queue_scope(void **state)
{
	struct queue *q = queue_new();
	struct request *flying, *r, *next;
	unsigned count = 0;

	(void)state;
	assert_true(queue_put(q, ask_as(1, 7, 0)));
	flying = queue_take(q);
	assert_true(queue_put(q, ask_as(2, 7, 100)));
	assert_true(queue_put(q, ask_as(3, 8, 100)));
	assert_true(queue_put(q, ask_as(4, 0, 100)));
	assert_true(queue_put(q, ask_as(5, 0, 100)));
	r = queue_take_twins(q, 100 + TWIN_WAIT_US);
	assert_non_null(r);
	assert_int_equal(r->message.op.secret_hash[0], 2);
	assert_null(r->next);
	assert_true(queue_has_key(q, &r->message.op, 7));
	assert_false(queue_has_key(q, &r->message.op, 9));
	request_free(r);
	for (r = queue_take_expired(q, 0, true); r; r = next, count++) {
		next = r->next;
		request_free(r);
	}
	assert_int_equal(count, 3);
	request_free(flying);
	queue_free(q);
}

/* What goes back before the batch has landed is no twin of itself; of what is still in flight it may be. */
static void test_queue_return_in_flight(void **state)
{
	struct queue *q = queue_new();
	struct request *list, *rest, *twin;

	(void)state;
	for (uint8_t i = 1; i <= 3; i++)
		assert_true(queue_put(q, ask(i, 100, 9000000)));
	list = queue_take(q);
	rest = list->next;
	list->next = NULL;
	queue_return(q, rest);
	assert_true(queue_put(q, ask(1, 100, 9000000)));
	assert_true(queue_put(q, ask(3, 100, 9000000)));
	twin = queue_take_twins(q, 100 + TWIN_WAIT_US);
	assert_non_null(twin);
	assert_int_equal(twin->message.op.key_hash[0], 1);
	assert_non_null(twin->next);
	assert_int_equal(twin->next->message.op.key_hash[0], 3);
	assert_null(twin->next->next);
	request_free(twin->next);
	request_free(twin);
	request_free(list);
	queue_free(q);
}

static bool share_key(const struct request *a, const struct request *b)
{
	const struct op *x = &a->message.op, *y = &b->message.op;

	return memcmp(x->key_hash, y->key_hash, HASH_BYTES) == 0 &&
	       (memcmp(x->secret_hash, y->secret_hash, HASH_BYTES) == 0 ||
		   (x->principal && x->principal == y->principal));
}

/* Many, few of them with a key of their own and some with the same beginning of it: against a look at each pair. */
static void test_queue_twins(void **state)
{
	enum { FLYING = 200, ALL = 2000 };
	static struct request *all[ALL];
	static bool has_left[ALL];
	struct queue *q = queue_new();
	struct request *flying = NULL, *out;
	unsigned seed = (unsigned)getpid();
	size_t left = 0;

	(void)state;
	print_message("seed %u\n", seed);
	for (size_t i = 0; i < ALL; i++) {
		all[i] = ask((uint8_t)(rand_r(&seed) % 4), i % 3 ? 100 : 101, 9000000);
		all[i]->id = i;
		all[i]->message.op.key_hash[HASH_BYTES - 1] = (uint8_t)(rand_r(&seed) % 64);
		all[i]->message.op.secret_hash[0] = (uint8_t)(rand_r(&seed) % 8);
		all[i]->message.op.principal = (uint64_t)(rand_r(&seed) % 4);
		if (i % 7 == 0)
			all[i]->message.op.kind = OP_ACCOUNT_GET;
		all[i]->message.op.again = i % 11 == 0;
		if (i == FLYING)
			flying = queue_take(q);
		assert_true(queue_put(q, all[i]));
	}
	for (uint64_t later = 0; later < 2; later++) { /* those that arrived at 101 are looked at in the second round */
		out = queue_take_twins(q, 100 + later + TWIN_WAIT_US);
		for (size_t i = FLYING; i < ALL; i++) {
			const struct op *op = &all[i]->message.op;
			bool leaves = false;

			if (has_left[i] || op->again || !op_is_journalled(op->kind) || (i % 3 == 0) != later)
				continue;
			for (size_t j = 0; j < i && !leaves; j++)
				leaves = !has_left[j] && op_is_journalled(all[j]->message.op.kind) &&
					 share_key(all[j], all[i]);
			has_left[i] = leaves;
			left += leaves;
			if (leaves) {
				assert_ptr_equal(out, all[i]);
				out = out->next;
			}
		}
		assert_null(out);
	}
	assert_in_range(left, 100, ALL - FLYING);
	assert_null(queue_take_twins(q, 200 + TWIN_WAIT_US)); /* each is looked at once */
	queue_answer(q, flying);
	for (size_t i = FLYING; i < ALL; i++)
		if (has_left[i])
			request_free(all[i]);
	queue_free(q);
}

/* A queue of the largest requests there are is full long before it has QUEUE_REQUESTS_MAX. */
static void test_queue_bytes(void **state)
{
	static const char metadata[OP_METADATA_BYTES_MAX];
	struct op_message m = {
	    .op = {.kind = OP_TRANSFER_CREATE, .text_bytes = {0, 0, sizeof(metadata)}}, .text = {"", "", metadata}};
	struct queue *q = queue_new();
	struct request *r, *next;
	unsigned count = 0;

	(void)state;
	while ((r = request_new(&m)) && queue_put(q, r))
		count++;
	request_free(r);
	assert_in_range(count, 1000, QUEUE_BYTES_MAX / sizeof(metadata));
	for (r = queue_take(q); r; r = next) {
		next = r->next;
		request_free(r);
	}
	assert_true(queue_put(q, request_new(&m)));
	for (r = queue_take_expired(q, 0, true); r; r = next) {
		next = r->next;
		request_free(r);
	}
	queue_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_queue_return),
	    cmocka_unit_test(test_queue),
	    cmocka_unit_test(test_queue_scope),
	    cmocka_unit_test(test_queue_return_in_flight),
	    cmocka_unit_test(test_queue_twins),
	    cmocka_unit_test(test_queue_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
