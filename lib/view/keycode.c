/* The tables of keys: input-event codes and USB usages to PC set-1 scan codes, and names for
 * scripts and options. Input-event codes 1..83 are the scan codes of the first PC keyboard; the
 * rest is irregular. One table leads from USB to input-event codes, so that no pair stands twice.
 */
#include "view/keycode.h"

#include <strings.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

enum { EVDEV_PLAIN = 83 };

/* Behind EVDEV_PLAIN, by input-event code. */
static const uint16_t evdev_table[] = {
	/* zenkaku/hankaku, 102nd, f11, f12 */
	[85] = 0x76, [86] = 0x56, [87] = 0x57, [88] = 0x58,
	/* ro, katakana, hiragana, henkan */
	[89] = 0x73, [90] = 0x78, [91] = 0x77, [92] = 0x79,
	/* kana, muhenkan, kp jp comma, kp enter */
	[93] = 0x70, [94] = 0x7b, [95] = 0x5c, [96] = 0xe01c,
	/* ctrl_r, kp /, print, altgr */
	[97] = 0xe01d, [98] = 0xe035, [99] = 0xe037, [100] = 0xe038,
	/* home, up, page up, left */
	[102] = 0xe047, [103] = 0xe048, [104] = 0xe049, [105] = 0xe04b,
	/* right, end, down, page down */
	[106] = 0xe04d, [107] = 0xe04f, [108] = 0xe050, [109] = 0xe051,
	/* insert, delete */
	[110] = 0xe052, [111] = 0xe053,
	/* mute, volume down, up, power */
	[113] = 0xe020, [114] = 0xe02e, [115] = 0xe030, [116] = 0xe05e,
	/* kp =, pause, kp comma */
	[117] = 0x59, [119] = KEYCODE_PAUSE, [121] = 0x7e,
	/* hangul, hanja, yen */
	[122] = 0x72, [123] = 0x71, [124] = 0x7d,
	/* super, super_r, menu */
	[125] = 0xe05b, [126] = 0xe05c, [127] = 0xe05d,
	/* calculator, sleep, wake up */
	[140] = 0xe021, [142] = 0xe05f, [143] = 0xe063,
	/* mail, bookmarks, back, forward */
	[155] = 0xe06c, [156] = 0xe066, [158] = 0xe06a, [159] = 0xe069,
	/* next, play, previous, stop */
	[163] = 0xe019, [164] = 0xe022, [165] = 0xe010, [166] = 0xe024,
	/* home page, refresh */
	[172] = 0xe032, [173] = 0xe067,
	/* f13 to f24 */
	[183] = 0x64, [184] = 0x65, [185] = 0x66, [186] = 0x67,
	[187] = 0x68, [188] = 0x69, [189] = 0x6a, [190] = 0x6b,
	[191] = 0x6c, [192] = 0x6d, [193] = 0x6e, [194] = 0x74,
	/* search */
	[217] = 0xe065,
};

/* USB usages of the keyboard page to input-event codes. */
static const uint8_t usb_table[] = {
	/* a..z */
	[0x04] = 30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22,
	47, 17, 45, 21, 44,
	[0x1e] = 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, /* 1..9 0 */
	[0x28] = 28, 1, 14, 15, 57, 12, 13, 26, 27, 43, 43, 39, 40, 41, 51, 52, 53, 58,
	[0x3a] = 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 87, 88, /* f1..f12 */
	[0x46] = 99, 70, 119, 110, 102, 104, 111, 107, 109, 106, 105, 108, 103, /* print .. up */
	[0x53] = 69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 83, /* keypad */
	[0x64] = 86, 127, 116, 117,
	[0x68] = 183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 194, /* f13..f24 */
	[0x7f] = 113, 115, 114,
	[0x85] = 121,
	[0x87] = 89, 93, 124, 92, 94, 95,
	[0x90] = 122, 123, 90, 91, 85,
	[0xe0] = 29, 42, 56, 125, 97, 54, 100, 126,
};

static const struct {
	const char *name;
	uint16_t code;
} names[] = {
	{"escape", 0x01}, {"esc", 0x01}, {"1", 0x02}, {"2", 0x03}, {"3", 0x04}, {"4", 0x05},
	{"5", 0x06}, {"6", 0x07}, {"7", 0x08}, {"8", 0x09}, {"9", 0x0a}, {"0", 0x0b},
	{"minus", 0x0c}, {"-", 0x0c}, {"equal", 0x0d}, {"=", 0x0d}, {"backspace", 0x0e},
	{"tab", 0x0f}, {"q", 0x10}, {"w", 0x11}, {"e", 0x12}, {"r", 0x13}, {"t", 0x14},
	{"y", 0x15}, {"u", 0x16}, {"i", 0x17}, {"o", 0x18}, {"p", 0x19}, {"bracketleft", 0x1a},
	{"[", 0x1a}, {"bracketright", 0x1b}, {"]", 0x1b}, {"enter", 0x1c}, {"return", 0x1c},
	{"ctrl", 0x1d}, {"control", 0x1d}, {"ctrl_l", 0x1d}, {"a", 0x1e}, {"s", 0x1f},
	{"d", 0x20}, {"f", 0x21}, {"g", 0x22}, {"h", 0x23}, {"j", 0x24}, {"k", 0x25}, {"l", 0x26},
	{"semicolon", 0x27}, {";", 0x27}, {"apostrophe", 0x28}, {"'", 0x28}, {"grave", 0x29},
	{"`", 0x29}, {"shift", 0x2a}, {"shift_l", 0x2a}, {"backslash", 0x2b}, {"\\", 0x2b},
	{"z", 0x2c}, {"x", 0x2d}, {"c", 0x2e}, {"v", 0x2f}, {"b", 0x30}, {"n", 0x31}, {"m", 0x32},
	{"comma", 0x33}, {",", 0x33}, {"period", 0x34}, {".", 0x34}, {"slash", 0x35}, {"/", 0x35},
	{"shift_r", 0x36}, {"kp_multiply", 0x37}, {"alt", 0x38}, {"alt_l", 0x38}, {"space", 0x39},
	{"caps_lock", 0x3a}, {"capslock", 0x3a}, {"f1", 0x3b}, {"f2", 0x3c}, {"f3", 0x3d},
	{"f4", 0x3e}, {"f5", 0x3f}, {"f6", 0x40}, {"f7", 0x41}, {"f8", 0x42}, {"f9", 0x43},
	{"f10", 0x44}, {"f11", 0x57}, {"f12", 0x58}, {"f13", 0x64}, {"f14", 0x65}, {"f15", 0x66},
	{"f16", 0x67}, {"f17", 0x68}, {"f18", 0x69}, {"f19", 0x6a}, {"f20", 0x6b}, {"f21", 0x6c},
	{"f22", 0x6d}, {"f23", 0x6e}, {"f24", 0x74}, {"num_lock", 0x45}, {"numlock", 0x45},
	{"scroll_lock", 0x46}, {"scrolllock", 0x46}, {"kp_7", 0x47}, {"kp_8", 0x48},
	{"kp_9", 0x49}, {"kp_subtract", 0x4a}, {"kp_minus", 0x4a}, {"kp_4", 0x4b}, {"kp_5", 0x4c},
	{"kp_6", 0x4d}, {"kp_add", 0x4e}, {"kp_plus", 0x4e}, {"kp_1", 0x4f}, {"kp_2", 0x50},
	{"kp_3", 0x51}, {"kp_0", 0x52}, {"kp_decimal", 0x53}, {"kp_period", 0x53},
	{"sysrq", 0x54}, {"less", 0x56}, {"kp_equal", 0x59}, {"kp_enter", 0xe01c},
	{"kp_divide", 0xe035}, {"kp_slash", 0xe035}, {"ctrl_r", 0xe01d}, {"print", 0xe037},
	{"printscreen", 0xe037}, {"prtsc", 0xe037}, {"altgr", 0xe038}, {"alt_r", 0xe038},
	{"pause", KEYCODE_PAUSE}, {"break", 0xe046}, {"home", 0xe047}, {"up", 0xe048},
	{"page_up", 0xe049}, {"pageup", 0xe049}, {"pgup", 0xe049}, {"prior", 0xe049},
	{"left", 0xe04b}, {"right", 0xe04d}, {"end", 0xe04f}, {"down", 0xe050},
	{"page_down", 0xe051}, {"pagedown", 0xe051}, {"pgdn", 0xe051}, {"next", 0xe051},
	{"insert", 0xe052}, {"ins", 0xe052}, {"delete", 0xe053}, {"del", 0xe053},
	{"super", 0xe05b}, {"super_l", 0xe05b}, {"win", 0xe05b}, {"meta", 0xe05b},
	{"super_r", 0xe05c}, {"menu", 0xe05d}, {"power", 0xe05e}, {"sleep", 0xe05f},
	{"wake", 0xe063}, {"mute", 0xe020}, {"volume_down", 0xe02e}, {"volume_up", 0xe030},
	{"media_next", 0xe019}, {"media_previous", 0xe010}, {"media_play", 0xe022},
	{"media_stop", 0xe024}, {"ro", 0x73}, {"kana", 0x70}, {"henkan", 0x79},
	{"muhenkan", 0x7b}, {"yen", 0x7d}, {"hangul", 0x72}, {"hanja", 0x71},
};

size_t keycode_bytes(uint16_t code, bool down, uint8_t out[KEYCODE_BYTES_MAX])
{
	uint8_t up = down ? 0 : 0x80;
	size_t n = 0;

	if (code == KEYCODE_PAUSE) {
		out[0] = 0xe1;
		out[1] = 0x1d | up;
		out[2] = 0x45 | up;
		return 3;
	}
	if (code >> 8)
		out[n++] = (uint8_t)(code >> 8);
	out[n++] = (code & 0x7f) | up;
	return n;
}

/* Plain, extended, pause. */
unsigned keycode_index(uint16_t code)
{
	return code == KEYCODE_PAUSE ? KEYCODE_INDEXES - 1 : (code >> 8 ? 0x80u : 0u) | (code & 0x7fu);
}

uint16_t keycode_at(unsigned index)
{
	if (index == KEYCODE_INDEXES - 1)
		return KEYCODE_PAUSE;
	return (uint16_t)(index & 0x80 ? 0xe000 | (index & 0x7f) : index);
}

uint16_t keycode_of_evdev(unsigned code)
{
	if (code <= EVDEV_PLAIN)
		return (uint16_t)code;
	return code < ARRAY_SIZE(evdev_table) ? evdev_table[code] : KEYCODE_NONE;
}

uint16_t keycode_of_usb(unsigned usage)
{
	return usage < ARRAY_SIZE(usb_table) ? keycode_of_evdev(usb_table[usage]) : KEYCODE_NONE;
}

uint16_t keycode_named(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i].name) == name.n &&
		    strncasecmp(names[i].name, (const char *)name.p, name.n) == 0)
			return names[i].code;
	return KEYCODE_NONE;
}

int keycode_chord(const char *text, uint16_t out[KEYCODE_CHORD_MAX], size_t *n)
{
	*n = 0;
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, "+");
		uint16_t code = keycode_named(slice_of(p, len));

		if (!code) {
			log_error("no key is called \"%.*s\"", (int)len, p);
			return E_USAGE;
		}
		if (*n == KEYCODE_CHORD_MAX) {
			log_error("\"%s\" is more than %d keys at once", text, KEYCODE_CHORD_MAX);
			return E_USAGE;
		}
		out[(*n)++] = code;
		p += len;
		if (!*p)
			return 0;
	}
}
