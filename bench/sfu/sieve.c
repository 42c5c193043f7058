/* Reads the sockets of all viewers and counts what it reads; only what a viewer has to answer goes on.
 * It looks every two milliseconds and is woken by nothing: a server must not pay for waking it, and
 * arrivals are stamped by the kernel. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32, READY = 256, DATAGRAM_BYTES = 1600, LINES = 8192, PAUSE_NS = 2000000, NICE = 5 };

struct line {
    int64_t packets;
    int64_t pictures;
    int64_t span; /* of sequence numbers */
    uint32_t ssrc;
    uint16_t newest;
    uint16_t sampled;
};

struct sieve {
    int32_t ready;  /* an epoll */
    int32_t others; /* a socket for what is not counted, behind four bytes that name its own */
    volatile int32_t stopped;
    volatile int32_t capturing;
    volatile int64_t captured;
    int64_t capacity;
    int64_t lost; /* of what had to go on, or to be kept */
    uint8_t *capture;
    struct line lines[LINES];
};

struct capture_head {
    int64_t at_ns;
    int32_t fd;
    int32_t size;
};

static int64_t stamp_of(struct msghdr *message)
{
    for (struct cmsghdr *one = CMSG_FIRSTHDR(message); one; one = CMSG_NXTHDR(message, one))
        if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SO_TIMESTAMPNS) {
            struct timespec at;
            memcpy(&at, CMSG_DATA(one), sizeof at);
            return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
        }
    return 0;
}

static void keep(struct sieve *sieve, int fd, struct msghdr *message, const uint8_t *data, int size)
{
    struct capture_head head = {stamp_of(message), fd, size};
    if (sieve->captured + (int64_t)sizeof head + size > sieve->capacity) {
        sieve->lost++;
        return;
    }
    memcpy(sieve->capture + sieve->captured, &head, sizeof head);
    memcpy(sieve->capture + sieve->captured + sizeof head, data, (size_t)size);
    sieve->captured += (int64_t)sizeof head + size;
}

static void pass_on(struct sieve *sieve, int fd, const uint8_t *data, int size)
{
    uint8_t message[4 + DATAGRAM_BYTES];
    memcpy(message, &fd, 4);
    memcpy(message + 4, data, (size_t)size);
    if (send(sieve->others, message, (size_t)size + 4, MSG_DONTWAIT) < 0)
        sieve->lost++;
}

static void take(struct sieve *sieve, int fd, struct msghdr *message, const uint8_t *data, int size)
{
    struct line *line = &sieve->lines[fd];
    if (size < 12 || data[0] < 128 || data[0] > 191 || (data[1] >= 192 && data[1] <= 223)) {
        pass_on(sieve, fd, data, size);
        return;
    }
    uint32_t ssrc;
    memcpy(&ssrc, data + 8, sizeof ssrc);
    uint16_t sequence = (uint16_t)(data[2] << 8 | data[3]);
    if (line->packets == 0) {
        line->ssrc = ssrc;
        line->newest = sequence;
        pass_on(sieve, fd, data, size); /* receiver reports begin with the first packet */
    }
    if (ssrc != line->ssrc)
        return;
    int16_t ahead = (int16_t)(uint16_t)(sequence - line->newest);
    if (ahead > 0) {
        line->span += ahead;
        line->newest = sequence;
    }
    line->packets++;
    line->pictures += data[1] >> 7;
    if (line->sampled && sieve->capturing)
        keep(sieve, fd, message, data, size);
}

static void empty(struct sieve *sieve, int fd)
{
    static uint8_t data[BATCH][DATAGRAM_BYTES];
    static uint8_t control[BATCH][64];
    struct iovec pieces[BATCH];
    struct mmsghdr messages[BATCH];
    int count;
    do {
        memset(messages, 0, sizeof messages);
        for (int one = 0; one < BATCH; one++) {
            pieces[one].iov_base = data[one];
            pieces[one].iov_len = DATAGRAM_BYTES;
            messages[one].msg_hdr.msg_iov = &pieces[one];
            messages[one].msg_hdr.msg_iovlen = 1;
            messages[one].msg_hdr.msg_control = control[one];
            messages[one].msg_hdr.msg_controllen = sizeof control[one];
        }
        count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
        for (int one = 0; one < count; one++)
            take(sieve, fd, &messages[one].msg_hdr, data[one], (int)messages[one].msg_len);
    } while (count == BATCH);
}

void sieve_run(struct sieve *sieve)
{
    struct epoll_event events[READY];
    struct timespec pause = {0, PAUSE_NS};
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* the sender, beside it, goes first */
    while (!sieve->stopped) {
        int count = epoll_wait(sieve->ready, events, READY, 0);
        for (int one = 0; one < count; one++)
            empty(sieve, events[one].data.fd);
        if (count < READY)
            nanosleep(&pause, NULL);
    }
}
