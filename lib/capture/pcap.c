/* From capture files to TCP segments: link layers (Ethernet with VLAN tags, loopback, raw IP, Linux
 * cooked), IPv4, IPv6 with extension headers. Lengths in packets are a stranger's: everything is
 * cut to what was captured. Fragments of IP packets are passed over. */
#include "capture/pcap.h"

#include <pcap/pcap.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	ETHERTYPE_4 = 0x0800,
	ETHERTYPE_6 = 0x86dd,
	PROTO_TCP = 6,
	VLAN_TAGS_MAX = 8,
	EXTENSIONS_MAX = 16,
};

struct capture {
	pcap_t *pcap;
	int link;
	bool said_fragment;
};

struct capture *capture_open(FILE *f, int *err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, why);
	struct capture *c;

	if (!p) {
		log_error("not a capture: %s", why);
		fclose(f);
		*err = E_INVAL;
		return NULL;
	}
	c = new(struct capture);
	c->pcap = p;
	c->link = pcap_datalink(p);
	switch (c->link) {
	case DLT_EN10MB:
	case DLT_NULL:
	case DLT_LOOP:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
		return c;
	}
	log_error("packets of link type %d can't be read", c->link);
	capture_close(c);
	*err = E_UNSUP;
	return NULL;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	pcap_close(c->pcap);
	free(c);
}

/* Cuts n bytes off the front; false when they aren't there. */
static bool skip(struct slice *s, size_t n)
{
	if (s->n < n)
		return false;
	*s = slice_of(s->p + n, s->n - n);
	return true;
}

/* The EtherType at the front of s, behind VLAN tags; s goes behind it. */
static unsigned ethertype(struct slice *s)
{
	for (int tags = 0; s->n >= 2 && tags <= VLAN_TAGS_MAX; tags++) {
		unsigned type = get_be16(s->p);
		bool vlan = type == 0x8100 || type == 0x88a8 || type == 0x9100;

		if (!skip(s, vlan ? 4 : 2))
			return 0;
		if (!vlan)
			return type;
	}
	return 0;
}

/* Takes the link layer off. False when there is no IP packet behind it. */
static bool link_layer(const struct capture *c, struct slice *s)
{
	unsigned type;

	switch (c->link) {
	case DLT_EN10MB:
		if (!skip(s, 12))
			return false;
		type = ethertype(s);
		return type == ETHERTYPE_4 || type == ETHERTYPE_6;
	case DLT_LINUX_SLL:
		if (!skip(s, 14))
			return false;
		type = ethertype(s);
		return type == ETHERTYPE_4 || type == ETHERTYPE_6;
	case DLT_LINUX_SLL2:
		type = s->n >= 20 ? get_be16(s->p) : 0;
		return skip(s, 20) && (type == ETHERTYPE_4 || type == ETHERTYPE_6);
	case DLT_NULL:
	case DLT_LOOP:
		return skip(s, 4);
	default:
		return true;
	}
}

static bool ipv4(struct capture *c, struct slice s, struct tcp_segment *seg, struct slice *tcp)
{
	size_t head = s.n ? 4u * (s.p[0] & 15) : 0, total;

	if (s.n < 20 || head < 20 || head > s.n || s.p[9] != PROTO_TCP)
		return false;
	if (get_be16(s.p + 6) & 0x3fff) {
		if (!c->said_fragment)
			log_warn("fragments of IP packets are passed over");
		c->said_fragment = true;
		return false;
	}
	total = get_be16(s.p + 2); /* 0: the network card was to fill it in */
	if (total && total < head)
		return false;
	if (total && total < s.n)
		s.n = total;
	seg->src.family = seg->dst.family = 4;
	memcpy(seg->src.addr, s.p + 12, 4);
	memcpy(seg->dst.addr, s.p + 16, 4);
	*tcp = slice_of(s.p + head, s.n - head);
	return true;
}

/* Hop-by-hop, routing, destination options. */
static bool is_extension(unsigned proto)
{
	return proto == 0 || proto == 43 || proto == 60;
}

static bool ipv6(struct slice s, struct tcp_segment *seg, struct slice *tcp)
{
	unsigned proto;
	size_t total;

	if (s.n < 40)
		return false;
	seg->src.family = seg->dst.family = 6;
	memcpy(seg->src.addr, s.p + 8, 16);
	memcpy(seg->dst.addr, s.p + 24, 16);
	total = get_be16(s.p + 4);
	proto = s.p[6];
	skip(&s, 40);
	if (total && total < s.n)
		s.n = total;
	for (int i = 0; i < EXTENSIONS_MAX && is_extension(proto); i++) {
		if (s.n < 8)
			return false;
		proto = s.p[0];
		if (!skip(&s, 8 * (1u + s.p[1])))
			return false;
	}
	*tcp = s;
	return proto == PROTO_TCP;
}

static bool tcp_layer(struct slice s, struct tcp_segment *seg)
{
	size_t head = s.n >= 20 ? 4u * (s.p[12] >> 4) : 0;

	if (head < 20 || head > s.n)
		return false;
	seg->src.port = get_be16(s.p);
	seg->dst.port = get_be16(s.p + 2);
	seg->seq = get_be32(s.p + 4);
	seg->ack = get_be32(s.p + 8);
	seg->flags = s.p[13];
	seg->data = slice_of(s.p + head, s.n - head);
	return true;
}

static bool segment_of(struct capture *c, struct slice s, struct tcp_segment *seg)
{
	struct slice tcp;

	if (!link_layer(c, &s) || !s.n)
		return false;
	if (s.p[0] >> 4 == 4	   ? !ipv4(c, s, seg, &tcp)
		: s.p[0] >> 4 == 6 ? !ipv6(s, seg, &tcp)
				   : true)
		return false;
	return tcp_layer(tcp, seg);
}

int capture_next(struct capture *c, struct tcp_segment *seg)
{
	struct pcap_pkthdr *h;
	const unsigned char *p;
	int rc;

	while ((rc = pcap_next_ex(c->pcap, &h, &p)) == 1) {
		*seg = (struct tcp_segment){
			.time = (uint64_t)h->ts.tv_sec * 1000000000u + (uint64_t)h->ts.tv_usec};
		if (segment_of(c, slice_of(p, h->caplen), seg))
			return 1;
	}
	if (rc == PCAP_ERROR_BREAK)
		return 0;
	log_warn("the capture ends here: %s", pcap_geterr(c->pcap));
	return E_INVAL;
}
