/* Strikes a program at a named moment: loaded into it with LD_PRELOAD, told when by a page of memory that a test writes.

   The program itself has no hook and knows nothing of this. The fields of the page, 32-bit numbers: which process, which
   moment, how many of them are let pass first, what happens then, for how long every flush to disk takes, by how much its
   clock is wrong, whether anything was flushed since, and whether its parent is killed with it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { NEVER, BEFORE_WRITE, BEFORE_FLUSH, AFTER_FLUSH, BEFORE_WORD, AFTER_WORD, BEFORE_ASKED, AFTER_ASKED };

struct page {
    volatile int32_t pid, moment, let_pass, error, slow_us, shift_s, flushed, with_parent;
};

static struct page nothing, *page = &nothing;

__attribute__((constructor)) static void open_page(void) {
    const char *path = getenv("SAFEZONE_TEST_MOMENTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *found = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (found != MAP_FAILED) page = found;
    close(fd);
}

/* At its moment the process is killed, or is told of an error as long as one is set. */
static int strike(int moment) {
    if (page->pid != getpid() || page->moment != moment) return 0;
    if (page->error) {
        errno = page->error;
        return -1;
    }
    if (__sync_fetch_and_sub(&page->let_pass, 1) == 0) {
        if (page->with_parent) kill(getppid(), SIGKILL);
        kill(getpid(), SIGKILL);
    }
    return 0;
}

static int is_tcp(int fd) {
    int saved = errno, domain = 0;
    socklen_t size = sizeof domain;
    int found = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && (domain == AF_INET || domain == AF_INET6);
    errno = saved;
    return found;
}

/* Connections to a database server: what is said there is not said to anybody who waits. */
enum { MOST = 4096 };
static char to_server[MOST];

static int holds(const void *said, ssize_t size, const char *word, size_t length) {
    return size > 0 && memmem(said, (size_t)size, word, length) != NULL;
}

static void word(int fd, int moment) {
    if (page->pid == getpid() && page->flushed && !(fd < MOST && to_server[fd]) && is_tcp(fd)) strike(moment);
}

static int flush(int fd, const char *name) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (page->pid == getpid() && page->slow_us) usleep((useconds_t)page->slow_us);
    if (strike(BEFORE_FLUSH)) return -1;
    int done = real(fd);
    if (page->pid == getpid()) page->flushed = 1;
    strike(AFTER_FLUSH);
    return done;
}

int fsync(int fd) { return flush(fd, "fsync"); }
int fdatasync(int fd) { return flush(fd, "fdatasync"); }

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    if (strike(BEFORE_WRITE)) return -1;
    return REAL(ssize_t(*)(int, const void *, size_t, off64_t), pwrite64)(fd, from, count, at);
}

ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
    if (strike(BEFORE_WRITE)) return -1;
    return REAL(ssize_t(*)(int, const void *, size_t, off_t), pwrite)(fd, from, count, at);
}

#define SAY(call)                 \
    word(fd, BEFORE_WORD);        \
    ssize_t said = call;          \
    word(fd, AFTER_WORD);         \
    return said

ssize_t write(int fd, const void *from, size_t count) {
    SAY(REAL(ssize_t(*)(int, const void *, size_t), write)(fd, from, count));
}

ssize_t writev(int fd, const struct iovec *from, int count) {
    SAY(REAL(ssize_t(*)(int, const struct iovec *, int), writev)(fd, from, count));
}

int close(int fd) {
    if (fd >= 0 && fd < MOST) to_server[fd] = 0;
    return REAL(int (*)(int), close)(fd);
}

/* PostgreSQL: the server is asked to commit, and what it answers is as good as a flush. */
ssize_t recv(int fd, void *into, size_t size, int flags) {
    ssize_t heard = REAL(ssize_t(*)(int, void *, size_t, int), recv)(fd, into, size, flags);
    if (page->pid == getpid() && fd < MOST && to_server[fd] && holds(into, heard, "COMMIT", 7)) page->flushed = 1;
    return heard;
}

ssize_t send(int fd, const void *from, size_t count, int flags) {
    if (fd < MOST && count > 8 && memcmp((const char *)from + 4, "\0\3\0\0", 4) == 0) to_server[fd] = 1; /* its greeting */
    if (fd < MOST && to_server[fd] && holds(from, (ssize_t)count, "COMMIT", 6)) {
        strike(BEFORE_ASKED);
        ssize_t asked = REAL(ssize_t(*)(int, const void *, size_t, int), send)(fd, from, count, flags);
        strike(AFTER_ASKED);
        return asked;
    }
    SAY(REAL(ssize_t(*)(int, const void *, size_t, int), send)(fd, from, count, flags));
}

ssize_t sendmsg(int fd, const struct msghdr *from, int flags) {
    SAY(REAL(ssize_t(*)(int, const struct msghdr *, int), sendmsg)(fd, from, flags));
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int done = REAL(int (*)(clockid_t, struct timespec *), clock_gettime)(clock, now);
    if (done == 0 && clock == CLOCK_REALTIME && page->shift_s && page->pid == getpid()) now->tv_sec += page->shift_s;
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int done = REAL(int (*)(struct timeval *, void *), gettimeofday)(now, zone);
    if (done == 0 && page->shift_s && page->pid == getpid()) now->tv_sec += page->shift_s;
    return done;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
