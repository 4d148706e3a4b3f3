/* Every limit of the house, by the row of RELIABILITY's L-table that it comes from. What a peer can make us hold or do
 * is bounded by one of these. One that an option may raise has its hard maximum beside it. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	/* L-1, L-2: milliseconds from accept to an authenticated link, and to its first 16 bytes */
	LIM_AUTH_MS = 10000,
	LIM_AUTH_MS_MAX = 60000,
	LIM_HEADER_MS = 5000,
	/* L-3: link message body, and capability words in either list */
	LIM_LINK_MIN = 18,
	LIM_LINK_MAX = 4096,
	LIM_CAPS = 64,
	/* L-4: unauthenticated connections: in all, of one source, early drop from, extra of a source
	 * with a session */
	LIM_UNAUTH = 32,
	LIM_UNAUTH_SOURCE = 8,
	LIM_UNAUTH_EARLY = 16,
	LIM_UNAUTH_KNOWN = 24,
	/* L-5: sessions (option, 64), channels of a session */
	LIM_CLIENTS = 8,
	LIM_CLIENTS_MAX = 64,
	LIM_CHANNELS = 24,
	/* L-7: bodies that a client may send, by channel */
	LIM_C_MAIN = 4 << 10,
	LIM_C_INPUTS = 512,
	LIM_C_DISPLAY = 4 << 10,
	LIM_C_CURSOR = 64,
	LIM_C_PLAYBACK = 64,
	LIM_C_RECORD = 32 << 10,
	LIM_C_PORT = 128 << 10,
	LIM_C_USBREDIR = 1 << 20,
	LIM_AGENT_PIECE = 2048,
	/* L-8: bodies that a server may send */
	LIM_S_DISPLAY = 64 << 20,
	LIM_S_DISPLAY_MAX = 320 << 20,
	LIM_S_CURSOR = (1 << 20) + (64 << 10),
	LIM_S_OTHER = 1 << 20,
	/* L-9: where a receive buffer starts; it grows to at most twice what was received */
	LIM_BUF_START = 4 << 10,
	/* L-10: display objects */
	LIM_IMAGE_SIDE = 16384,
	LIM_IMAGE_PIXELS = 64 << 20,
	LIM_SURFACES = 1024,
	LIM_SURFACE_BYTES = 512 << 20,
	LIM_STREAMS = 64,
	LIM_VIDEO_PIXELS = 32 << 20, /* of the last frames of all streams of a display */
	LIM_HEADS = 16,
	LIM_CURSOR_SIDE = 512,
	LIM_CLIP_RECTS = 4096,
	LIM_PATH_POINTS = 65536,
	LIM_GLYPHS = 4096,
	/* L-11: client caches: image cache and GLZ window in bytes, palettes, cursors */
	LIM_IMAGE_CACHE = 128 << 20,
	LIM_GLZ_WINDOW = 64 << 20,
	LIM_PALETTES = 128,
	LIM_CURSORS = 256,
	LIM_CURSOR_CACHE = 64 << 20, /* bytes of their pixels */
	/* L-14: the agent: monitors of a configuration, words of capabilities, bytes kept of a clipboard and of any
	 * other message, how long half a message is kept */
	LIM_AGENT_MONITORS = 16,
	LIM_AGENT_CAPS = 32,
	LIM_AGENT_CLIPBOARD = 16 << 20,
	LIM_AGENT_BODY = 64 << 10,
	LIM_AGENT_IDLE_MS = 30000,
	/* what a guest has to say waits so long for a client's tokens (channels.md 1, 10) */
	LIM_AGENT_TOKENS_MS = 30000,
	/* L-16: WebSocket: HTTP head bytes and lines, pings a second; milliseconds that a file beside it may take */
	LIM_HTTP_HEAD = 8 << 10,
	LIM_HTTP_LINES = 32,
	LIM_WS_PINGS = 10,
	LIM_WEB_MS = 60000,
	/* L-18: display output queue of a client: bytes, or age in milliseconds */
	LIM_PIPE_BYTES = 16 << 20,
	LIM_PIPE_MS = 2000,
	/* encoded ahead of the socket, on any channel */
	LIM_AHEAD = 256 << 10,
	/* L-19: bytes that wait for the agent's peer before its source has to */
	LIM_AGENT_QUEUE = 1 << 20,
	/* L-21: a peer that takes no byte, a session that is silent though pinged, how often it is pinged */
	LIM_STALL_MS = 30000,
	LIM_SILENT_MS = 60000,
	LIM_PING_MS = 20000,
	/* what a server makes a client say that it does not take: beyond, it is not read */
	LIM_ANSWERS = 1 << 20,
	/* L-23: a line of the control socket, nesting of JSON, connections, requests a second of each; and what a
	 * client may leave unread of answers and events */
	LIM_CONTROL_LINE = 64 << 10,
	LIM_JSON_DEPTH = 16,
	LIM_CONTROL_CONNS = 8,
	LIM_CONTROL_RATE = 100,
	LIM_CONTROL_OUT = 1 << 20,
	/* L-24: a log line, lines a second about one peer */
	LIM_LOG_LINE = 512,
	LIM_LOG_RATE = 10,
	/* L-26: small inputs */
	LIM_VV_FILE = 64 << 10,
	LIM_URI = 4 << 10,
	LIM_PASSWORD_FILE = 4 << 10,
	LIM_CA_FILE = 1 << 20,
	LIM_CHAIN_DEPTH = 8,
	/* reading captures: bytes held for a stream that are out of order, a message that is not yet whole, all of
	 * these together, and TCP connections known at a time */
	LIM_CAPTURE_FLOW = 8 << 20,
	LIM_CAPTURE_MESSAGE = LIM_S_DISPLAY,
	LIM_CAPTURE_TOTAL = 64 << 20,
	LIM_CAPTURE_FLOWS = 65536,
	/* and segments held out of order of one direction, however small */
	LIM_CAPTURE_SEGMENTS = 4096,
	/* a ticket's secret, wire.md 2 */
	LIM_PASSWORD = 60,
	/* nesting of messages: sub-structures and pointers of one body */
	LIM_WIRE_DEPTH = 12,
};

/* L-10: may an image, a surface, a frame be of this size? Not if it is empty. */
static inline bool lim_image_fits(uint32_t width, uint32_t height)
{
	return width && height && width <= LIM_IMAGE_SIDE && height <= LIM_IMAGE_SIDE &&
	       (uint64_t)width * height <= LIM_IMAGE_PIXELS;
}

#endif
