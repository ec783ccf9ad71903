// What the encoder's layers do between their matrix products. Constants: D, H, K, E as in the configuration, EPS, SCALE, CAP; NORM_THREADS, a multiple of 32;
// ATTENTION_WARPS of an attention block, of 16 queries each; KEYS of its tiles, 32 or 64.

constexpr int QUERY_SIZE = H * E;
constexpr int KEY_SIZE = K * E;

// Eight numbers of 16 bytes.
INLINE void unpack(const uint4& packed, float (&values)[8])
{
    const u32 pairs[4] = {packed.x, packed.y, packed.z, packed.w};
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        values[2 * i] = low_to_float(pairs[i]);
        values[2 * i + 1] = high_to_float(pairs[i]);
    }
}

INLINE uint4 pack(const float (&values)[8])
{
    return make_uint4(to_bf16_pair(values[0], values[1]), to_bf16_pair(values[2], values[3]), to_bf16_pair(values[4], values[5]), to_bf16_pair(values[6], values[7]));
}

// ---- norms -----------------------------------------------------------------------------------------------------------

struct NormArguments
{
    const bf16* updates;       // [rows, D]: normalized by post and added to hidden; null: none
    const bf16* post;          // [D]
    float* hidden;             // [rows, D]
    const bf16* pre;           // [D]
    bf16* outputs;             // [rows, D]: hidden normalized by pre
};

extern "C" __global__ void __launch_bounds__(NORM_THREADS) add_and_normalize(const NormArguments a)
{
    constexpr int CHUNKS = (D / 8 + NORM_THREADS - 1) / NORM_THREADS;
    __shared__ float spaces[2][NORM_THREADS / WARP];
    const long long row = (long long)blockIdx.x * D;
    float hidden[CHUNKS][8] = {};
#pragma unroll
    for (int c = 0; c < CHUNKS; c++)
    {
        const int d = (c * NORM_THREADS + threadIdx.x) * 8;
        if (d < D)
        {
            const float4 low = *(const float4*)(a.hidden + row + d), high = *(const float4*)(a.hidden + row + d + 4);
            const float values[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
            for (int i = 0; i < 8; i++)
                hidden[c][i] = values[i];
        }
    }
    if (a.updates != nullptr)
    {
        float updates[CHUNKS][8] = {}, square = 0.f;
#pragma unroll
        for (int c = 0; c < CHUNKS; c++)
        {
            const int d = (c * NORM_THREADS + threadIdx.x) * 8;
            if (d < D)
                unpack(*(const uint4*)(a.updates + row + d), updates[c]);
#pragma unroll
            for (int i = 0; i < 8; i++)
                square += updates[c][i] * updates[c][i];
        }
        const float factor = rsqrtf(block_sum<NORM_THREADS / WARP>(square, spaces[0]) / D + EPS);
#pragma unroll
        for (int c = 0; c < CHUNKS; c++)
        {
            const int d = (c * NORM_THREADS + threadIdx.x) * 8;
            if (d >= D)
                continue;
            float weights[8];
            unpack(*(const uint4*)(a.post + d), weights);
#pragma unroll
            for (int i = 0; i < 8; i++)
                hidden[c][i] += updates[c][i] * factor * (1.f + weights[i]);
            *(float4*)(a.hidden + row + d) = make_float4(hidden[c][0], hidden[c][1], hidden[c][2], hidden[c][3]);
            *(float4*)(a.hidden + row + d + 4) = make_float4(hidden[c][4], hidden[c][5], hidden[c][6], hidden[c][7]);
        }
    }
    float square = 0.f;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++)
    {
#pragma unroll
        for (int i = 0; i < 8; i++)
            square += hidden[c][i] * hidden[c][i];
    }
    const float factor = rsqrtf(block_sum<NORM_THREADS / WARP>(square, spaces[1]) / D + EPS);
#pragma unroll
    for (int c = 0; c < CHUNKS; c++)
    {
        const int d = (c * NORM_THREADS + threadIdx.x) * 8;
        if (d >= D)
            continue;
        float values[8];
        unpack(*(const uint4*)(a.pre + d), values);
#pragma unroll
        for (int i = 0; i < 8; i++)
            values[i] = hidden[c][i] * factor * (1.f + values[i]);
        *(uint4*)(a.outputs + row + d) = pack(values);
    }
}

// ---- positions -------------------------------------------------------------------------------------------------------

struct RotationArguments
{
    bf16* queries;             // [B * length, QUERY_SIZE]
    bf16* keys;                // [B * length, KEY_SIZE]
    const float* cosines;      // [1 or B, length, E]
    const float* sines;        // the same
    int length;
    int has_tables;            // whether every row of the batch has positions of its own
};

// A token a block. The halves of a head are paired.
extern "C" __global__ void __launch_bounds__(256) rotate(const RotationArguments a)
{
    constexpr int CHUNKS = E / 16;
    const int token = blockIdx.x, position = a.has_tables ? token : token % a.length;
    for (int item = threadIdx.x; item < (H + K) * CHUNKS; item += blockDim.x)
    {
        const int head = item / CHUNKS, start = item % CHUNKS * 8;
        bf16* states = (head < H ? a.queries + (long long)token * QUERY_SIZE + head * E : a.keys + (long long)token * KEY_SIZE + (head - H) * E) + start;
        float low[8], high[8];
        unpack(*(const uint4*)states, low);
        unpack(*(const uint4*)(states + E / 2), high);
        const float* cosines = a.cosines + (long long)position * E + start;
        const float* sines = a.sines + (long long)position * E + start;
#pragma unroll
        for (int i = 0; i < 8; i++)
        {
            const float cosine = cosines[i], sine = sines[i], first = low[i], second = high[i];
            low[i] = first * cosine - second * sine;
            high[i] = second * cosine + first * sine;
        }
        *(uint4*)states = pack(low);
        *(uint4*)(states + E / 2) = pack(high);
    }
}

// ---- gated feed-forward ----------------------------------------------------------------------------------------------

struct GateArguments
{
    bf16* gates;               // count groups of eight: gelu(gates) * values takes their place
    const bf16* values;
    long long count;
};

extern "C" __global__ void __launch_bounds__(256) gate(const GateArguments a)
{
    const long long index = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= a.count)
        return;
    float gates[8], values[8];
    unpack(((const uint4*)a.gates)[index], gates);
    unpack(((const uint4*)a.values)[index], values);
#pragma unroll
    for (int i = 0; i < 8; i++)
        gates[i] = gelu_tanh(gates[i]) * values[i];
    ((uint4*)a.gates)[index] = pack(gates);
}

// ---- attention -------------------------------------------------------------------------------------------------------

struct MaskArguments
{
    const u8* real;            // [B, length]: not zero where a key is real; null: all are
    u32* words;                // [B, words_per_row]: a bit a key
    int length;
    int words_per_row;         // covers whole tiles of keys
};

// A warp a word.
extern "C" __global__ void __launch_bounds__(256) pack_mask(const MaskArguments a)
{
    const int word = blockIdx.x * (256 / WARP) + threadIdx.x / WARP, key = word * WARP + threadIdx.x % WARP;
    const long long row = blockIdx.y;
    const u32 bits = __ballot_sync(ALL_LANES, key < a.length && (a.real == nullptr || a.real[row * a.length + key] != 0));
    if (word < a.words_per_row && threadIdx.x % WARP == 0)
        a.words[row * a.words_per_row + word] = bits;
}

struct AttentionArguments
{
    bf16* queries;             // [B * length, QUERY_SIZE]; the results take their place
    const bf16* keys;          // [B * length, KEY_SIZE]
    const bf16* values;        // the same
    const u32* real;           // of pack_mask
    int length;
    int words_per_row;
    int window;                // a query sees the keys nearer than this; 0: all
};

INLINE void copy_async(u32 to, const void* from, bool is_inside)
{
    const int bytes = is_inside ? 16 : 0;  // the rest becomes zero
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}

INLINE void wait_for_copies() { asm volatile("cp.async.wait_all;" ::: "memory"); }

INLINE float power_of_two(float x)
{
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
    return power;
}

INLINE float reciprocal(float x)
{
    float result;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

// exp(CAP tanh(SCALE / CAP score)). tanh(x) = 1 - 2 / (e^2x + 1), as exact as float is; the approximate instruction for it is not.
INLINE float attention_weight(float score)
{
    constexpr float LOG2_E = 1.4426950408889634f;
    const float power = power_of_two(score * (2.f * LOG2_E * SCALE / CAP));
    return power_of_two(LOG2_E * CAP - 2.f * LOG2_E * CAP * reciprocal(power + 1.f));
}

constexpr int ROW_BYTES = E * 2;
constexpr int ROW_CHUNKS = E / 8;  // of 16 bytes

// Rows of E numbers. Chunks change places within eight, by their row, so that the same columns of eight rows lie in different banks.
template <int ROWS, int THREADS>
INLINE void copy_rows(u32 to, const bf16* from, int stride, int inside)
{
    static_assert(ROWS * ROW_CHUNKS % THREADS == 0, "every thread copies as much");
#pragma unroll
    for (int i = 0; i < ROWS * ROW_CHUNKS / THREADS; i++)
    {
        const int index = i * THREADS + threadIdx.x, row = index / ROW_CHUNKS, chunk = index % ROW_CHUNKS;
        const bool is_inside = row < inside;
        copy_async(to + row * ROW_BYTES + ((chunk ^ (row & 7)) << 4), from + (long long)(is_inside ? row : 0) * stride + chunk * 8, is_inside);
    }
}

// A block has 16 queries a warp of one head, and goes through the keys that they see in tiles, of which the next is on its way while one is worked on. The cap bounds the
// scores: exponents need no maximum, and sums just add.
extern "C" __global__ void __launch_bounds__(ATTENTION_WARPS * WARP) attend(const AttentionArguments a)
{
    constexpr int THREADS = ATTENTION_WARPS * WARP, QUERIES = ATTENTION_WARPS * 16, TILE_WORDS = KEYS / 32;
    constexpr u32 TILE_BYTES = KEYS * ROW_BYTES;
    extern __shared__ __align__(128) u8 space[];
    const u32 query_space = (u32)__cvta_generic_to_shared(space), tile_space = query_space + QUERIES * ROW_BYTES;
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    const int row = blockIdx.y / H, head = blockIdx.y % H, first = blockIdx.x * QUERIES;
    bf16* queries = a.queries + ((long long)row * a.length + first) * QUERY_SIZE + head * E;
    const long long offset = (long long)row * a.length * KEY_SIZE + head / (H / K) * E;
    const bf16 *keys = a.keys + offset, *values = a.values + offset;
    const u32* real = a.real + (long long)row * a.words_per_row;

    int tile = 0, end = a.length;
    if (a.window > 0)
    {
        tile = max(0, first - a.window + 1) / KEYS * KEYS;
        end = (int)min((long long)end, (long long)first + QUERIES - 1 + a.window);
    }
    auto has_real_key = [&](int start)
    {
        u32 any = 0;
#pragma unroll
        for (int i = 0; i < TILE_WORDS; i++)
            any |= real[start / 32 + i];
        return any != 0;
    };
    auto skip = [&](int start)
    {
        while (start < end && !has_real_key(start))
            start += KEYS;
        return start;
    };
    auto copy_tile = [&](int buffer, int start)
    {
        const u32 to = tile_space + buffer * 2 * TILE_BYTES;
        copy_rows<KEYS, THREADS>(to, keys + (long long)start * KEY_SIZE, KEY_SIZE, a.length - start);
        copy_rows<KEYS, THREADS>(to + TILE_BYTES, values + (long long)start * KEY_SIZE, KEY_SIZE, a.length - start);
    };

    copy_rows<QUERIES, THREADS>(query_space, queries, QUERY_SIZE, a.length - first);
    tile = skip(tile);
    if (tile < end)
        copy_tile(0, tile);

    // Of the four matrices of a load, a lane gives row lane % 8 of matrix lane / 8.
    const int matrix = lane / 8, swap = lane % 8;
    const u32 query_row = query_space + (warp * 16 + (matrix & 1) * 8 + lane % 8) * ROW_BYTES, query_chunk = (matrix >> 1) ^ swap;
    const u32 key_row = ((matrix >> 1) * 8 + lane % 8) * ROW_BYTES, key_chunk = (matrix & 1) ^ swap;
    const u32 value_row = ((matrix & 1) * 8 + lane % 8) * ROW_BYTES, value_chunk = (matrix >> 1) ^ swap;
    auto place = [](u32 chunk, int pair) { return (pair / 4) * 128 + ((chunk ^ (pair % 4 * 2)) << 4); };  // of the chunk in a pair of chunks

    float sums[E / 8][4] = {}, totals[2] = {};
    int buffer = 0;
    while (tile < end)
    {
        wait_for_copies();
        __syncthreads();
        const int next = skip(tile + KEYS);
        if (next < end)
            copy_tile(buffer ^ 1, next);

        const u32 key_space = tile_space + buffer * 2 * TILE_BYTES, value_space = key_space + TILE_BYTES;
        float scores[KEYS / 8][4] = {};
#pragma unroll
        for (int e = 0; e < E / 16; e++)
        {
            u32 query[4];
            load_matrices(query, query_row + place(query_chunk, e));
#pragma unroll
            for (int n = 0; n < KEYS / 16; n++)
            {
                u32 key[4];
                load_matrices(key, key_space + key_row + n * 16 * ROW_BYTES + place(key_chunk, e));
                multiply_add(scores[2 * n], query[0], query[1], query[2], query[3], key[0], key[1]);
                multiply_add(scores[2 * n + 1], query[0], query[1], query[2], query[3], key[2], key[3]);
            }
        }

        u32 all = ALL_LANES, words[TILE_WORDS];
#pragma unroll
        for (int i = 0; i < TILE_WORDS; i++)
        {
            words[i] = real[tile / 32 + i];
            all &= words[i];
        }
        const bool slides = a.window > 0 && (tile + KEYS - 1 - first >= a.window || first + QUERIES - 1 - tile >= a.window);
        const bool is_whole = all == ALL_LANES && !slides;
#pragma unroll
        for (int n = 0; n < KEYS / 8; n++)
        {
#pragma unroll
            for (int i = 0; i < 4; i++)
            {
                float weight = attention_weight(scores[n][i]);
                if (!is_whole)
                {
                    const int key = n * 8 + 2 * (lane % 4) + (i & 1), distance = first + warp * 16 + lane / 4 + (i >> 1) * 8 - tile - key;
                    const bool is_visible = (words[n / 4] >> (key % 32) & 1) != 0 && (a.window == 0 || abs(distance) < a.window);
                    weight = is_visible ? weight : 0.f;
                }
                scores[n][i] = weight;
                totals[i >> 1] += weight;
            }
        }

#pragma unroll
        for (int n = 0; n < KEYS / 16; n++)
        {
            u32 weights[4];
            weights[0] = to_bf16_pair(scores[2 * n][0], scores[2 * n][1]);
            weights[1] = to_bf16_pair(scores[2 * n][2], scores[2 * n][3]);
            weights[2] = to_bf16_pair(scores[2 * n + 1][0], scores[2 * n + 1][1]);
            weights[3] = to_bf16_pair(scores[2 * n + 1][2], scores[2 * n + 1][3]);
#pragma unroll
            for (int e = 0; e < E / 16; e++)
            {
                u32 value[4];
                load_matrices_transposed(value, value_space + value_row + n * 16 * ROW_BYTES + place(value_chunk, e));
                multiply_add(sums[2 * e], weights[0], weights[1], weights[2], weights[3], value[0], value[1]);
                multiply_add(sums[2 * e + 1], weights[0], weights[1], weights[2], weights[3], value[2], value[3]);
            }
        }
        tile = next;
        buffer ^= 1;
    }

    const int own = warp * 16 + lane / 4;  // row of sums[.][0 to 1]; that of the others is 8 further
    bool is_empty[2];
#pragma unroll
    for (int i = 0; i < 2; i++)
    {
        totals[i] += __shfl_xor_sync(ALL_LANES, totals[i], 1);
        totals[i] += __shfl_xor_sync(ALL_LANES, totals[i], 2);
        is_empty[i] = totals[i] == 0.f && first + own + i * 8 < a.length;
    }

    // A query that sees no key weighs all alike, as the softmax of equal numbers does. It is padding far from every token: rare, and nobody reads it.
    float* means = (float*)space;
    wait_for_copies();
    if (__syncthreads_or(is_empty[0] || is_empty[1]))
    {
        constexpr int PARTS = THREADS / ROW_CHUNKS;
        static_assert(PARTS * E * sizeof(float) <= QUERIES * ROW_BYTES, "the sums fit in the space of the queries");
        const int chunk = threadIdx.x % ROW_CHUNKS, part = threadIdx.x / ROW_CHUNKS;
        float mean[8] = {};
        for (int key = part; key < a.length; key += PARTS)
        {
            float value[8];
            unpack(*(const uint4*)(values + (long long)key * KEY_SIZE + chunk * 8), value);
#pragma unroll
            for (int i = 0; i < 8; i++)
                mean[i] += value[i];
        }
#pragma unroll
        for (int i = 0; i < 8; i++)
            means[part * E + chunk * 8 + i] = mean[i];
        __syncthreads();
        for (int e = threadIdx.x; e < E; e += THREADS)
        {
            float sum = 0.f;
            for (int other = 0; other < PARTS; other++)
                sum += means[other * E + e];
            means[e] = sum / a.length;  // only this thread reads the column
        }
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < 2; i++)
    {
        if (first + own + i * 8 >= a.length)
            continue;
        bf16* output = queries + (long long)(own + i * 8) * QUERY_SIZE + 2 * (lane % 4);
        const float factor = is_empty[i] ? 0.f : 1.f / totals[i];
#pragma unroll
        for (int e = 0; e < E / 8; e++)
        {
            float low = sums[e][2 * i] * factor, high = sums[e][2 * i + 1] * factor;
            if (is_empty[i])
                low = means[e * 8 + 2 * (lane % 4)], high = means[e * 8 + 2 * (lane % 4) + 1];
            *(u32*)(output + e * 8) = to_bf16_pair(low, high);
        }
    }
}
