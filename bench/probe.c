/* Asks one question a millisecond over UDP, each when its time has come whether the last was answered or not, and prints
 * how long the replies took: a client that feels what a load generator, which waits for its replies, does not.
 *
 * usage: probe PORT SECONDS QUERY_IN_HEXADECIMAL
 * prints: JSON with the number asked and answered, and p50, p99, p999 and the longest in microseconds
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { MOST = 600000, PERIOD = 1000 };

static double asked_at[65536];
static float took[MOST];

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static int ascending(const void *left, const void *right) {
  float difference = *(const float *)left - *(const float *)right;
  return difference < 0 ? -1 : difference > 0;
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: probe PORT SECONDS QUERY_IN_HEXADECIMAL\n"), 64;
  unsigned char query[512], reply[4096];
  int length = strlen(argv[3]) / 2;
  if (length < 12 || length > (int)sizeof query) return fprintf(stderr, "QUERY: found %d octets, wanted 12 to 512\n", length), 64;
  for (int i = 0; i < length; i++) sscanf(argv[3] + 2 * i, "%2hhx", &query[i]);

  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(udp, (struct sockaddr *)&server, sizeof server) < 0) return perror("connect"), 1;

  int asked = 0, answered = 0;
  double begin = microseconds(), end = begin + atof(argv[2]) * 1e6, give_up = end + 1e6;
  for (;;) {
    double now = microseconds();
    double due = begin + (double)asked * PERIOD;
    if (due < end && now >= due && asked < MOST) {
      query[0] = asked >> 8;
      query[1] = asked;
      asked_at[asked & 0xffff] = now;
      send(udp, query, length, 0);
      asked++;
      continue;
    }
    if (due >= end && (answered == asked || now > give_up)) break;
    double wait = due < end ? due - now : give_up - now;
    struct timespec timeout = {wait / 1e6, (long)(wait * 1e3) % 1000000000};
    struct pollfd entry = {udp, POLLIN, 0};
    if (ppoll(&entry, 1, &timeout, NULL) <= 0) continue;
    if (recv(udp, reply, sizeof reply, MSG_DONTWAIT) < 12 || answered == MOST) continue;
    took[answered++] = microseconds() - asked_at[reply[0] << 8 | reply[1]];
  }
  qsort(took, answered, sizeof took[0], ascending);
  if (answered == 0) return fprintf(stderr, "no replies\n"), 1;
  printf("{\"asked\":%d,\"answered\":%d,\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"longest\":%.0f}\n", asked, answered,
         took[answered / 2], took[(int)(answered * 0.99)], took[(int)(answered * 0.999)], took[answered - 1]);
}
