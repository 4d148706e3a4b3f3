/* A fuzz target as a plain program: gives it every file named, so that corpora are part of `make check` and a
 * finding can be looked at in a debugger. Prints how many it gave. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int replay(const char *name)
{
	FILE *f = fopen(name, "rb");
	uint8_t *p;
	long n;

	if (!f || fseek(f, 0, SEEK_END) < 0 || (n = ftell(f)) < 0) {
		perror(name);
		return 1;
	}
	rewind(f);
	p = malloc(n ? (size_t)n : 1); /* exact, so that a sanitizer sees one byte too far */
	if (!p || fread(p, 1, (size_t)n, f) != (size_t)n) {
		perror(name);
		return 1;
	}
	LLVMFuzzerTestOneInput(p, (size_t)n);
	free(p);
	fclose(f);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (replay(argv[i]))
			return 1;
	printf("%d inputs\n", argc - 1);
	return 0;
}
