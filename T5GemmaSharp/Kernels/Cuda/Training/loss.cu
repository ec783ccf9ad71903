// Cross-entropy of a chunk of target tokens from the head's product: soft-cap, loss, and the gradient of the product in its place.
//
// z = cap tanh(x / cap), L = (1 - e) (lse - z_y) + e / V sum(lse - z) + zeta lse^2 with lse = log sum exp z;
// dL/dx = (p (1 + 2 zeta lse) - e / V - (1 - e) [y]) (1 - (z / cap)^2).

struct LossArguments
{
    bf16* logits;              // [N, V], replaced by the gradient of the sum of the losses
    const long long* targets;  // [N]
    float* losses;             // [N]
    int columns;               // V
    float cap;                 // 0: none
    float smoothing;           // e
    float z_loss;              // zeta
};

constexpr int LOSS_WARPS = 16;

struct Capped
{
    float value;
    float slope;  // d value / d x
};

INLINE Capped capped(float x, float cap, float inverse_cap)
{
    if (cap == 0.f)
        return {x, 1.f};
    const float t = quick_tanh(x * inverse_cap);
    return {cap * t, 1.f - t * t};
}

// The sum of exp(value - most), where a larger most takes over.
struct Exponents
{
    float most;
    float sum;

    INLINE void raise(float larger)
    {
        sum = most == larger ? sum : sum * __expf(most - larger);  // equal infinities have no difference
        most = larger;
    }
};

extern "C" __global__ void __launch_bounds__(LOSS_WARPS * WARP) token_loss(LossArguments a)
{
    __shared__ float maxima[LOSS_WARPS], sums[LOSS_WARPS], totals[LOSS_WARPS];
    bf16* const row = a.logits + (long long)blockIdx.x * a.columns;
    const int target = (int)a.targets[blockIdx.x];
    const float inverse_cap = a.cap == 0.f ? 0.f : 1.f / a.cap;
    const bool is_aligned = a.columns % VECTOR == 0;
    const int vectors = is_aligned ? a.columns / VECTOR : 0;  // what is left goes one by one
    const float target_value = capped(to_float(row[target]), a.cap, inverse_cap).value;

    Exponents own = {__int_as_float(0xff800000), 0.f};
    float total = 0.f;
    for (int i = threadIdx.x; i < vectors; i += blockDim.x) {
        float values[VECTOR];
        load(row + i * VECTOR, values);
        float most = own.most;
#pragma unroll
        for (int k = 0; k < VECTOR; k++) {
            values[k] = capped(values[k], a.cap, inverse_cap).value;
            most = fmaxf(most, values[k]);
            total += values[k];
        }
        if (most > own.most)
            own.raise(most);
#pragma unroll
        for (int k = 0; k < VECTOR; k++)
            own.sum += __expf(values[k] - own.most);
    }
    for (int i = vectors * VECTOR + threadIdx.x; i < a.columns; i += blockDim.x) {
        const float value = capped(to_float(row[i]), a.cap, inverse_cap).value;
        total += value;
        if (value > own.most)
            own.raise(value);
        own.sum += __expf(value - own.most);
    }
    const float warp_most = warp_max(own.most);
    if (threadIdx.x % WARP == 0)
        maxima[threadIdx.x / WARP] = warp_most;
    __syncthreads();
    float most = maxima[0];
#pragma unroll
    for (int warp = 1; warp < LOSS_WARPS; warp++)
        most = fmaxf(most, maxima[warp]);
    own.raise(most);
    const float sum = block_sum<LOSS_WARPS>(own.sum, sums);
    total = block_sum<LOSS_WARPS>(total, totals);
    const float log_sum = most + __logf(sum);
    if (threadIdx.x == 0) {
        a.losses[blockIdx.x] = (1.f - a.smoothing) * (log_sum - target_value)
            + a.smoothing * (log_sum - total / (float)a.columns) + a.z_loss * log_sum * log_sum;
    }

    const float spread = a.smoothing / (float)a.columns;
    const float factor = 1.f + 2.f * a.z_loss * log_sum;
    for (int i = threadIdx.x; i < vectors; i += blockDim.x) {
        float values[VECTOR];
        load(row + i * VECTOR, values);
#pragma unroll
        for (int k = 0; k < VECTOR; k++) {
            const Capped z = capped(values[k], a.cap, inverse_cap);
            const float wanted = i * VECTOR + k == target ? 1.f - a.smoothing : 0.f;
            values[k] = (__expf(z.value - log_sum) * factor - spread - wanted) * z.slope;
        }
        store(row + i * VECTOR, values);
    }
    for (int i = vectors * VECTOR + threadIdx.x; i < a.columns; i += blockDim.x) {
        const Capped z = capped(to_float(row[i]), a.cap, inverse_cap);
        const float wanted = i == target ? 1.f - a.smoothing : 0.f;
        row[i] = to_bf16((__expf(z.value - log_sum) * factor - spread - wanted) * z.slope);
    }
}
