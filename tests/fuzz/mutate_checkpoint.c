/* After a change of the length, half of the time, the header takes it up: else the header would end
 * in the middle of its JSON. */
#include "tests/fuzz/fuzz.h"

enum { LENGTH_BYTES = 8 };

static uint64_t get(const uint8_t *bytes)
{
    uint64_t n = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        n = n << 8 | bytes[i];
    return n;
}

static void put(uint8_t *bytes, uint64_t n)
{
    for (int i = 0; i < LENGTH_BYTES; i++)
        bytes[i] = (uint8_t)(n >> (8 * i));
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t length, size_t room, unsigned seed)
{
    const uint64_t header = length >= LENGTH_BYTES ? get(bytes) : 0;
    const size_t now = LLVMFuzzerMutate(bytes, length, room);
    if (seed % 2 == 0 && header > 0 && header <= length && now >= LENGTH_BYTES)
        put(bytes, header + now - length);
    return now;
}
