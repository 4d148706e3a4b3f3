/* Lines of a drawing script: any bytes are split or refused, and any reading of the words ends in
 * numbers within their bounds or in a fault. */
#include <stdlib.h>

#include "cmd/source-script-parse.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Reads the words in an order that the first byte chooses. */
static void read_words(const struct script_line *line, unsigned order)
{
	struct script_args a = script_args(line);
	unsigned w, h;
	int list[4];

	while (arg_more(&a)) {
		unsigned at = a.at;

		switch (order++ % 7) {
		case 0:
			if (abs(arg_coord(&a, "x")) > SCRIPT_COORD)
				abort();
			break;
		case 1:
			if (arg_size(&a, "size") - 1 >= LIM_IMAGE_SIDE)
				abort();
			break;
		case 2:
			arg_colour(&a);
			break;
		case 3:
			arg_geometry(&a, &w, &h);
			if (w - 1 >= LIM_IMAGE_SIDE || h - 1 >= LIM_IMAGE_SIDE)
				abort();
			break;
		case 4:
			if (arg_list(&a, "list", 0, 9, list, 4) > 4)
				abort();
			break;
		case 5:
			if (!arg_take(&a, "rop"))
				arg_word(&a, "word");
			break;
		case 6:
			a.at--;
			arg_rop(&a);
			a.at = at + 1;
			break;
		}
		if (!a.why[0] && a.at <= at)
			abort();
	}
	arg_end(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct script_line line = {0};
	const char *why = NULL;

	if (n == 0)
		return 0;
	if (script_split(&line, (const char *)p + 1, n - 1, &why)) {
		if (!why || line.words)
			abort();
		return 0;
	}
	if (line.n)
		read_words(&line, *p);
	script_line_free(&line);
	return 0;
}
