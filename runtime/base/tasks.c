/* The pool: each worker has a queue of its tasks (worker w: tasks w, w + threads, ...), takes from
 * its own first and then from the others'. The caller waits for tasks, not for workers: a worker
 * that wakes up late delays nobody.
 *
 * A queue is one 64-bit word: the phase's number above, how many tasks are left below. Taking a
 * task is a compare-and-swap of that word, so a late worker can't take a task of a phase that it
 * doesn't know. What a phase is (task, context, count) is read only after a task of it was taken:
 * until that task is done, the phase lasts. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/base/tasks.h"

enum {
    THREADS_MAX = 1024,
    SPIN_NS = 20000, /* about what going to sleep and being woken costs */
    SPIN_PAUSES = 16 /* between two looks at the clock */
};

typedef struct Worker {
    alignas(64) _Atomic uint64_t queue; /* phase << 32 | tasks left */
    _Atomic int64_t tasks_run;
    ArmcPool *pool;
    pthread_t thread;
    int number;
} Worker;

struct ArmcPool {
    int threads;
    int spins; /* 0 where there are more threads than CPUs: spinning would keep others from working
                */
    Worker *workers;

    /* The phase. */
    ArmcTask task;
    void *context;
    int64_t count;
    alignas(64) _Atomic uint32_t phase;
    alignas(64) _Atomic int64_t left; /* tasks not done */

    /* Sleep. */
    alignas(64) pthread_mutex_t mutex;
    pthread_cond_t work, done;
    _Atomic int sleepers, caller_sleeps, stop;
};

/* --- working --- */

/* How many of `count` tasks belong to a worker's queue. */
static int64_t queue_length(int64_t count, int worker, int threads)
{
    return count > worker ? (count - worker - 1) / threads + 1 : 0;
}

/* Takes one task of this phase from a queue; -1 if none is left. */
static int64_t take(ArmcPool *pool, uint32_t phase, Worker *from)
{
    uint64_t word = atomic_load_explicit(&from->queue, memory_order_acquire);
    for (;;) {
        const uint32_t left = (uint32_t)word;
        if (word >> 32 != phase || left == 0)
            return -1;
        if (!atomic_compare_exchange_weak_explicit(&from->queue, &word, word - 1,
                                                   memory_order_acquire, memory_order_acquire))
            continue;
        const int64_t length = queue_length(pool->count, from->number, pool->threads);
        return from->number + (length - left) * pool->threads;
    }
}

/* Runs what it can get from one queue; how many tasks that was. */
static int64_t run_queue(ArmcPool *pool, uint32_t phase, Worker *from, int worker)
{
    int64_t run = 0;
    for (int64_t task; (task = take(pool, phase, from)) >= 0; run++)
        pool->task(pool->context, task, worker);
    return run;
}

/* Works until no task of the phase is left to take. */
static void work(ArmcPool *pool, uint32_t phase, int worker)
{
    int64_t run = 0;
    for (int i = 0; i < pool->threads; i++)
        run += run_queue(pool, phase, &pool->workers[(worker + i) % pool->threads], worker);
    if (run == 0)
        return;
    atomic_fetch_add_explicit(&pool->workers[worker].tasks_run, run, memory_order_relaxed);
    if (atomic_fetch_sub(&pool->left, run) == run && atomic_load(&pool->caller_sleeps)) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_signal(&pool->done);
        pthread_mutex_unlock(&pool->mutex);
    }
}

/* --- waiting: a short spin, then sleep --- */

static void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Spins until ready(pool, phase) or the time is over; whether it is ready. */
static int spin(ArmcPool *pool, uint32_t phase, int (*ready)(ArmcPool *, uint32_t))
{
    if (!pool->spins)
        return ready(pool, phase);
    const int64_t end = now_ns() + SPIN_NS;
    do {
        for (int i = 0; i < SPIN_PAUSES; i++) {
            if (ready(pool, phase))
                return 1;
            pause_cpu();
        }
    } while (now_ns() < end);
    return 0;
}

static int is_new_phase(ArmcPool *pool, uint32_t phase)
{
    return atomic_load(&pool->phase) != phase || atomic_load(&pool->stop);
}

static int is_done(ArmcPool *pool, uint32_t phase)
{
    (void)phase;
    return atomic_load(&pool->left) == 0;
}

/* The counter of sleepers is raised before the phase is looked at again, and the caller sets the
 * phase before it looks at the counter: one of the two always sees the other. */
static void wait_for_phase(ArmcPool *pool, uint32_t phase)
{
    if (spin(pool, phase, is_new_phase))
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (!is_new_phase(pool, phase))
        pthread_cond_wait(&pool->work, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void wait_until_done(ArmcPool *pool, uint32_t phase)
{
    if (spin(pool, phase, is_done))
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->caller_sleeps, 1);
    while (!is_done(pool, phase))
        pthread_cond_wait(&pool->done, &pool->mutex);
    atomic_store(&pool->caller_sleeps, 0);
    pthread_mutex_unlock(&pool->mutex);
}

/* Wakes as many as can find work. */
static void wake(ArmcPool *pool, int64_t wanted)
{
    const int sleepers = atomic_load(&pool->sleepers);
    if (sleepers == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    if (wanted >= sleepers)
        pthread_cond_broadcast(&pool->work);
    else
        for (int64_t i = 0; i < wanted; i++)
            pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
}

static void *worker_main(void *argument)
{
    Worker *self = argument;
    ArmcPool *pool = self->pool;
    for (uint32_t phase = 0;;) {
        wait_for_phase(pool, phase);
        if (atomic_load(&pool->stop))
            return NULL;
        phase = atomic_load(&pool->phase);
        work(pool, phase, self->number);
    }
}

/* --- the pool --- */

static int usable_cpus(void)
{
    cpu_set_t cpus;
    const int known = sched_getaffinity(0, sizeof cpus, &cpus) == 0;
    const int count = known ? CPU_COUNT(&cpus) : 1;
    return count < THREADS_MAX ? count : THREADS_MAX;
}

/* Ends the first `started` workers and frees the pool. */
static void dismiss(ArmcPool *pool, int started)
{
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stop, 1);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 1; i < started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->done);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->workers);
    free(pool);
}

/* Starts workers 1..threads-1, with all signals left to the caller's thread; 0 or the error's
 * number. */
static int start_workers(ArmcPool *pool, int *started)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = 0;
    for (*started = 1; *started < pool->threads && error == 0; *started += error == 0) {
        Worker *worker = &pool->workers[*started];
        error = pthread_create(&worker->thread, NULL, worker_main, worker);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Zeroed memory on a cache line's boundary; `size` is a multiple of it, as the type's alignment
 * makes it. */
static void *zeroed_lines(size_t size)
{
    void *memory = aligned_alloc(64, size);
    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

ArmcPool *armc_pool_new(ArmcFault *fault, int threads)
{
    const int cpus = usable_cpus();
    if (threads == 0)
        threads = cpus;
    if (threads < 1 || threads > THREADS_MAX)
        armc_fault_raise(fault, ARMC_USAGE, "threads must be 1..%d, not %d", THREADS_MAX, threads);

    ArmcPool *pool = zeroed_lines(sizeof *pool);
    Worker *workers = zeroed_lines((size_t)threads * sizeof *workers);
    if (pool == NULL || workers == NULL) {
        free(pool);
        free(workers);
        armc_fault_raise(fault, ARMC_RESOURCE, "no memory for %d threads", threads);
    }
    pool->threads = threads;
    pool->spins = threads <= cpus;
    pool->workers = workers;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (int i = 0; i < threads; i++) {
        workers[i].pool = pool;
        workers[i].number = i;
    }
    int started;
    const int error = start_workers(pool, &started);
    if (error != 0) {
        dismiss(pool, started);
        armc_fault_raise(fault, ARMC_RESOURCE, "can't start thread %d of %d: %s", started + 1,
                         threads, strerror(error));
    }
    return pool;
}

void armc_pool_free(ArmcPool *pool)
{
    if (pool != NULL)
        dismiss(pool, pool->threads);
}

int armc_pool_threads(const ArmcPool *pool)
{
    return pool->threads;
}

/* No other thread, or nothing for it to do. */
static void run_alone(ArmcPool *pool, int64_t count, ArmcTask task, void *context)
{
    for (int64_t i = 0; i < count; i++)
        task(context, i, 0);
    atomic_fetch_add_explicit(&pool->workers[0].tasks_run, count, memory_order_relaxed);
}

void armc_pool_run(ArmcPool *pool, int64_t count, ArmcTask task, void *context)
{
    ARMC_ASSERT(count >= 0 && count <= UINT32_MAX);
    if (pool->threads == 1 || count <= 1) {
        run_alone(pool, count, task, context);
        return;
    }
    const uint32_t phase = atomic_load_explicit(&pool->phase, memory_order_relaxed) + 1;
    pool->task = task;
    pool->context = context;
    pool->count = count;
    atomic_store_explicit(&pool->left, count, memory_order_relaxed);
    for (int i = 0; i < pool->threads; i++) {
        const uint64_t length = (uint64_t)queue_length(count, i, pool->threads);
        atomic_store_explicit(&pool->workers[i].queue, (uint64_t)phase << 32 | length,
                              memory_order_release);
    }
    atomic_store(&pool->phase, phase);
    wake(pool, count - 1);
    work(pool, phase, 0);
    wait_until_done(pool, phase);
}

int64_t armc_pool_tasks_run(const ArmcPool *pool, int worker)
{
    ARMC_ASSERT(worker >= 0 && worker < pool->threads);
    return atomic_load_explicit(&pool->workers[worker].tasks_run, memory_order_relaxed);
}
