/* Our constants against the BSD headers of libspice-protocol-dev: every value of enums.def, every message number, and
 * the sizes of the fixed structures. The macros below say how each of our prefixes is called there; what the headers
 * don't know does not compile, so nothing is left out unseen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* obsolete values count, too */
#include <spice/enums.h>
#include <spice/protocol.h>
#include <spice/vd_agent.h>

#include "base/mem.h"
#include "wire/wire.h"

#define THEIR_LINK_ERR(n) SPICE_LINK_ERR_##n
#define THEIR_WARN_CODE(n) SPICE_WARN_##n
#define THEIR_INFO_CODE(n) SPICE_INFO_##n
#define THEIR_MIGRATE_FLAGS(n) SPICE_MIGRATE_##n
#define THEIR_COMPOSITE_FLAGS(n) SPICE_COMPOSITE_##n
#define THEIR_NOTIFY_SEVERITY(n) SPICE_NOTIFY_SEVERITY_##n
#define THEIR_NOTIFY_VISIBILITY(n) SPICE_NOTIFY_VISIBILITY_##n
#define THEIR_MOUSE_MODE(n) SPICE_MOUSE_MODE_##n
#define THEIR_DATA_COMPRESSION(n) SPICE_DATA_COMPRESSION_TYPE_##n
#define THEIR_CLIP_TYPE(n) SPICE_CLIP_TYPE_##n
#define THEIR_PATH_FLAGS(n) SPICE_PATH_##n
#define THEIR_VIDEO_CODEC(n) SPICE_VIDEO_CODEC_TYPE_##n
#define THEIR_STREAM_FLAGS(n) SPICE_STREAM_FLAGS_##n
#define THEIR_BRUSH_TYPE(n) SPICE_BRUSH_TYPE_##n
#define THEIR_MASK_FLAGS(n) SPICE_MASK_FLAGS_##n
#define THEIR_IMAGE_TYPE(n) SPICE_IMAGE_TYPE_##n
#define THEIR_IMAGE_COMPRESSION(n) SPICE_IMAGE_COMPRESSION_##n
#define THEIR_IMAGE_FLAGS(n) SPICE_IMAGE_FLAGS_##n
#define THEIR_BITMAP_FMT(n) SPICE_BITMAP_FMT_##n
#define THEIR_BITMAP_FLAGS(n) SPICE_BITMAP_FLAGS_##n
#define THEIR_JPEG_ALPHA_FLAGS(n) SPICE_JPEG_ALPHA_FLAGS_##n
#define THEIR_SCALE_MODE(n) SPICE_IMAGE_SCALE_MODE_##n
#define THEIR_ROPD(n) SPICE_ROPD_##n
#define THEIR_LINE_FLAGS(n) SPICE_LINE_FLAGS_##n
#define THEIR_STRING_FLAGS(n) SPICE_STRING_FLAGS_##n
#define THEIR_SURFACE_FLAGS(n) SPICE_SURFACE_FLAGS_##n
#define THEIR_SURFACE_FMT(n) SPICE_SURFACE_FMT_##n
#define THEIR_ALPHA_FLAGS(n) SPICE_ALPHA_FLAGS_##n
#define THEIR_RESOURCE_TYPE(n) SPICE_RES_TYPE_##n
#define THEIR_GL_SCANOUT_FLAGS(n) SPICE_GL_SCANOUT_FLAGS_##n
#define THEIR_KBD_MODIFIERS(n) SPICE_KEYBOARD_MODIFIER_FLAGS_##n
#define THEIR_MOUSE_BUTTON(n) SPICE_MOUSE_BUTTON_##n
#define THEIR_MOUSE_BUTTON_MASK(n) SPICE_MOUSE_BUTTON_MASK_##n
#define THEIR_CURSOR_TYPE(n) SPICE_CURSOR_TYPE_##n
#define THEIR_CURSOR_FLAGS(n) SPICE_CURSOR_FLAGS_##n
#define THEIR_AUDIO_MODE(n) SPICE_AUDIO_DATA_MODE_##n
#define THEIR_AUDIO_FMT(n) SPICE_AUDIO_FMT_##n
#define THEIR_VSC_TYPE(n) SPICE_VSC_MESSAGE_TYPE_##n
#define THEIR_CHANNEL_TYPE(n) SPICE_CHANNEL_##n
#define THEIR_PORT_EVENT(n) SPICE_PORT_EVENT_##n
#define THEIR_COMMON_CAP(n) SPICE_COMMON_CAP_##n
#define THEIR_MAIN_CAP(n) SPICE_MAIN_CAP_##n
#define THEIR_DISPLAY_CAP(n) SPICE_DISPLAY_CAP_##n
#define THEIR_INPUTS_CAP(n) SPICE_INPUTS_CAP_##n
#define THEIR_PLAYBACK_CAP(n) SPICE_PLAYBACK_CAP_##n
#define THEIR_RECORD_CAP(n) SPICE_RECORD_CAP_##n
#define THEIR_SPICEVMC_CAP(n) SPICE_SPICEVMC_CAP_##n
/* the word of a mechanism is the number of the capability that announces it */
#define THEIR_AUTH_MECHANISM(n) SPICE_COMMON_CAP_AUTH_##n
#define THEIR_VDP_PORT(n) VDP_##n##_PORT
#define THEIR_AGENT_MSG(n) VD_AGENT_##n
#define THEIR_AGENT_CAP(n) VD_AGENT_CAP_##n
#define THEIR_CLIPBOARD_TYPE(n) VD_AGENT_CLIPBOARD_##n
#define THEIR_CLIPBOARD_SELECTION(n) VD_AGENT_CLIPBOARD_SELECTION_##n
#define THEIR_AGENT_REPLY_ERROR(n) VD_AGENT_##n
#define THEIR_MONITORS_FLAGS(n) VD_AGENT_CONFIG_MONITORS_FLAG_##n
#define THEIR_DISPLAY_CONFIG_FLAGS(n) VD_AGENT_DISPLAY_CONFIG_FLAG_##n
#define THEIR_FILE_XFER_STATUS(n) VD_AGENT_FILE_XFER_STATUS_##n

struct pair {
	const char *name;
	long ours, theirs;
};

static void same(const struct pair *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].ours != all[i].theirs)
			fail_msg("%s is %ld, not %ld", all[i].name, all[i].theirs, all[i].ours);
}

static void values(void **state)
{
	static const struct pair all[] = {
#define ENUM(name, kind)
#define V(prefix, name, value) {#prefix "_" #name, prefix##_##name, THEIR_##prefix(name)},
#define ENUM_END(name)
#include "wire/enums.def"
#undef ENUM
#undef V
#undef ENUM_END
	};

	(void)state;
	same(all, ARRAY_SIZE(all));
}

#define NUMBER_BASE_S(n) SPICE_MSG_##n
#define NUMBER_BASE_C(n) SPICE_MSGC_##n
#define NUMBER_MAIN_S(n) SPICE_MSG_MAIN_##n
#define NUMBER_MAIN_C(n) SPICE_MSGC_MAIN_##n
#define NUMBER_DISPLAY_S(n) SPICE_MSG_DISPLAY_##n
#define NUMBER_DISPLAY_C(n) SPICE_MSGC_DISPLAY_##n
#define NUMBER_INPUTS_S(n) SPICE_MSG_INPUTS_##n
#define NUMBER_INPUTS_C(n) SPICE_MSGC_INPUTS_##n
#define NUMBER_CURSOR_S(n) SPICE_MSG_CURSOR_##n
#define NUMBER_PLAYBACK_S(n) SPICE_MSG_PLAYBACK_##n
#define NUMBER_RECORD_S(n) SPICE_MSG_RECORD_##n
#define NUMBER_RECORD_C(n) SPICE_MSGC_RECORD_##n
#define NUMBER_SMARTCARD_S(n) SPICE_MSG_SMARTCARD_##n
#define NUMBER_SMARTCARD_C(n) SPICE_MSGC_SMARTCARD_##n
#define NUMBER_USBREDIR_S(n) SPICE_MSG_SPICEVMC_##n
#define NUMBER_USBREDIR_C(n) SPICE_MSGC_SPICEVMC_##n
/* port and webdav carry the messages of both */
#define SPICE_MSG_PORT_DATA SPICE_MSG_SPICEVMC_DATA
#define SPICE_MSG_PORT_COMPRESSED_DATA SPICE_MSG_SPICEVMC_COMPRESSED_DATA
#define SPICE_MSGC_PORT_DATA SPICE_MSGC_SPICEVMC_DATA
#define SPICE_MSGC_PORT_COMPRESSED_DATA SPICE_MSGC_SPICEVMC_COMPRESSED_DATA
#define NUMBER_PORT_S(n) SPICE_MSG_PORT_##n
#define NUMBER_PORT_C(n) SPICE_MSGC_PORT_##n
#define NUMBER_WEBDAV_S(n) SPICE_MSG_PORT_##n
#define NUMBER_WEBDAV_C(n) SPICE_MSGC_PORT_##n
#define NUMBER_AGENT_S(n) VD_AGENT_##n
#define NUMBER_AGENT_C(n) VD_AGENT_##n
#define NUMBER_AGENT_V(n) VD_AGENT_##n
#define NUMBER_VSC_S(n) SPICE_VSC_MESSAGE_TYPE_##n
#define NUMBER_VSC_C(n) SPICE_VSC_MESSAGE_TYPE_##n

static void numbers(void **state)
{
	static const struct pair all[] = {
#define MSG(channel, dir, number, name, body)                                                      \
	{#channel " " #dir " " #name, number, NUMBER_##channel##_##dir(name)},
#include "wire/messages.def"
#undef MSG
	};

	(void)state;
	same(all, ARRAY_SIZE(all));
}

/* The headers stop where their enumerations end: nothing behind our last row is missing here. */
static void complete(void **state)
{
	(void)state;
	assert_non_null(wire_msg_find(WIRE_MAIN, WIRE_S, SPICE_MSG_END_MAIN - 1));
	assert_non_null(wire_msg_find(WIRE_MAIN, WIRE_C, SPICE_MSGC_END_MAIN - 1));
	assert_non_null(wire_msg_find(WIRE_DISPLAY, WIRE_S, SPICE_MSG_END_DISPLAY - 1));
	assert_non_null(wire_msg_find(WIRE_DISPLAY, WIRE_C, SPICE_MSGC_END_DISPLAY - 1));
	assert_non_null(wire_msg_find(WIRE_INPUTS, WIRE_C, SPICE_MSGC_END_INPUTS - 1));
	assert_non_null(wire_msg_find(WIRE_CURSOR, WIRE_S, SPICE_MSG_END_CURSOR - 1));
	assert_non_null(wire_msg_find(WIRE_PLAYBACK, WIRE_S, SPICE_MSG_END_PLAYBACK - 1));
	assert_non_null(wire_msg_find(WIRE_RECORD, WIRE_S, SPICE_MSG_END_RECORD - 1));
	assert_non_null(wire_msg_find(WIRE_RECORD, WIRE_C, SPICE_MSGC_END_RECORD - 1));
	assert_null(wire_msg_find(WIRE_DISPLAY, WIRE_S, SPICE_MSG_END_DISPLAY));
	assert_string_equal(wire_enum_word("channel_type", SPICE_END_CHANNEL - 1), "WEBDAV");
	assert_null(wire_enum_word("channel_type", SPICE_END_CHANNEL));
	assert_null(wire_enum_word("agent_cap", VD_AGENT_END_CAP));
	assert_null(wire_enum_word("agent_msg", VD_AGENT_END_MESSAGE));
}

/* Bytes that a structure of zeros takes on the wire. */
static size_t wire_size(const struct wire_desc *d)
{
	uint64_t zeros[64] = {0};
	struct buf out = {0};
	size_t n;

	assert_true(wire_desc_size(d) <= sizeof(zeros));
	assert_int_equal(wire_encode(d, zeros, 0, &out), 0);
	n = buf_len(&out);
	buf_fini(&out);
	return n;
}

static void sizes(void **state)
{
	(void)state;
	assert_int_equal(wire_size(wire_desc_link_header()), sizeof(SpiceLinkHeader));
	assert_int_equal(wire_size(wire_desc_link_mess()), sizeof(SpiceLinkMess));
	assert_int_equal(wire_size(wire_desc_link_reply()), sizeof(SpiceLinkReply));
	assert_int_equal(wire_size(wire_desc_encrypted_ticket()), sizeof(SpiceLinkEncryptedTicket));
	assert_int_equal(wire_size(wire_desc_auth_mechanism()), sizeof(SpiceLinkAuthMechanism));
	assert_int_equal(wire_size(wire_desc_data_header()), sizeof(SpiceDataHeader));
	assert_int_equal(wire_size(wire_desc_mini_data_header()), sizeof(SpiceMiniDataHeader));
	assert_int_equal(wire_size(wire_desc_sub_message()), sizeof(SpiceSubMessage));
	assert_int_equal(wire_size(wire_desc_vdi_chunk_header()), sizeof(VDIChunkHeader));
	assert_int_equal(wire_size(wire_desc_agent_message()), sizeof(VDAgentMessage));
	assert_int_equal(wire_size(wire_desc_mon_config()), sizeof(VDAgentMonConfig));
	assert_int_equal(wire_size(wire_desc_agent_mouse_state()), sizeof(VDAgentMouseState));
	assert_int_equal(wire_size(wire_desc_agent_reply()), sizeof(VDAgentReply));
	assert_int_equal(wire_size(wire_desc_agent_display_config()), sizeof(VDAgentDisplayConfig));
	assert_int_equal(wire_size(wire_desc_agent_file_xfer_data()), sizeof(VDAgentFileXferDataMessage));
	assert_int_equal(LIM_AGENT_PIECE, VD_AGENT_MAX_DATA_SIZE);
	assert_int_equal(LIM_PASSWORD, SPICE_MAX_PASSWORD_LENGTH);
	assert_int_equal(LIM_STREAMS, SPICE_MAX_NUM_STREAMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(numbers),
		cmocka_unit_test(complete),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
