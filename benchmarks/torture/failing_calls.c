/* Between a program and its C library: fails the n-th call that touches files of one folder.
   Loaded by LD_PRELOAD; armed by fail_calls(folder, n, error). Counts on when n is 0. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char folder[4096];
static long left, seen;
static int number;
static char watched[65536];

void fail_calls(const char *path, long n, int error) {
    strncpy(folder, path, sizeof folder - 1);
    left = n;
    number = error;
    seen = 0;
}

long calls_seen(void) { return seen; }

static int is_ours(const char *path) {
    return folder[0] && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int fails(void) {
    seen++;
    if (left > 0 && --left == 0) {
        errno = number;
        return 1;
    }
    return 0;
}

static int is_fd(int fd) { return folder[0] && fd >= 0 && fd < 65536 && watched[fd]; }

static int note(int fd, int ours) {
    if (fd >= 0 && fd < 65536) watched[fd] = (char)ours;
    return fd;
}

#define REAL(type, name, args) static type(*real) args; if (!real) real = dlsym(RTLD_NEXT, #name)

#define OPEN(name)                                                   \
    int name(const char *path, int flags, ...) {                     \
        REAL(int, name, (const char *, int, ...));                   \
        va_list rest;                                                \
        va_start(rest, flags);                                       \
        mode_t mode = va_arg(rest, mode_t);                          \
        va_end(rest);                                                \
        if (is_ours(path) && fails()) return -1;                     \
        return note(real(path, flags, mode), is_ours(path));         \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                 \
    int name(int at, const char *path, int flags, ...) {             \
        REAL(int, name, (int, const char *, int, ...));              \
        va_list rest;                                                \
        va_start(rest, flags);                                       \
        mode_t mode = va_arg(rest, mode_t);                          \
        va_end(rest);                                                \
        if (is_ours(path) && fails()) return -1;                     \
        return note(real(at, path, flags, mode), is_ours(path));     \
    }
OPENAT(openat)
OPENAT(openat64)

#define ON_FD(type, name, args, ...)                                 \
    type name args {                                                 \
        REAL(type, name, args);                                      \
        if (is_fd(fd) && fails()) return -1;                         \
        return real(__VA_ARGS__);                                    \
    }
ON_FD(ssize_t, read, (int fd, void *data, size_t size), fd, data, size)
ON_FD(ssize_t, pread, (int fd, void *data, size_t size, off_t at), fd, data, size, at)
ON_FD(ssize_t, pread64, (int fd, void *data, size_t size, off64_t at), fd, data, size, at)
ON_FD(ssize_t, write, (int fd, const void *data, size_t size), fd, data, size)
ON_FD(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), fd, data, size, at)
ON_FD(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), fd, data, size, at)
ON_FD(int, fsync, (int fd), fd)
ON_FD(int, fdatasync, (int fd), fd)
ON_FD(int, ftruncate, (int fd, off_t size), fd, size)
ON_FD(int, ftruncate64, (int fd, off64_t size), fd, size)
ON_FD(int, fchmod, (int fd, mode_t mode), fd, mode)

int close(int fd) {
    REAL(int, close, (int));
    int ours = is_fd(fd);
    note(fd, 0);
    int done = real(fd); /* it is closed even when that is said to have failed */
    return ours && fails() ? -1 : done;
}

#define ON_PATH(name, args, ...)                                     \
    int name args {                                                  \
        REAL(int, name, args);                                       \
        if (is_ours(path) && fails()) return -1;                     \
        return real(__VA_ARGS__);                                    \
    }
ON_PATH(rename, (const char *path, const char *to), path, to)
ON_PATH(link, (const char *path, const char *to), path, to)
ON_PATH(unlink, (const char *path), path)
ON_PATH(chmod, (const char *path, mode_t mode), path, mode)
ON_PATH(mkdir, (const char *path, mode_t mode), path, mode)
