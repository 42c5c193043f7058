/* The loop of PythonFanOut with the same datagrams: number, encrypt, send. libsrtp's function
 * comes as a pointer, so that nothing of libsrtp is needed to compile this. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { MAX_PACKETS = 64, TRAILER_BYTES = 32, SEQUENCE_AT = 2 };

struct member {
    void *session;
    int32_t fd;
    uint32_t sequence_offset;
    uint32_t address_bytes;
    uint8_t address[28];
};

struct result {
    int64_t sent;
    int64_t dropped;
    int32_t cannot_segment;
};

typedef int (*protect_function)(void *session, void *packet, int *length);

/* Runs that one datagram can carry: all of one size, but the last may be shorter. */
static int run_end(const struct iovec *pieces, int count, int start, int segmenting)
{
    int end = start + 1;
    if (!segmenting)
        return end;
    while (end < count && pieces[end].iov_len <= pieces[start].iov_len &&
           pieces[end - 1].iov_len == pieces[start].iov_len)
        end++;
    return end;
}

static int send_pieces(const struct member *member, struct iovec *pieces, int count,
                       int segmenting, struct result *result)
{
    struct mmsghdr messages[MAX_PACKETS];
    union {
        struct cmsghdr header;
        uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
    } controls[MAX_PACKETS];
    int calls = 0;
    memset(messages, 0, sizeof messages[0] * (size_t)count);
    for (int start = 0; start < count;) {
        int end = run_end(pieces, count, start, segmenting);
        struct msghdr *message = &messages[calls].msg_hdr;
        message->msg_name = (void *)member->address;
        message->msg_namelen = member->address_bytes;
        message->msg_iov = &pieces[start];
        message->msg_iovlen = (size_t)(end - start);
        if (end - start > 1) {
            uint16_t size = (uint16_t)pieces[start].iov_len;
            struct cmsghdr *control = &controls[calls].header;
            control->cmsg_level = SOL_UDP;
            control->cmsg_type = UDP_SEGMENT;
            control->cmsg_len = CMSG_LEN(sizeof size);
            memcpy(CMSG_DATA(control), &size, sizeof size);
            message->msg_control = control;
            message->msg_controllen = CMSG_SPACE(sizeof size);
        }
        calls++;
        start = end;
    }
    int left = 0, sent = 0;
    while (left < calls) {
        int now = sendmmsg(member->fd, messages + left, (unsigned)(calls - left), 0);
        if (now <= 0) {
            if (messages[left].msg_hdr.msg_control &&
                (errno == EIO || errno == EINVAL || errno == EMSGSIZE))
                result->cannot_segment = 1;
            break;
        }
        for (int one = left; one < left + now; one++)
            sent += (int)messages[one].msg_hdr.msg_iovlen;
        left += now;
    }
    return sent;
}

void fan_out(protect_function protect, const struct member *members, int32_t member_count,
             const uint8_t *packets, const int32_t *sizes, int32_t count, int32_t segmenting,
             uint8_t *workspace, struct result *result)
{
    struct iovec pieces[MAX_PACKETS];
    for (int32_t index = 0; index < member_count; index++) {
        const struct member *member = &members[index];
        const uint8_t *plain = packets;
        uint8_t *place = workspace;
        int failed = 0;
        for (int32_t one = 0; one < count; one++) {
            int length = sizes[one];
            memcpy(place, plain, (size_t)length);
            uint32_t sequence =
                ((uint32_t)place[SEQUENCE_AT] << 8 | place[SEQUENCE_AT + 1]) +
                member->sequence_offset;
            place[SEQUENCE_AT] = (uint8_t)(sequence >> 8);
            place[SEQUENCE_AT + 1] = (uint8_t)sequence;
            failed |= protect(member->session, place, &length);
            pieces[one].iov_base = place;
            pieces[one].iov_len = (size_t)length;
            plain += sizes[one];
            place += sizes[one] + TRAILER_BYTES;
        }
        int sent = failed ? 0 : send_pieces(member, pieces, count, segmenting, result);
        result->sent += sent;
        result->dropped += count - sent;
    }
}
