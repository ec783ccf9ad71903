// The decoder's step of one token a row. One compilation serves one model and one number of rows:
//   ROWS rows, D hidden size, H query heads, K key heads, E head size, I intermediate size, V vocabulary, LAYERS layers, EPS of the norms,
//   SCALE of the scores, CAP of the scores, LOGIT_CAP (0: none), EMBEDDING_SCALE, GELU,
//   and for each matrix the warps of a block and the parts into which its inputs are split over blocks (X_WARPS, X_PARTS).
//   WEIGHT_BITS of a weight of a matrix (16, 8 or 4), WEIGHT_GROUP inputs of a row that share a scale (4 bits).
// Matrices are [outputs, inputs]: of bf16, of signed 8-bit integers with a float scale a row, or of 4-bit integers with 8 added, the earlier in the lower half of a byte, with a bf16 scale
// a group. Norms and embeddings are bf16; what runs between layers is float; the inputs of matrices, keys and values are bf16.

constexpr int COLUMNS = (ROWS + 7) / 8;  // tiles of 8 rows
constexpr int QUERY = H * E;
constexpr int KEY = K * E;
constexpr int GROUP = H / K;             // query heads of a key head
constexpr int LOADED = 128 / WEIGHT_BITS;  // weights in a load of 16 bytes

#if WEIGHT_BITS == 4
typedef bf16 scale;  // of a group
#else
typedef float scale; // of a row; bf16 weights have none
#endif

// Arguments of a product with a matrix. The order is that of the C# structure.
struct MatrixArguments
{
    const u8* weights0;        // query, gate or the only matrix
    const u8* weights1;        // key or up
    const u8* weights2;        // value
    const scale* scales0;      // their scales; bf16 weights have none
    const scale* scales1;
    const scale* scales2;
    const bf16* inputs;        // [ROWS, inputs], where the norm was taken before
    const float* partial;      // [parts, ROWS, D]: what the matrix before gave
    const bf16* post_norm;     // norm of that sum
    const float* hidden;       // [ROWS, D]
    float* next_hidden;        // [ROWS, D]
    const bf16* pre_norm;      // norm of the inputs
    float* outputs;            // queries [ROWS, QUERY], partial sums [parts, ROWS, D] or logits [ROWS, V] (null: not wanted)
    bf16* gated;               // [ROWS, I]
    bf16* keys;                // [ROWS, K, capacity, E]
    bf16* values;              // the same
    const float* cosines;      // [capacity, E / 2]
    const float* sines;        // the same
    const int* positions;      // [ROWS]
    u64* best;                 // [ROWS]: the best logit so far and its id
    long long capacity;
};

// ---- norms -----------------------------------------------------------------------------------------------------------

// hidden + norm(sum of the parts) goes to the next hidden states where the block stores it, and its norm, rounded to bf16, to keep(d, value). No parts: only the norm.
template <int PARTS, int WARPS, class Keep>
INLINE void add_and_normalize(const MatrixArguments& a, int row, bool stores, Keep keep)
{
    constexpr int THREADS = WARPS * WARP;
    constexpr int EACH = (D + THREADS - 1) / THREADS;
    __shared__ float4 space[WARPS];
    float hidden[EACH], post[EACH], pre[EACH];
#pragma unroll
    for (int i = 0; i < EACH; i++)
    {
        const int d = i * THREADS + threadIdx.x;
        const bool inside = d < D;
        post[i] = PARTS > 0 && inside ? 1.f + to_float(a.post_norm[d]) : 0.f;
        pre[i] = inside ? 1.f + to_float(a.pre_norm[d]) : 0.f;
    }
    wait_for_previous();
    float added[EACH];
#pragma unroll
    for (int i = 0; i < EACH; i++)
    {
        const int d = i * THREADS + threadIdx.x;
        const bool inside = d < D;
        hidden[i] = inside ? load_state(a.hidden + (long long)row * D + d) : 0.f;
        added[i] = 0.f;
#pragma unroll
        for (int part = 0; part < PARTS; part++)
            added[i] += inside ? load_state(a.partial + ((long long)part * ROWS + row) * D + d) : 0.f;
    }
    // The second norm's sum follows from sums that do not need the first norm's factor, so that one round over the block gives both:
    // sum (h + f p w)^2 = sum h^2 + 2 f sum h p w + f^2 sum (p w)^2.
    float4 sums = make_float4(0.f, 0.f, 0.f, 0.f);
#pragma unroll
    for (int i = 0; i < EACH; i++)
    {
        const float weighted = added[i] * post[i];
        sums.x += added[i] * added[i];
        sums.y += hidden[i] * hidden[i];
        sums.z += hidden[i] * weighted;
        sums.w += weighted * weighted;
    }
    sums = block_sum<WARPS>(sums, space);
    const float first = PARTS > 0 ? rsqrtf(sums.x / D + EPS) : 0.f;
    const float factor = rsqrtf((sums.y + first * (2.f * sums.z + first * sums.w)) / D + EPS);
#pragma unroll
    for (int i = 0; i < EACH; i++)
        hidden[i] += added[i] * first * post[i];
#pragma unroll
    for (int i = 0; i < EACH; i++)
    {
        const int d = i * THREADS + threadIdx.x;
        if (d < D)
        {
            keep(d, to_bf16(hidden[i] * factor * pre[i]));
            if (stores)
                a.next_hidden[(long long)row * D + d] = hidden[i];
        }
    }
}

// ---- products with matrices ------------------------------------------------------------------------------------------

// What a product does with its sums. A tile has 8 pairs of matrix rows; a lane gets one pair, for two rows of states (0 and 1) after each other.

struct Plain
{
    static constexpr int TILES = D / 16;
    static INLINE int first(int tile, int pair) { return tile * 16 + pair; }
    static INLINE int second(int tile, int pair) { return tile * 16 + 8 + pair; }
    static INLINE int matrix(int, bool) { return 0; }
    INLINE void store(const MatrixArguments& a, int tile, int pair, int, int row, int part, float one, float two)
    {
        float* outputs = a.outputs + ((long long)part * ROWS + row) * D;
        outputs[first(tile, pair)] = one;
        outputs[second(tile, pair)] = two;
    }
    INLINE void finish(const MatrixArguments&, int, int, int) {}
};

struct Queries
{
    static constexpr int TILES = QUERY / 16;
    static INLINE int first(int tile, int pair) { return tile * 16 + pair; }
    static INLINE int second(int tile, int pair) { return tile * 16 + 8 + pair; }
    static INLINE int matrix(int, bool) { return 0; }
    INLINE void store(const MatrixArguments& a, int tile, int pair, int, int row, int, float one, float two)
    {
        a.outputs[(long long)row * QUERY + first(tile, pair)] = one;
        a.outputs[(long long)row * QUERY + second(tile, pair)] = two;
    }
    INLINE void finish(const MatrixArguments&, int, int, int) {}
};

// The pairs are those that the rotation of positions mixes.
struct QueriesKeysValues
{
    static constexpr int TILES = (QUERY + 2 * KEY) / 16;
    static INLINE bool is_query(int tile) { return tile < QUERY / 16; }
    static INLINE bool is_value(int tile) { return tile >= (QUERY + KEY) / 16; }
    static INLINE int first(int tile, int pair)
    {
        const int own = is_query(tile) ? tile : is_value(tile) ? tile - (QUERY + KEY) / 16 : tile - QUERY / 16;
        return own / (E / 16) * E + own % (E / 16) * 8 + pair;
    }
    static INLINE int second(int tile, int pair) { return first(tile, pair) + E / 2; }
    static INLINE int matrix(int tile, bool) { return is_query(tile) ? 0 : is_value(tile) ? 2 : 1; }
    INLINE void store(const MatrixArguments& a, int tile, int pair, int, int row, int, float one, float two)
    {
        const int output = first(tile, pair), position = load_state(a.positions + row);
        if (!is_value(tile))
        {
            const long long angle = (long long)position * (E / 2) + output % E;
            const float cosine = a.cosines[angle], sine = a.sines[angle];
            const float turned = one * cosine - two * sine;
            two = two * cosine + one * sine;
            one = turned;
        }
        if (is_query(tile))
        {
            a.outputs[(long long)row * QUERY + output] = one;
            a.outputs[(long long)row * QUERY + output + E / 2] = two;
            return;
        }
        bf16* states = (is_value(tile) ? a.values : a.keys) + (((long long)row * K + output / E) * a.capacity + position) * E + output % E;
        states[0] = to_bf16(one);
        states[E / 2] = to_bf16(two);
    }
    INLINE void finish(const MatrixArguments&, int, int, int) {}
};

// The pairs are a gate and what it lets through.
struct GateUp
{
    static constexpr int TILES = I / 8;
    static INLINE int first(int tile, int pair) { return tile * 8 + pair; }
    static INLINE int second(int tile, int pair) { return tile * 8 + pair; }
    static INLINE int matrix(int, bool is_second) { return is_second ? 1 : 0; }
    INLINE void store(const MatrixArguments& a, int tile, int pair, int, int row, int, float gate, float up)
    {
        a.gated[(long long)row * I + first(tile, pair)] = to_bf16(gelu_tanh(gate) * up);
    }
    INLINE void finish(const MatrixArguments&, int, int, int) {}
};

// Logits, and the id of the largest.
struct Head
{
    static constexpr int TILES = (V + 15) / 16;
    u64 best[2] = {0, 0};
    static INLINE int first(int tile, int pair) { return min(tile * 16 + pair, V - 1); }
    static INLINE int second(int tile, int pair) { return min(tile * 16 + 8 + pair, V - 1); }
    static INLINE int matrix(int, bool) { return 0; }
    INLINE void store(const MatrixArguments& a, int tile, int pair, int which, int row, int, float one, float two)
    {
        consider(a, tile * 16 + pair, which, row, one);
        consider(a, tile * 16 + 8 + pair, which, row, two);
    }
    INLINE void finish(const MatrixArguments& a, int pair, int which, int row)
    {
#pragma unroll
        for (int distance = 4; distance < WARP; distance *= 2)
            best[which] = max(best[which], __shfl_xor_sync(ALL_LANES, best[which], distance));
        if (pair == 0 && row < ROWS && best[which] != 0)
            atomicMax(a.best + row, best[which]);
    }
    INLINE void consider(const MatrixArguments& a, u32 id, int which, int row, float logit)
    {
        if (id >= V)
            return;
        logit = LOGIT_CAP > 0.f ? LOGIT_CAP * exact_tanh(logit / LOGIT_CAP) : logit;
        // Larger logits, then smaller ids, have larger keys. NaN counts as the largest, so that it cannot go unseen.
        const u32 bits = __float_as_uint(logit);
        best[which] = max(best[which], (u64)(bits & 0x80000000u ? ~bits : bits | 0x80000000u) << 32 | (0xffffffffu - id));
        if (a.outputs != nullptr)
            a.outputs[(long long)row * V + id] = logit;
    }
};

constexpr int NO_NORM = -1;

// Weights of a pair's first or second row, from an input on.
template <class Output, int INPUTS>
INLINE uint4 load_pair(const MatrixArguments& a, int tile, int pair, bool is_second, int input)
{
    const int matrix = Output::matrix(tile, is_second);
    const u8* weights = matrix == 0 ? a.weights0 : matrix == 1 ? a.weights1 : a.weights2;
    const long long row = is_second ? Output::second(tile, pair) : Output::first(tile, pair);
    return load_weights(weights + (row * INPUTS + input) * WEIGHT_BITS / 8);
}

// Their scale.
template <class Output, int INPUTS>
INLINE float load_scale(const MatrixArguments& a, int tile, int pair, bool is_second, int input)
{
    const int matrix = Output::matrix(tile, is_second);
    const scale* scales = matrix == 0 ? a.scales0 : matrix == 1 ? a.scales1 : a.scales2;
    const long long row = is_second ? Output::second(tile, pair) : Output::first(tile, pair);
#if WEIGHT_BITS == 4
    constexpr int GROUPS = (INPUTS + WEIGHT_GROUP - 1) / WEIGHT_GROUP;
    return to_float(load_constant(scales + row * GROUPS + input / WEIGHT_GROUP));
#else
    return load_constant(scales + row);
#endif
}

// Eight weights of a load as pairs of bf16, exactly. Integers come out in another order, into which order_states brings the inputs: a pair is what a mask leaves of a word.
INLINE uint4 expand(const uint4& weights, int eighth, u32 scales)
{
    const u32 words[4] = {weights.x, weights.y, weights.z, weights.w};
    constexpr u32 ONE = 0x3f803f80;
#if WEIGHT_BITS == 16
    return weights;
#elif WEIGHT_BITS == 8
    // The lower 7 bits become the end of the number 128, whose last place is one; the sign says whether 128 or 256 is too much.
    u32 pairs[4];
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        const u32 bytes = words[eighth * 2 + i / 2] >> (i % 2 * 8);
        pairs[i] = multiply_add_pair((bytes & 0x007f007f) | 0x43004300, ONE, (bytes & 0x00800080) | 0xc300c300);
    }
    return make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
#else
    u32 pairs[4];
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        const u32 integers = multiply_add_pair(((words[eighth] >> (i * 4)) & 0x000f000f) | 0x43004300, ONE, 0xc308c308);  // -136
        pairs[i] = multiply_add_pair(integers, scales, 0x80008000);
    }
    return make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
#endif
}

INLINE uint4 order_states(const uint4& states)
{
#if WEIGHT_BITS == 16
    return states;
#elif WEIGHT_BITS == 8
    return make_uint4(lower_halves(states.x, states.y), upper_halves(states.x, states.y), lower_halves(states.z, states.w), upper_halves(states.z, states.w));
#else
    return make_uint4(lower_halves(states.x, states.z), upper_halves(states.x, states.z), lower_halves(states.y, states.w), upper_halves(states.y, states.w));
#endif
}

// outputs = W inputs, in tiles of 16 rows of W. The warps of a block share the inputs' axis, in turn for pieces that four lanes load, so that a block reads whole rows of W; their
// states stay in registers for all tiles of the block. A lane feeds each 8 weights to two products of the tensor cores: the order within the axis is
// the same on both sides, so it does not matter to the sum.
// KEEPS: the states of many rows do not fit in the registers; each thread then keeps its own in shared memory.
template <class Output, int INPUTS, int WARPS, int PARTS, bool KEEPS>
INLINE void multiply_rows(const MatrixArguments& a)
{
    extern __shared__ uint4 kept[];
    constexpr int PIECE = 4 * LOADED;
    constexpr int EIGHTHS = LOADED / 8;
    constexpr int PIECES = (INPUTS + PIECE * PARTS - 1) / (PIECE * PARTS);
    constexpr int EACH = (PIECES + WARPS - 1) / WARPS;
    constexpr bool ARE_WHOLE = PIECES * PIECE * PARTS == INPUTS;  // else the last is not
    static_assert(ARE_WHOLE || (PARTS == 1 && WEIGHT_BITS < 16 && INPUTS % LOADED == 0), "the inputs' axis is cut into pieces");
    static_assert(COLUMNS <= WARPS, "a warp a tile of rows finishes the sums");
    constexpr int BUFFERS = WARPS * COLUMNS <= 32 ? 2 : 1;  // two would be more shared memory than a block may declare
    __shared__ float4 sums[BUFFERS][WARPS][COLUMNS][WARP];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, pair = lane / 4, place = lane % 4;
    const int start = blockIdx.y * PIECES;
    const uint4 nothing = make_uint4(0, 0, 0, 0);
    const auto is_inside = [&](int piece) { return (PIECES % WARPS == 0 || piece < PIECES) && (ARE_WHOLE || piece * PIECE + place * LOADED < INPUTS); };

    uint4 one[EACH], two[EACH];
    u32 scales[WEIGHT_BITS == 4 ? EACH : 1][2];  // of groups, twice each
    auto load = [&](int tile, int i)
    {
        const int piece = i * WARPS + warp, offset = (start + piece) * PIECE + place * LOADED;
        const bool inside = is_inside(piece);
        one[i] = inside ? load_pair<Output, INPUTS>(a, tile, pair, false, offset) : nothing;
        two[i] = inside ? load_pair<Output, INPUTS>(a, tile, pair, true, offset) : nothing;
#if WEIGHT_BITS == 4
        scales[i][0] = inside ? twice(load_scale<Output, INPUTS>(a, tile, pair, false, offset)) : 0;
        scales[i][1] = inside ? twice(load_scale<Output, INPUTS>(a, tile, pair, true, offset)) : 0;
#endif
    };
    if (blockIdx.x < Output::TILES)
    {
#pragma unroll
        for (int i = 0; i < EACH; i++)
            load(blockIdx.x, i);
    }
    allow_next();

    wait_for_previous();
    uint4 states[KEEPS ? 1 : COLUMNS][KEEPS ? 1 : EACH * EIGHTHS];
    const auto place_of = [&](int column, int i) { return ((column * EACH * EIGHTHS + i) * WARPS + warp) * WARP + lane; };
#pragma unroll
    for (int column = 0; column < COLUMNS; column++)
    {
#pragma unroll
        for (int i = 0; i < EACH * EIGHTHS; i++)
        {
            const int piece = i / EIGHTHS * WARPS + warp, row = column * 8 + pair;
            const bool inside = row < ROWS && is_inside(piece);
            const uint4 state = inside ? order_states(load_states(a.inputs + (long long)row * INPUTS + (start + piece) * PIECE + place * LOADED + i % EIGHTHS * 8)) : nothing;
            if (KEEPS)
                kept[place_of(column, i)] = state;
            else
                states[column][i] = state;
        }
    }

    Output output;
    int buffer = 0;
    for (int tile = blockIdx.x; tile < Output::TILES; tile += gridDim.x)
    {
        float products[COLUMNS][4] = {};
        const int next = tile + gridDim.x;
#if WEIGHT_BITS == 8
        const float scale1 = warp < COLUMNS ? load_scale<Output, INPUTS>(a, tile, pair, false, 0) : 0.f, scale2 = warp < COLUMNS ? load_scale<Output, INPUTS>(a, tile, pair, true, 0) : 0.f;
#endif
#pragma unroll
        for (int i = 0; i < EACH; i++)
        {
            const uint4 loaded1 = one[i], loaded2 = two[i];
            const u32 group1 = WEIGHT_BITS == 4 ? scales[i][0] : 0, group2 = WEIGHT_BITS == 4 ? scales[i][1] : 0;
            if (next < Output::TILES)
                load(next, i);
#pragma unroll
            for (int eighth = 0; eighth < EIGHTHS; eighth++)
            {
                const uint4 w1 = expand(loaded1, eighth, group1), w2 = expand(loaded2, eighth, group2);
#pragma unroll
                for (int column = 0; column < COLUMNS; column++)
                {
                    const uint4 state = KEEPS ? kept[place_of(column, i * EIGHTHS + eighth)] : states[column][i * EIGHTHS + eighth];
                    multiply_add(products[column], w1.x, w2.x, w1.y, w2.y, state.x, state.y);
                    multiply_add(products[column], w1.z, w2.z, w1.w, w2.w, state.z, state.w);
                }
            }
        }
#pragma unroll
        for (int column = 0; column < COLUMNS; column++)
            sums[buffer][warp][column][lane] = make_float4(products[column][0], products[column][1], products[column][2], products[column][3]);
        __syncthreads();  // two buffers alternate: one barrier a tile is enough
        if (warp < COLUMNS)
        {
            float4 sum = make_float4(0.f, 0.f, 0.f, 0.f);
#pragma unroll
            for (int other = 0; other < WARPS; other++)
            {
                const float4 part = sums[buffer][other][warp][lane];
                sum.x += part.x, sum.y += part.y, sum.z += part.z, sum.w += part.w;
            }
#if WEIGHT_BITS == 8
            sum.x *= scale1, sum.y *= scale1, sum.z *= scale2, sum.w *= scale2;
#endif
            const int row = warp * 8 + place * 2;
            if (row < ROWS)
                output.store(a, tile, pair, 0, row, blockIdx.y, sum.x, sum.z);
            if (row + 1 < ROWS)
                output.store(a, tile, pair, 1, row + 1, blockIdx.y, sum.y, sum.w);
        }
        if (BUFFERS == 2)
            buffer ^= 1;
        else
            __syncthreads();
    }
    if (warp < COLUMNS)
    {
        output.finish(a, pair, 0, warp * 8 + place * 2);
        output.finish(a, pair, 1, warp * 8 + place * 2 + 1);
    }
}

INLINE float dot(u32 a, u32 b) { return low_to_float(a) * low_to_float(b) + high_to_float(a) * high_to_float(b); }
INLINE float dot(const uint4& a, const uint4& b) { return dot(a.x, b.x) + dot(a.y, b.y) + dot(a.z, b.z) + dot(a.w, b.w); }

// The states of one row as the product with it takes them. Integer weights meet integers: to turn each weight into a float would take several instructions, while one multiplies
// four bytes by four. As many states as a load has weights share a factor, which their largest gets 16 bits by, more than bf16 has; a state is 256 times its upper byte plus its lower one.
template <int INPUTS, int SLOTS>
struct RowStates
{
#if WEIGHT_BITS == 16
    uint4 parts[SLOTS];

    INLINE void set(int slot, const uint4 (&states)[1]) { parts[slot] = states[0]; }
    INLINE float product(int slot, const uint4& weights) const { return dot(weights, parts[slot]); }
#else
    static constexpr int LARGEST = 127 * 256 + 127;
    static constexpr int PIECES = LOADED / 16;  // of 4-bit weights: states of even and of odd places, since a mask leaves every second one
    uint4 upper[PIECES][SLOTS], lower[PIECES][SLOTS];
    float factors[SLOTS];
    int shifts[SLOTS];  // 4 bits: what the 8 that was added to every weight gives

    INLINE void set(int slot, const uint4 (&states)[LOADED / 8])
    {
        float largest = 0.f, nothing = 0.f;
#pragma unroll
        for (int i = 0; i < LOADED; i++)
        {
            const float state = at(states, i);
            largest = fmaxf(largest, fabsf(state));
            nothing = fmaf(state, 0.f, nothing);  // NaN where a state is not finite: the maximum would not show it
        }
        const float inverse = largest > 1e-30f ? __fdividef(LARGEST, largest) : 0.f;
        int sum = 0;
#pragma unroll
        for (int piece = 0; piece < PIECES; piece++)
        {
            u32 up[4], low[4];
#pragma unroll
            for (int word = 0; word < 4; word++)
            {
                // The sum with this number is rounded to an integer, which its last bits then hold.
                u32 numbers[4];
#pragma unroll
                for (int i = 0; i < 4; i++)
                    numbers[i] = __float_as_uint(fmaf(at(states, (word * 4 + i) * PIECES + piece), inverse, 12582912.f));
                low[word] = gather_bytes(numbers, 0x0040);  // signed, so that the upper byte is one more where it is negative
#pragma unroll
                for (int i = 0; i < 4; i++)
                    numbers[i] += 128;
                up[word] = gather_bytes(numbers, 0x0051);
                if (WEIGHT_BITS == 4)
                    sum = multiply_bytes(low[word], 0x01010101, multiply_bytes(up[word], 0x01010101, 0) * 256 + sum);
            }
            upper[piece][slot] = make_uint4(up[0], up[1], up[2], up[3]);
            lower[piece][slot] = make_uint4(low[0], low[1], low[2], low[3]);
        }
        factors[slot] = largest * (1.f / LARGEST) + nothing;
        if (WEIGHT_BITS == 4)
            shifts[slot] = 8 * sum;
    }

    INLINE float product(int slot, const uint4& weights) const
    {
        int high = 0, low = 0;
#pragma unroll
        for (int piece = 0; piece < PIECES; piece++)
        {
            const uint4 up = upper[piece][slot], down = lower[piece][slot];
            const u32 words[4] = {weights.x, weights.y, weights.z, weights.w}, ups[4] = {up.x, up.y, up.z, up.w}, lows[4] = {down.x, down.y, down.z, down.w};
#pragma unroll
            for (int i = 0; i < 4; i++)
            {
                const u32 bytes = WEIGHT_BITS == 8 ? words[i] : (words[i] >> (4 * piece)) & 0x0f0f0f0f;
                high = multiply_bytes(bytes, ups[i], high);
                low = multiply_bytes(bytes, lows[i], low);
            }
        }
        return factors[slot] * (high * 256 + low - (WEIGHT_BITS == 4 ? shifts[slot] : 0));
    }

    // A byte of each of four numbers; the selector names that of the first and the second.
    static INLINE u32 gather_bytes(const u32 (&numbers)[4], u32 selector)
    {
        return lower_halves(__byte_perm(numbers[0], numbers[1], selector), __byte_perm(numbers[2], numbers[3], selector));
    }

    static INLINE float at(const uint4 (&states)[LOADED / 8], int i)
    {
        const uint4 eight = states[i / 8];
        const u32 pair = i / 2 % 4 == 0 ? eight.x : i / 2 % 4 == 1 ? eight.y : i / 2 % 4 == 2 ? eight.z : eight.w;
        return i % 2 == 0 ? low_to_float(pair) : high_to_float(pair);
    }
#endif
};

// One row: outputs = W input. A warp reads whole rows of W, a few pairs at a time; where rows are long, a team of warps shares them. The tensor cores would have nothing to do, and
// contiguous reads are a tenth faster than theirs. NORM_PARTS: the parts of the sum whose norm the block takes itself, which costs less than a kernel before; NO_NORM: the input is ready.
template <class Output, int INPUTS, int WARPS, int TEAM, int PAIRS, int NORM_PARTS>
INLINE void multiply_row(const MatrixArguments& a)
{
    constexpr int CHUNK = WARP * LOADED;
    constexpr int CHUNKS = (INPUTS + CHUNK - 1) / CHUNK;
    constexpr int EACH = (CHUNKS + TEAM - 1) / TEAM;
    constexpr int TEAMS = WARPS / TEAM;
    constexpr int UNITS = Output::TILES * 8;
    constexpr int GROUPS = (UNITS + PAIRS - 1) / PAIRS;
    constexpr int SLOTS = CHUNKS * WARP;
    __shared__ RowStates<INPUTS, SLOTS> states;
    __shared__ float2 sums[2][WARPS][PAIRS];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, team = warp / TEAM, member = warp % TEAM;

    const uint4 nothing = make_uint4(0, 0, 0, 0);
    uint4 one[PAIRS][EACH], two[PAIRS][EACH];
    float2 scales[PAIRS][WEIGHT_BITS == 4 ? EACH : 1];
    auto load = [&](int group, int p, int i)
    {
        const int unit = min(group * PAIRS + p, UNITS - 1), offset = (i * TEAM + member) * CHUNK + lane * LOADED;
        const bool inside = (INPUTS % CHUNK == 0 && CHUNKS % TEAM == 0) || offset < INPUTS;
        one[p][i] = inside ? load_pair<Output, INPUTS>(a, unit / 8, unit % 8, false, offset) : nothing;
        two[p][i] = inside ? load_pair<Output, INPUTS>(a, unit / 8, unit % 8, true, offset) : nothing;
#if WEIGHT_BITS < 16
        if (WEIGHT_BITS == 4 || i == 0)  // 8 bits: one a row
        {
            scales[p][i].x = inside ? load_scale<Output, INPUTS>(a, unit / 8, unit % 8, false, offset) : 0.f;
            scales[p][i].y = inside ? load_scale<Output, INPUTS>(a, unit / 8, unit % 8, true, offset) : 0.f;
        }
#endif
    };
    if (blockIdx.x * TEAMS + team < GROUPS)
    {
#pragma unroll
        for (int i = 0; i < EACH; i++)
        {
#pragma unroll
            for (int p = 0; p < PAIRS; p++)
                load(blockIdx.x * TEAMS + team, p, i);
        }
    }
    allow_next();

    if constexpr (NORM_PARTS != NO_NORM && WEIGHT_BITS == 16)
    {
        add_and_normalize<NORM_PARTS, WARPS>(a, 0, blockIdx.x == 0, [&](int d, bf16 value) { ((bf16*)&states)[d] = value; });
    }
    else if constexpr (NORM_PARTS != NO_NORM)
    {
        __shared__ uint4 normalized[INPUTS / 8];
        add_and_normalize<NORM_PARTS, WARPS>(a, 0, blockIdx.x == 0, [&](int d, bf16 value) { ((bf16*)normalized)[d] = value; });
        __syncthreads();
        for (int slot = threadIdx.x; slot < INPUTS / LOADED; slot += WARPS * WARP)
        {
            uint4 own[LOADED / 8];
#pragma unroll
            for (int i = 0; i < LOADED / 8; i++)
                own[i] = normalized[slot * (LOADED / 8) + i];
            states.set(slot, own);
        }
    }
    else
    {
        wait_for_previous();
        for (int slot = threadIdx.x; slot < INPUTS / LOADED; slot += WARPS * WARP)
        {
            uint4 own[LOADED / 8];
#pragma unroll
            for (int i = 0; i < LOADED / 8; i++)
                own[i] = load_states(a.inputs + slot * LOADED + i * 8);
            states.set(slot, own);
        }
    }
    for (int slot = INPUTS / LOADED + threadIdx.x; slot < SLOTS; slot += WARPS * WARP)
    {
        const uint4 own[LOADED / 8] = {};
        states.set(slot, own);
    }
    __syncthreads();

    Output output;
    int buffer = 0;
    for (int base = blockIdx.x * TEAMS; base < GROUPS; base += gridDim.x * TEAMS)
    {
        const int group = base + team, next = group + gridDim.x * TEAMS;
        float products[PAIRS][2] = {};
        float2 row_scales[PAIRS];
#pragma unroll
        for (int p = 0; p < PAIRS; p++)
            row_scales[p] = WEIGHT_BITS == 8 ? scales[p][0] : make_float2(1.f, 1.f);
#pragma unroll
        for (int i = 0; i < EACH; i++)
        {
            const int chunk = i * TEAM + member, slot = CHUNKS % TEAM == 0 || chunk < CHUNKS ? chunk * WARP + lane : 0;
#pragma unroll
            for (int p = 0; p < PAIRS; p++)
            {
                const uint4 w1 = one[p][i], w2 = two[p][i];
                const float2 group = WEIGHT_BITS == 4 ? scales[p][i] : make_float2(1.f, 1.f);
                if (next < GROUPS)
                    load(next, p, i);
                products[p][0] += group.x * states.product(slot, w1);
                products[p][1] += group.y * states.product(slot, w2);
            }
        }
#pragma unroll
        for (int p = 0; p < PAIRS; p++)
        {
            products[p][0] = row_scales[p].x * warp_sum(products[p][0]);
            products[p][1] = row_scales[p].y * warp_sum(products[p][1]);
        }
        if (TEAM > 1)
        {
#pragma unroll
            for (int p = 0; p < PAIRS; p++)
                if (lane == 0)
                    sums[buffer][warp][p] = make_float2(products[p][0], products[p][1]);
            __syncthreads();  // two buffers alternate: one barrier a round is enough
#pragma unroll
            for (int p = 0; p < PAIRS; p++)
            {
                products[p][0] = products[p][1] = 0.f;
#pragma unroll
                for (int other = 0; other < TEAM; other++)
                {
                    const float2 part = sums[buffer][team * TEAM + other][p];
                    products[p][0] += part.x, products[p][1] += part.y;
                }
            }
            buffer ^= 1;
        }
#pragma unroll
        for (int p = 0; p < PAIRS; p++)
        {
            const int unit = group * PAIRS + p;
            if (lane == 0 && member == 0 && unit < UNITS)
                output.store(a, unit / 8, unit % 8, 0, 0, 0, products[p][0], products[p][1]);
        }
    }
    if (member == 0)
        output.finish(a, lane, 0, 0);
}

#if ROWS == 1
#define MATRIX_KERNEL(name, output, inputs, warps, parts, team, pairs, keeps, norm_parts) \
    extern "C" __global__ void __launch_bounds__((warps) * WARP, (pairs) == 1 ? 2 : 1) name(const MatrixArguments a) { multiply_row<output, inputs, warps, team, pairs, norm_parts>(a); }
#else
#define MATRIX_KERNEL(name, output, inputs, warps, parts, team, pairs, keeps, norm_parts) \
    extern "C" __global__ void __launch_bounds__((warps) * WARP) name(const MatrixArguments a) { multiply_rows<output, inputs, warps, parts, keeps>(a); }
#endif

MATRIX_KERNEL(first_query_key_value, QueriesKeysValues, D, QKV_WARPS, 1, QKV_TEAM, QKV_PAIRS, QKV_KEEPS, 0)
MATRIX_KERNEL(query_key_value, QueriesKeysValues, D, QKV_WARPS, 1, QKV_TEAM, QKV_PAIRS, QKV_KEEPS, DOWN_PARTS)
MATRIX_KERNEL(attention_output, Plain, QUERY, OUTPUT_WARPS, OUTPUT_PARTS, OUTPUT_TEAM, OUTPUT_PAIRS, OUTPUT_KEEPS, NO_NORM)
MATRIX_KERNEL(cross_query, Queries, D, CROSS_WARPS, 1, CROSS_TEAM, CROSS_PAIRS, CROSS_KEEPS, OUTPUT_PARTS)
MATRIX_KERNEL(gate_up, GateUp, D, GATE_WARPS, 1, GATE_TEAM, GATE_PAIRS, GATE_KEEPS, OUTPUT_PARTS)
MATRIX_KERNEL(down, Plain, I, DOWN_WARPS, DOWN_PARTS, DOWN_TEAM, DOWN_PAIRS, DOWN_KEEPS, NO_NORM)
MATRIX_KERNEL(head, Head, D, HEAD_WARPS, 1, HEAD_TEAM, HEAD_PAIRS, HEAD_KEEPS, DOWN_PARTS)

// The norms of several rows, a block each: they go to what the next product reads.
#define NORM_KERNEL(name, parts) \
    extern "C" __global__ void __launch_bounds__(256) name(const MatrixArguments a) \
    { \
        bf16* inputs = const_cast<bf16*>(a.inputs) + (long long)blockIdx.x * D; \
        allow_next(); \
        add_and_normalize<parts, 8>(a, blockIdx.x, true, [&](int d, bf16 value) { inputs[d] = value; }); \
    }

NORM_KERNEL(first_norm, 0)
NORM_KERNEL(norm_after_attention, OUTPUT_PARTS)
NORM_KERNEL(norm_after_down, DOWN_PARTS)

// ---- attention -------------------------------------------------------------------------------------------------------

struct AttentionArguments
{
    const float* queries;      // [ROWS, QUERY]
    const bf16* keys;          // [rows, K, capacity, E]
    const bf16* values;        // the same
    const u8* mask;            // [rows, capacity]: which keys are real; null: all
    const int* positions;      // [ROWS]: self-attention sees the keys up to here
    const int* sources;        // [ROWS]: cross-attention's row of keys; null: this is self-attention
    const int* lengths;        // [rows]: number of keys of a source
    bf16* outputs;             // [ROWS, QUERY]
    long long capacity;
    int window;                // self-attention sees so many keys; 0: all
};

INLINE u32 cluster_rank()
{
    u32 rank = 0;
#if __CUDA_ARCH__ >= 900
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
#endif
    return rank;
}

INLINE void cluster_barrier()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;" ::: "memory");
#else
    __syncthreads();
#endif
}

// A float in the shared memory of another block of the cluster.
INLINE float load_remote(const float* address, u32 rank)
{
    float value;
#if __CUDA_ARCH__ >= 900
    u32 local = (u32)__cvta_generic_to_shared(address), remote;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"(local), "r"(rank));
    asm volatile("ld.shared::cluster.f32 %0, [%1];" : "=f"(value) : "r"(remote) : "memory");
#else
    value = *address;
#endif
    return value;
}

// One query a row. A cluster of blocks shares the keys of one row and key head; 8 lanes (fewer where heads are small) share a key. The cap bounds the scores, so their exponents need no
// maximum: parts of a sum just add.
template <int SPLITS>
INLINE void attend(const AttentionArguments& a)
{
    constexpr int WARPS = 8;
    constexpr int LANES = E >= 256 ? 16 : E >= 64 ? 8 : E / 8;  // of a key
    constexpr int CHUNKS = E / 8 / LANES;                       // 16-byte loads of a lane and key
    constexpr int KEYS = WARP / LANES;                          // keys of a warp at once
    constexpr int STRIDE = WARPS * KEYS;                        // keys of a block at once
    constexpr int AT_ONCE = KEYS_AT_ONCE;                       // of these, whose loads are under way together
    constexpr int WIDTH = E / LANES;
    __shared__ float sums[WARPS][GROUP][E];
    __shared__ float weights[WARPS][GROUP];
    __shared__ float partial[GROUP][E];
    __shared__ float total[GROUP];
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, place = lane % LANES;
    const int row = blockIdx.y / K, key_head = blockIdx.y % K;
    const int rank = SPLITS == 1 ? 0 : cluster_rank();

    allow_next();
    // Read before the wait: positions, sources and all keys but the newest do not change while a step runs.
    const bool is_self = a.sources == nullptr;
    const int states_row = is_self ? row : load_state(a.sources + row);
    const int end = is_self ? load_state(a.positions + row) + 1 : load_state(a.lengths + states_row);
    const int begin = is_self && a.window > 0 ? max(0, end - a.window) : 0;
    const int share = (end - begin + SPLITS - 1) / SPLITS;
    const int from = begin + rank * share, to = min(end, from + share);
    const long long offset = ((long long)states_row * K + key_head) * a.capacity * E + place * 8;
    const u8* mask = a.mask == nullptr ? nullptr : a.mask + states_row * a.capacity;

    uint4 keys[AT_ONCE][CHUNKS], values[AT_ONCE][CHUNKS];
    auto load = [&](int position, int n)
    {
        // Beyond the share lies memory that may hold anything, NaN among it.
        const long long own = offset + (long long)position * E;
#pragma unroll
        for (int c = 0; c < CHUNKS; c++)
        {
            keys[n][c] = position < to ? load_states(a.keys + own + c * LANES * 8) : make_uint4(0, 0, 0, 0);
            values[n][c] = position < to ? load_states(a.values + own + c * LANES * 8) : make_uint4(0, 0, 0, 0);
        }
    };
    const int mine = from + warp * KEYS + lane / LANES;
#pragma unroll
    for (int n = 0; n < AT_ONCE; n++)
        if (mine - lane / LANES + n * STRIDE < to)
            load(mine + n * STRIDE, n);
    wait_for_previous();

    float query[GROUP][WIDTH], sum[GROUP][WIDTH] = {}, weight[GROUP] = {};
#pragma unroll
    for (int g = 0; g < GROUP; g++)
    {
#pragma unroll
        for (int c = 0; c < CHUNKS; c++)
        {
            const float* own = a.queries + (long long)row * QUERY + (key_head * GROUP + g) * E + (c * LANES + place) * 8;
            const uint4 first = load_states(own), last = load_states(own + 4);
            const u32 numbers[8] = {first.x, first.y, first.z, first.w, last.x, last.y, last.z, last.w};
#pragma unroll
            for (int i = 0; i < 8; i++)
                query[g][c * 8 + i] = __uint_as_float(numbers[i]);
        }
    }
    for (int round = mine; round - lane / LANES < to; round += AT_ONCE * STRIDE)
    {
        if (round != mine)
        {
#pragma unroll
            for (int n = 0; n < AT_ONCE; n++)
                if (round - lane / LANES + n * STRIDE < to)
                    load(round + n * STRIDE, n);
        }
#pragma unroll
        for (int n = 0; n < AT_ONCE; n++)
        {
            const int position = round + n * STRIDE;
            if (position - lane / LANES >= to)
                break;
            if (is_self && position == end - 1)
                load(position, n);  // the newest, which the kernel before has written
            const bool inside = position < to && (mask == nullptr || mask[position] != 0);
#pragma unroll
            for (int g = 0; g < GROUP; g++)
            {
                float score = 0.f;
#pragma unroll
                for (int c = 0; c < CHUNKS; c++)
                {
                    const u32 pairs[4] = {keys[n][c].x, keys[n][c].y, keys[n][c].z, keys[n][c].w};
#pragma unroll
                    for (int i = 0; i < 4; i++)
                        score += query[g][c * 8 + 2 * i] * low_to_float(pairs[i]) + query[g][c * 8 + 2 * i + 1] * high_to_float(pairs[i]);
                }
#pragma unroll
                for (int distance = LANES / 2; distance > 0; distance /= 2)
                    score += __shfl_xor_sync(ALL_LANES, score, distance);
                const float probability = inside ? __expf(CAP * exact_tanh(score * (SCALE / CAP))) : 0.f;
                weight[g] += probability;
#pragma unroll
                for (int c = 0; c < CHUNKS; c++)
                {
                    const u32 pairs[4] = {values[n][c].x, values[n][c].y, values[n][c].z, values[n][c].w};
#pragma unroll
                    for (int i = 0; i < 4; i++)
                    {
                        sum[g][c * 8 + 2 * i] += probability * low_to_float(pairs[i]);
                        sum[g][c * 8 + 2 * i + 1] += probability * high_to_float(pairs[i]);
                    }
                }
            }
        }
    }

    // Over the keys of a warp, the warps of the block, the blocks of the cluster.
#pragma unroll
    for (int g = 0; g < GROUP; g++)
    {
#pragma unroll
        for (int distance = LANES; distance < WARP; distance *= 2)
        {
            weight[g] += __shfl_xor_sync(ALL_LANES, weight[g], distance);
#pragma unroll
            for (int i = 0; i < WIDTH; i++)
                sum[g][i] += __shfl_xor_sync(ALL_LANES, sum[g][i], distance);
        }
        if (lane < LANES)
        {
#pragma unroll
            for (int i = 0; i < WIDTH; i++)
                sums[warp][g][(i / 8 * LANES + place) * 8 + i % 8] = sum[g][i];
            weights[warp][g] = weight[g];
        }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < GROUP * E; i += WARPS * WARP)
    {
        float whole = 0.f;
#pragma unroll
        for (int other = 0; other < WARPS; other++)
            whole += (&sums[other][0][0])[i];
        (&partial[0][0])[i] = whole;
    }
    if (threadIdx.x < GROUP)
    {
        float whole = 0.f;
#pragma unroll
        for (int other = 0; other < WARPS; other++)
            whole += weights[other][threadIdx.x];
        total[threadIdx.x] = whole;
    }
    if (SPLITS == 1)
        __syncthreads();
    else
        cluster_barrier();
    constexpr int SHARE = (GROUP * E + SPLITS - 1) / SPLITS;
    for (int i = rank * SHARE + threadIdx.x; i < min((rank + 1) * SHARE, GROUP * E); i += WARPS * WARP)
    {
        float whole = 0.f, divisor = 0.f;
#pragma unroll
        for (int other = 0; other < SPLITS; other++)
        {
            whole += SPLITS == 1 ? (&partial[0][0])[i] : load_remote(&partial[0][0] + i, other);
            divisor += SPLITS == 1 ? total[i / E] : load_remote(total + i / E, other);
        }
        a.outputs[(long long)row * QUERY + key_head * GROUP * E + i] = to_bf16(whole / divisor);
    }
    if (SPLITS > 1)
        cluster_barrier();  // the others may still read this block's memory
}

extern "C" __global__ void __launch_bounds__(256, ATTENTION_BLOCKS) self_attention(const AttentionArguments a) { attend<SELF_SPLITS>(a); }

extern "C" __global__ void __launch_bounds__(256, ATTENTION_BLOCKS) cross_attention(const AttentionArguments a) { attend<CROSS_SPLITS>(a); }

// ---- tokens ----------------------------------------------------------------------------------------------------------

struct TokenArguments
{
    const bf16* embeddings;    // [V, D]
    float* hidden;             // [ROWS, D]
    u64* best;                 // [ROWS]
    int* positions;            // [ROWS]: of the token that the step reads
    int* tokens;               // [ROWS, capacity]: the sequences
    int* ended;                // [ROWS]
    const int* end_ids;        // [end_count]
    long long capacity;
    int end_count;
    int pad_id;
};

INLINE void embed(const TokenArguments& a, int row, int token)
{
    const bf16* embedding = a.embeddings + (long long)token * D;
    for (int d = threadIdx.x; d < D; d += blockDim.x)
        a.hidden[(long long)row * D + d] = to_float(embedding[d]) * EMBEDDING_SCALE;
}

// The states that the first layer reads: those of the token at each row's position.
extern "C" __global__ void __launch_bounds__(256) embed_tokens(const TokenArguments a)
{
    allow_next();
    wait_for_previous();
    const int row = blockIdx.x;
    embed(a, row, a.tokens[row * a.capacity + a.positions[row]]);
    if (threadIdx.x == 0)
        a.best[row] = 0;
}

// Takes each row's best token, moves on by one position and embeds it for the next step.
extern "C" __global__ void __launch_bounds__(256) take_best(const TokenArguments a)
{
    __shared__ int chosen;
    allow_next();
    wait_for_previous();
    const int row = blockIdx.x;
    if (threadIdx.x == 0)
    {
        const u32 id = 0xffffffffu - (u32)a.best[row];
        const int position = a.positions[row] + 1;
        int token = a.ended[row] ? a.pad_id : (int)min(id, (u32)(V - 1));
        for (int i = 0; i < a.end_count; i++)
            if (token == a.end_ids[i])
                a.ended[row] = 1;
        a.tokens[row * a.capacity + position] = token;
        a.positions[row] = position;
        a.best[row] = 0;
        chosen = token;
    }
    __syncthreads();
    embed(a, row, chosen);
}
