/* The floor: what the kernel alone costs. One thread, one UDP socket on 127.0.0.1, recvmmsg and sendmmsg of up to 64
 * datagrams; each reply is the query's header and question, copied, and a prebuilt tail. It knows no names and looks
 * nothing up, so no server that answers over the same system calls can be cheaper by more than noise.
 *
 * usage: floor PORT TAIL_OCTETS ANSWERS ADDITIONALS
 * The tail is octets 0xc0 0x0c ... of well-formed A records as far as they fit, so that the load generator's parser is
 * satisfied; ANSWERS and ADDITIONALS go into the header.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, ROOM = 4096 };

static struct mmsghdr received[BATCH], replies[BATCH];
static struct iovec request_parts[BATCH], reply_parts[BATCH];
static struct sockaddr_storage peers[BATCH];
static unsigned char requests[BATCH][ROOM + 64], answers[BATCH][ROOM + 64], tail[ROOM];

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "usage: floor PORT TAIL_OCTETS ANSWERS ADDITIONALS\n"), 64;
  size_t tail_length = strtoul(argv[2], NULL, 10);
  if (tail_length > 1000) return fprintf(stderr, "TAIL_OCTETS: found %zu, wanted at most 1000\n", tail_length), 64;
  uint16_t answer_count = htons(atoi(argv[3])), additional_count = htons(atoi(argv[4]));
  static const unsigned char record[16] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, 0, 1};
  for (size_t i = 0; i < tail_length; i++) tail[i] = record[i % sizeof record];

  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  int buffer = 4 << 20;
  setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(udp, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(udp, (struct sockaddr *)&address, sizeof address) < 0) return perror("bind"), 1;

  for (int i = 0; i < BATCH; i++) {
    request_parts[i] = (struct iovec){requests[i], ROOM};
    reply_parts[i] = (struct iovec){answers[i], 0};
    received[i].msg_hdr = (struct msghdr){.msg_name = &peers[i], .msg_iov = &request_parts[i], .msg_iovlen = 1};
    replies[i].msg_hdr = (struct msghdr){.msg_name = &peers[i], .msg_iov = &reply_parts[i], .msg_iovlen = 1};
  }
  printf("ready\n");
  fflush(stdout);

  for (;;) {
    for (int i = 0; i < BATCH; i++) received[i].msg_hdr.msg_namelen = sizeof peers[i];
    int count = recvmmsg(udp, received, BATCH, MSG_WAITFORONE, NULL);
    if (count < 0) return perror("recvmmsg"), 1;
    int reply_count = 0;
    for (int i = 0; i < count; i++) {
      const unsigned char *request = requests[i];
      size_t end = 12;
      while (end < received[i].msg_len && request[end]) end += request[end] + 1u;
      end += 5; /* root, QTYPE, QCLASS */
      if (end > received[i].msg_len) continue;
      unsigned char *reply = answers[reply_count];
      memcpy(reply, request, end);
      reply[2] = 0x84 | (request[2] & 1); /* QR, AA, RD as asked */
      reply[3] = 0;
      memcpy(reply + 6, &answer_count, 2);
      memset(reply + 8, 0, 2);
      memcpy(reply + 10, &additional_count, 2);
      memcpy(reply + end, tail, tail_length);
      reply_parts[reply_count].iov_len = end + tail_length;
      replies[reply_count].msg_hdr.msg_name = received[i].msg_hdr.msg_name;
      replies[reply_count].msg_hdr.msg_namelen = received[i].msg_hdr.msg_namelen;
      reply_count++;
    }
    for (int sent = 0; sent < reply_count;) {
      int done = sendmmsg(udp, replies + sent, reply_count - sent, 0);
      if (done < 0) done = 1; /* this one cannot be sent; go on with the next */
      sent += done;
    }
  }
}
