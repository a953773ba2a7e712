// A wall clock of its own for one process, by LD_PRELOAD: what the file FAKE_CLOCK says is added to the time of day, or
// stands in its place. Nothing else is touched: waits and time-outs go by the monotonic clock, as without it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// As tests/support/fake_clock.py writes it.
struct order {
    volatile int64_t ahead; // nanoseconds
    volatile int64_t stands; // nanoseconds since 1970; 0: the clock moves
};

static const int64_t SECOND = 1000000000;
static const struct order *order;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("FAKE_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *there = mmap(NULL, sizeof *order, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (there != MAP_FAILED) order = there;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int status = real_clock_gettime ? real_clock_gettime(clock, now) : (int)syscall(SYS_clock_gettime, clock, now);
    if (status || !order || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return status;
    int64_t told = order->stands;
    if (!told) told = now->tv_sec * SECOND + now->tv_nsec + order->ahead;
    now->tv_sec = told / SECOND;
    now->tv_nsec = told % SECOND;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec told;
    if (clock_gettime(CLOCK_REALTIME, &told)) return -1;
    now->tv_sec = told.tv_sec;
    now->tv_usec = told.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec told;
    if (clock_gettime(CLOCK_REALTIME, &told)) return -1;
    if (now) *now = told.tv_sec;
    return told.tv_sec;
}
