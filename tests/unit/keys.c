/* The pool of ticket keys, with a worker that is as fast as can be: a job is done by the time it has been queued. Each
 * who waits gets a key of his own, in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/keys.h"

static uv_work_t *queued;
static uv_after_work_cb after;

/* Stands before the library's own. */
int uv_queue_work(uv_loop_t *loop, uv_work_t *work, uv_work_cb job, uv_after_work_cb done)
{
	(void)loop;
	assert_null(queued);
	job(work);
	queued = work;
	after = done;
	return 0;
}

static void finish_job(void)
{
	uv_work_t *work = queued;

	queued = NULL;
	assert_non_null(work);
	after(work, 0);
}

static struct ticket_key *got[3];
static unsigned n_got;

static void take_it(void *owner, struct ticket_key *key)
{
	assert_ptr_equal(owner, &got[n_got]);
	got[n_got++] = key;
}

static void test_each_his_own(void **state)
{
	struct keys *k = keys_new(NULL);
	struct key_wait w[3] = {{.waiting = false}};

	(void)state;
	n_got = 0;
	for (unsigned i = 0; i < 3; i++) {
		w[i].fn = take_it;
		w[i].owner = &got[i];
		assert_null(keys_take(k, &w[i], false));
	}
	for (unsigned i = 0; i < 3; i++)
		finish_job();
	assert_int_equal(n_got, 3);
	assert_ptr_not_equal(got[0], got[1]);
	assert_ptr_not_equal(got[1], got[2]);
	assert_ptr_not_equal(got[0], got[2]);
	for (unsigned i = 0; i < 3; i++)
		ticket_key_free(got[i]);
	keys_free(k);
	finish_job();
}

static void test_the_first_and_the_gone(void **state)
{
	struct keys *k = keys_new(NULL);
	struct key_wait w[3] = {{.waiting = false}};

	(void)state;
	n_got = 0;
	w[0].fn = w[1].fn = w[2].fn = take_it;
	w[0].owner = &got[1];
	w[2].owner = &got[0];
	assert_null(keys_take(k, &w[0], false));
	assert_null(keys_take(k, &w[1], false));
	assert_null(keys_take(k, &w[2], true)); /* before all others */
	keys_cancel(&w[1]);
	finish_job();
	finish_job();
	assert_int_equal(n_got, 2);
	finish_job(); /* for nobody: kept */
	got[2] = keys_take(k, &w[1], false);
	assert_non_null(got[2]);
	for (unsigned i = 0; i < 3; i++)
		ticket_key_free(got[i]);
	keys_free(k);
	finish_job();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_his_own),
		cmocka_unit_test(test_the_first_and_the_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
