/* Microseconds of CPU time that a datagram costs which a program takes and another one that it sends, over loopback. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

enum { ROUNDS = 100000, OCTETS = 700 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

int main(void) {
    static char octets[OCTETS];
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from;
    socklen_t length = sizeof here;
    int one = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(other, (struct sockaddr *)&here, sizeof here) || getsockname(other, (struct sockaddr *)&here, &length)) return 1;
    double begin = seconds();
    for (int i = 0; i < ROUNDS; i++) {
        if (sendto(one, octets, OCTETS, 0, (struct sockaddr *)&here, sizeof here) != OCTETS) return 2;
        length = sizeof from;
        if (recvfrom(other, octets, OCTETS, 0, (struct sockaddr *)&from, &length) != OCTETS) return 3;
    }
    printf("%.3f\n", (seconds() - begin) / ROUNDS * 1e6);
    return 0;
}
