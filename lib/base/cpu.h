/* What this processor can do, found once before main. Codecs choose their row kernels by it; the plain C ones are
 * always there. SPICE_CPU in the environment says at most which level is used: `c`, `sse4` or `avx2`. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

/* Each level has all of the ones before it. A function that needs one carries the attribute of the same name. */
enum cpu_level {
	CPU_C,    /* nothing beyond what the compiler takes for granted */
	CPU_SSE4, /* x86-64 with SSSE3, SSE4.1, SSE4.2, POPCNT */
	CPU_AVX2, /* and AVX2, BMI1, BMI2, LZCNT */
};

#define CPU_TARGET_SSE4 "ssse3,sse4.1,sse4.2,popcnt"
#define CPU_TARGET_AVX2 CPU_TARGET_SSE4 ",avx,avx2,bmi,bmi2,lzcnt"

/* The level to use; the same as long as the process lives. */
enum cpu_level cpu_level(void);

#endif
