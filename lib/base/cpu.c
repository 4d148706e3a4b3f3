/* The one place that asks the processor, and SPICE_CPU, what it may do. LZCNT is looked up by hand: not every compiler
 * that we are built with knows it as a feature, and where it is missing its code runs as BSR, with other results. */
#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

static int has_lzcnt(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & bit_ABM);
}

static enum cpu_level processor(void)
{
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("ssse3") || !__builtin_cpu_supports("sse4.1") ||
		!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt"))
		return CPU_C;
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") ||
		!has_lzcnt())
		return CPU_SSE4;
	return CPU_AVX2;
}
#else
static enum cpu_level processor(void)
{
	return CPU_C;
}
#endif

static enum cpu_level level;

static __attribute__((constructor)) void choose(void)
{
	static const char *const names[] = {[CPU_C] = "c", [CPU_SSE4] = "sse4", [CPU_AVX2] = "avx2"};
	const char *most = getenv("SPICE_CPU");

	level = processor();
	for (unsigned i = 0; most && i < level; i++)
		if (strcmp(most, names[i]) == 0)
			level = (enum cpu_level)i;
}

enum cpu_level cpu_level(void)
{
	return level;
}
