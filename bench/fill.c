// What it costs to bring a GiB into tmpfs, in every way there is: into pages that are new, and into those that a file has already.
//   gcc -O2 -pthread -o fill bench/fill.c && ./fill [/dev/shm/file]
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PWRITE, STORE, POPULATE_STORE, FALLOCATE_STORE, FALLOCATE_POPULATE_STORE, FAULT_COPY, PWRITE_OR_COPY, WAYS };

static const char *const names[WAYS] = {
    "pwrite", "stores into a mapping", "MADV_POPULATE by 2 MiB, stores", "fallocate by 2 MiB, stores", "fallocate, MADV_POPULATE_READ, stores",
    "UFFDIO_COPY", "pwrite, or UFFDIO_COPY while another writes"};
static const long total = 1L << 30, piece = 128 << 10, region = 2 << 20;

static int file, way, recycled, faults;
static char *map;
static atomic_flag writing = ATOMIC_FLAG_INIT;
static atomic_long next;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static double cpu(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

static void check(int failed, const char *what) {
    if (failed) {
        perror(what);
        exit(1);
    }
}

static void copy(long offset, void *hot) {
    struct uffdio_copy call = {.dst = (uintptr_t)map + offset, .src = (uintptr_t)hot, .len = piece, .mode = UFFDIO_COPY_MODE_DONTWAKE};
    check(ioctl(faults, UFFDIO_COPY, &call), "UFFDIO_COPY");
}

static void watch(void) {
    check((faults = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY)) < 0, "userfaultfd");
    struct uffdio_api api = {.api = UFFD_API};
    check(ioctl(faults, UFFDIO_API, &api), "UFFDIO_API");
    struct uffdio_register range = {.range = {(uintptr_t)map, total}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    check(ioctl(faults, UFFDIO_REGISTER, &range), "UFFDIO_REGISTER");
}

static void *fill(void *hot) {
    for (long at; (at = atomic_fetch_add(&next, region)) < total;) {
        if (way == FALLOCATE_STORE || way == FALLOCATE_POPULATE_STORE) check(fallocate(file, 0, at, region), "fallocate");
        if (way == POPULATE_STORE) check(madvise(map + at, region, recycled ? 22 : 23), "MADV_POPULATE");
        if (way == FALLOCATE_POPULATE_STORE) check(madvise(map + at, region, 22), "MADV_POPULATE_READ");
        for (long offset = at; offset < at + region; offset += piece) {
            int alone = way == PWRITE || (way == PWRITE_OR_COPY && !atomic_flag_test_and_set(&writing));
            if (alone)
                check(pwrite(file, hot, piece, offset) != piece, "pwrite");
            else if (way == FAULT_COPY || way == PWRITE_OR_COPY)
                copy(offset, hot);
            else
                memcpy(map + offset, hot, piece);
            if (alone && way == PWRITE_OR_COPY) atomic_flag_clear(&writing);
        }
    }
    return NULL;
}

static void measure(const char *path, int threads) {
    pthread_t all[2];
    void *hot[2];
    if (!recycled) unlink(path);
    check((file = open(path, O_RDWR | O_CREAT, 0600)) < 0 || ftruncate(file, total), path);
    for (int i = 0; i < threads; i++) memset(hot[i] = aligned_alloc(4096, piece), 1, piece);
    next = 0;
    double wall = seconds(), used = cpu();
    int copies = way == FAULT_COPY || way == PWRITE_OR_COPY;
    map = mmap(NULL, total, copies ? PROT_NONE : PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (copies) watch();
    for (int i = 0; i < threads; i++) pthread_create(&all[i], NULL, fill, hot[i]);
    for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
    munmap(map, total);
    printf("| %s | %s | %d | %.3f | %.3f |\n", names[way], recycled ? "present" : "new", threads, seconds() - wall, cpu() - used);
    for (int i = 0; i < threads; i++) free(hot[i]);
    close(file);
}

int main(int count, char **arguments) {
    const char *path = count > 1 ? arguments[1] : "/dev/shm/anndata-cache-fill";
    printf("| way | pages | threads | seconds | CPU seconds |\n|---|---|---|---|---|\n");
    for (recycled = 0; recycled < 2; recycled++)
        for (way = 0; way < (recycled ? FALLOCATE_STORE : WAYS); way++)
            for (int threads = 1; threads <= 2; threads++) measure(path, threads);
    unlink(path);
    return 0;
}
