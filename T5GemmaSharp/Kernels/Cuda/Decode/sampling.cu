// Draws a token for each row from the logits of a step, which stay where they are: a row is one block's, and what it decides by lies in shared memory.
//
// Sums that decide are sums of integers, so that they are the same in any order: a probability counts as exp((logit - largest) / temperature) in units of 2^-40.

constexpr int THREADS = 1024;
constexpr int WARPS = THREADS / WARP;
constexpr int BINS = THREADS;          // a thread looks after one
constexpr float MASS_UNITS = 1099511627776.f;

struct RowSettings
{
    float temperature;  // 0: the most probable token
    float top_p;        // 1: all
    float min_p;        // 0: all
    int top_k;          // 0: all
    u64 seed;
};

struct DrawArguments
{
    const float* logits;           // [rows, V]
    const RowSettings* settings;   // [rows]
    const int* positions;          // [rows]: of the token that the step read
    u64* best;                     // [rows]: receives the token as the head would mark it
    float* log_probabilities;      // [rows, capacity]: of the drawn tokens, before temperature and cuts
    long long capacity;
};

struct Work
{
    u64 mass[BINS];
    u32 count[BINS];
    float values[BINS];
    u64 sums[WARPS];
    float floats[WARPS];
    u64 before;
    int bin;
    int chosen;
    u32 listed;
    u32 threshold;
};

// Unsigned numbers in the order of the floats.
INLINE u32 order(float x)
{
    const u32 bits = __float_as_uint(x);
    return bits ^ ((u32)((int)bits >> 31) | 0x80000000u);
}

INLINE float from_order(u32 key) { return __uint_as_float((key & 0x80000000u) ? key ^ 0x80000000u : ~key); }

template <typename F>
INLINE void each(const float* logits, F f)
{
#pragma unroll 8
    for (int id = threadIdx.x; id < V; id += THREADS)
        f(id, load_state(logits + id));
}

// A result for all threads; a barrier stands before and after the shared array is used.
template <typename T, typename F>
INLINE T over_block(T value, T* shared, F combine)
{
#pragma unroll
    for (int distance = WARP / 2; distance > 0; distance /= 2)
        value = combine(value, __shfl_xor_sync(ALL_LANES, value, distance));
    __syncthreads();
    if (threadIdx.x % WARP == 0)
        shared[threadIdx.x / WARP] = value;
    __syncthreads();
    value = shared[threadIdx.x % WARPS];
#pragma unroll
    for (int distance = WARP / 2; distance > 0; distance /= 2)
        value = combine(value, __shfl_xor_sync(ALL_LANES, value, distance));
    return value;
}

INLINE u64 sum_over_block(u64 value, u64* shared) { return over_block(value, shared, [](u64 a, u64 b) { return a + b; }); }

// Sum of this thread's number and those of all threads before it.
INLINE u64 sum_up_to(u64 value, u64* shared)
{
    const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
#pragma unroll
    for (int distance = 1; distance < WARP; distance *= 2) {
        const u64 other = __shfl_up_sync(ALL_LANES, value, distance);
        if (lane >= distance)
            value += other;
    }
    __syncthreads();
    if (lane == WARP - 1)
        shared[warp] = value;
    __syncthreads();
    for (int i = 0; i < warp; i++)
        value += shared[i];
    return value;
}

// How much a token weighs: one, or its probability.
template <bool BY_MASS>
struct Weight
{
    float largest, inverse_temperature;
    INLINE u64 operator()(float logit) const
    {
        return BY_MASS ? (u64)(__expf((logit - largest) * inverse_temperature) * MASS_UNITS) : 1;
    }
};

// The largest logit t for which the tokens from t upwards weigh at least the target. Looks at logits from low to high, of which the target is a part.
// Each round spreads what may be t over bins and goes on with one of them, until its logits fit into a list.
template <bool BY_MASS>
INLINE float cut(Work& work, const float* logits, float low, float high, Weight<BY_MASS> weight, u64 target)
{
    const int mine = BINS - 1 - threadIdx.x;  // from the top
    u64 above = 0;
    while (low < high) {
        const float scale = BINS / (high - low);
        auto bin_of = [&](float logit) { return min((int)((logit - low) * scale), BINS - 1); };
        work.count[threadIdx.x] = 0;
        work.mass[threadIdx.x] = 0;
        if (threadIdx.x == 0) {
            work.bin = 0;
            work.listed = 0;
        }
        __syncthreads();
        each(logits, [&](int, float logit) {
            if (logit < low || logit > high)
                return;
            const int bin = bin_of(logit);
            atomicAdd(work.count + bin, 1u);
            if (BY_MASS)
                atomicAdd(work.mass + bin, weight(logit));
        });
        __syncthreads();
        const u64 own = BY_MASS ? work.mass[mine] : work.count[mine];
        const u64 from = above + sum_up_to(own, work.sums);
        if (from >= target && from - own < target) {
            work.bin = mine;
            work.before = from - own;
        }
        if (mine == 0 && from < target)
            work.before = from - own;  // rounding has taken some of the target: the last bin
        __syncthreads();
        const int bin = work.bin;
        above = work.before;
        const u32 size = work.count[bin];
        __syncthreads();
        if (size <= BINS) {
            each(logits, [&](int, float logit) {
                if (logit >= low && logit <= high && bin_of(logit) == bin)
                    work.values[atomicAdd(&work.listed, 1u)] = logit;
            });
            __syncthreads();
            work.threshold = 0;
            if (threadIdx.x < size)
                work.mass[threadIdx.x] = weight(work.values[threadIdx.x]);
            __syncthreads();
            float smallest = high;
            if (threadIdx.x < size) {
                const float value = work.values[threadIdx.x];
                u64 sum = above;
                for (int i = 0; i < size; i++)
                    if (work.values[i] >= value)
                        sum += work.mass[i];
                if (sum >= target)
                    atomicMax(&work.threshold, order(value));
                smallest = value;
            }
            smallest = over_block(smallest, work.floats, [](float a, float b) { return fminf(a, b); });
            return work.threshold != 0 ? from_order(work.threshold) : smallest;
        }
        float smallest = high, greatest = low;
        each(logits, [&](int, float logit) {
            if (logit < low || logit > high || bin_of(logit) != bin)
                return;
            smallest = fminf(smallest, logit);
            greatest = fmaxf(greatest, logit);
        });
        low = over_block(smallest, work.floats, [](float a, float b) { return fminf(a, b); });
        high = over_block(greatest, work.floats, [](float a, float b) { return fmaxf(a, b); });
        __syncthreads();
    }
    return high;
}

// 64 random bits for a position: Philox4x32-10.
INLINE u64 random_bits(u64 seed, u32 position)
{
    u32 counter[4] = {position, 0, 0, 0};
    u32 key[2] = {(u32)seed, (u32)(seed >> 32)};
#pragma unroll
    for (int round = 0; round < 10; round++) {
        const u64 first = (u64)0xD2511F53u * counter[0], second = (u64)0xCD9E8D57u * counter[2];
        counter[0] = (u32)(second >> 32) ^ counter[1] ^ key[0];
        counter[1] = (u32)second;
        counter[2] = (u32)(first >> 32) ^ counter[3] ^ key[1];
        counter[3] = (u32)first;
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return (u64)counter[0] << 32 | counter[1];
}

extern "C" __global__ void __launch_bounds__(THREADS) draw_tokens(const DrawArguments a)
{
    __shared__ Work work;
    allow_next();
    wait_for_previous();
    const int row = blockIdx.x;
    const float* logits = a.logits + (long long)row * V;
    const RowSettings settings = a.settings[row];
    const int position = a.positions[row];

    u64 best = 0;
    float low = 3.0e38f;
    each(logits, [&](int id, float logit) {
        best = max(best, (u64)order(logit) << 32 | (0xffffffffu - (u32)id));
        low = fminf(low, logit);
    });
    best = over_block(best, work.sums, [](u64 x, u64 y) { return max(x, y); });
    low = fmaxf(over_block(low, work.floats, [](float x, float y) { return fminf(x, y); }), -3.0e38f);
    const float largest = from_order((u32)(best >> 32));
    float sum = 0.f;
    each(logits, [&](int, float logit) { sum += __expf(logit - largest); });
    sum = over_block(sum, work.floats, [](float x, float y) { return x + y; });

    int token = (int)(0xffffffffu - (u32)best);
    if (settings.temperature > 0.f) {
        const Weight<false> one = {};
        const Weight<true> probability = {largest, 1.f / settings.temperature};
        const float high = fminf(largest, 3.0e38f);
        float least = low;  // tokens below it are cut off
        if (settings.top_k > 0 && settings.top_k < V)
            least = cut(work, logits, low, high, one, (u64)settings.top_k);
        if (settings.top_p < 1.f) {
            u64 own = 0;
            each(logits, [&](int, float logit) { own += logit >= least ? probability(logit) : 0; });
            const u64 total = sum_over_block(own, work.sums);
            least = cut(work, logits, least, high, probability, max((u64)ceil((double)settings.top_p * (double)total), (u64)1));
        }
        if (settings.min_p > 0.f)
            least = fmaxf(least, largest + settings.temperature * __logf(settings.min_p));
        least = fminf(least, largest);

        u64 own = 0;
        each(logits, [&](int, float logit) { own += logit >= least ? probability(logit) : 0; });
        const u64 end = sum_up_to(own, work.sums);
        const u64 total = sum_over_block(own, work.sums);
        u64 target = __umul64hi(random_bits(settings.seed, (u32)position), total);  // 0 to below the total
        if (target >= end - own && target < end) {
            target -= end - own;
            for (int id = threadIdx.x; id < V; id += THREADS) {
                const float logit = load_state(logits + id);
                const u64 mass = logit >= least ? probability(logit) : 0;
                if (target < mass) {
                    work.chosen = id;
                    break;
                }
                target -= mass;
            }
        }
        __syncthreads();
        if (total > 0)  // not where logits are no numbers
            token = work.chosen;
    }
    if (threadIdx.x == 0) {
        a.best[row] = 0xffffffffu - (u32)token;
        a.log_probabilities[row * a.capacity + position + 1] = load_state(logits + token) - largest - __logf(sum);
    }
}
