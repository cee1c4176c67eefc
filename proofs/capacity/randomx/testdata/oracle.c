// SPDX-License-Identifier: Apache-2.0

// Asks the system's librandomx. Arguments: flags, then "hash" or "time".
// hash: reads lines "KEY INPUT" in hex ("-" for an empty input) and writes one
// hash a line. time: writes the processor time in nanoseconds of one cache
// initialisation and of the quickest of COUNT hashes. fast: writes that of the
// quickest of COUNT hashes in fast mode over a dataset of arbitrary content.
#include <randomx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static size_t unhex(const char *s, unsigned char *out) {
	size_t n = 0;
	unsigned v;
	if (*s == '-') return 0;
	for (; s[0] && s[1] && sscanf(s, "%2x", &v) == 1; s += 2) out[n++] = v;
	return n;
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv) {
	static char line[8192], key_hex[256], in_hex[8192], last[256];
	unsigned char key[64], in[4096], hash[RANDOMX_HASH_SIZE];
	if (argc < 3) return 2;
	randomx_flags flags = atoi(argv[1]);
	if (atoi(argv[1]) < 0) flags = randomx_get_flags();
	if (!strcmp(argv[2], "fast")) {
		randomx_dataset *ds = randomx_alloc_dataset(flags);
		if (!ds) return 3;
		unsigned long long *w = randomx_get_dataset_memory(ds);
		size_t words = (size_t)randomx_dataset_item_count() * 8;
		for (size_t i = 0; i < words; i++) w[i] = (i + 1) * 6364136223846793005ULL;
		randomx_vm *fast = randomx_create_vm(flags | RANDOMX_FLAG_FULL_MEM, NULL, ds);
		if (!fast) return 4;
		double best = 1e18;
		for (int i = 0; i < (argc > 3 ? atoi(argv[3]) : 5); i++) {
			double start = now();
			randomx_calculate_hash(fast, &i, sizeof i, hash);
			double took = now() - start;
			if (took < best) best = took;
		}
		printf("0 %.0f\n", best);
		return 0;
	}
	randomx_cache *cache = randomx_alloc_cache(flags);
	if (!cache) return 3;
	randomx_vm *vm = NULL;
	if (!strcmp(argv[2], "time")) {
		double start = now();
		randomx_init_cache(cache, "fluenced randomx bench", 22);
		double init = now() - start, best = 1e18;
		vm = randomx_create_vm(flags, cache, NULL);
		if (!vm) return 4;
		for (int i = 0; i < (argc > 3 ? atoi(argv[3]) : 5); i++) {
			start = now();
			randomx_calculate_hash(vm, &i, sizeof i, hash);
			double took = now() - start;
			if (took < best) best = took;
		}
		printf("%.0f %.0f\n", init, best);
		return 0;
	}
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "%255s %8191s", key_hex, in_hex) != 2) return 5;
		if (strcmp(key_hex, last)) {
			randomx_init_cache(cache, key, unhex(key_hex, key));
			if (vm) randomx_destroy_vm(vm);
			vm = randomx_create_vm(flags, cache, NULL);
			if (!vm) return 4;
			strcpy(last, key_hex);
		}
		randomx_calculate_hash(vm, in, unhex(in_hex, in), hash);
		for (int i = 0; i < RANDOMX_HASH_SIZE; i++) printf("%02x", hash[i]);
		printf("\n");
	}
	return 0;
}
