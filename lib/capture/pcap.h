/* Captures as files: classic pcap and pcapng by libpcap, from the packet to the TCP segment. */
#ifndef CAPTURE_PCAP_H
#define CAPTURE_PCAP_H

#include <stdio.h>

#include "capture/tcp.h"

struct capture;

/* Takes f (it is closed with the capture). NULL with the reason logged and *err: E_INVAL when it is
 * no capture, E_UNSUP when its packets are of a kind that can't be read. */
struct capture *capture_open(FILE *f, int *err);
void capture_close(struct capture *c);

/* The next TCP segment; its data lives until the next call. 1, 0 at the end, E_INVAL when the file
 * is damaged or cut here (logged). Packets that are no TCP are passed over. */
int capture_next(struct capture *c, struct tcp_segment *seg);

#endif
