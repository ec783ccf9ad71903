// Adam with decoupled weight decay in one pass, and the square of a gradient.
//
// A bfloat16 weight is the upper half of an exact float; the lower half, as a signed number, lies beside it (ties go up). The order of the operations and what is rounded
// between them is that of torch's operators.

struct AdamWArguments
{
    void* weights;         // bf16 [N] with lower halves, float [N] without
    short* lower;          // [N]
    const void* gradient;  // bf16 or float [N]
    float* means;          // [N]
    float* squares;        // [N]
    long long count;
    float gradient_scale;
    float mean_share;
    float square_decay;
    float square_share;
    float keep;            // 1 less what decays
    float inverse_root;    // 1 / sqrt(1 - b2^t)
    float epsilon;
    float step_size;
};

struct SquareArguments
{
    const void* gradient;  // bf16 or float [N]
    float* sums;           // one a block
    long long count;
};

constexpr int SQUARE_WARPS = 8;

INLINE float as_float(bf16 value) { return to_float(value); }
INLINE float as_float(float value) { return value; }

INLINE float exact_value(u32 upper, u32 lower) { return __uint_as_float((upper << 16) + (u32)(int)(short)lower); }
INLINE u32 upper_half(float value) { return (__float_as_uint(value) + 0x8000u) >> 16; }
INLINE u32 lower_half(float value) { return __float_as_uint(value) & 0xffffu; }

INLINE void update(const AdamWArguments& a, float gradient, float& value, float& mean, float& square)
{
    gradient = __fmul_rn(gradient, a.gradient_scale);
    const float difference = __fsub_rn(gradient, mean);
    mean = a.mean_share < 0.5f ? __fmaf_rn(a.mean_share, difference, mean) : __fmaf_rn(-difference, 1.f - a.mean_share, gradient);
    square = __fmaf_rn(__fmul_rn(a.square_share, gradient), gradient, __fmul_rn(square, a.square_decay));
    value = __fmul_rn(value, a.keep);
    const float denominator = __fadd_rn(__fmul_rn(__fsqrt_rn(square), a.inverse_root), a.epsilon);
    value = __fmaf_rn(-a.step_size, __fdiv_rn(mean, denominator), value);
}

template <bool SPLIT, typename GRADIENT>
INLINE void update_all(const AdamWArguments& a)
{
    bf16* const halves = (bf16*)a.weights;
    float* const weights = (float*)a.weights;
    const GRADIENT* const gradients = (const GRADIENT*)a.gradient;
    const long long step = (long long)gridDim.x * blockDim.x * VECTOR;
    for (long long at = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * VECTOR; at < a.count; at += step) {
        if (at + VECTOR > a.count) {
            for (long long i = at; i < a.count; i++) {
                float value = SPLIT ? exact_value(halves[i], (u32)a.lower[i]) : weights[i];
                update(a, as_float(gradients[i]), value, a.means[i], a.squares[i]);
                if (SPLIT) {
                    halves[i] = (bf16)upper_half(value);
                    a.lower[i] = (short)lower_half(value);
                } else {
                    weights[i] = value;
                }
            }
            return;
        }
        float gradient[VECTOR], mean[VECTOR], square[VECTOR], value[VECTOR];
        load(gradients + at, gradient);
        load(a.means + at, mean);
        load(a.squares + at, square);
        if (SPLIT) {
            const uint4 upper = *(const uint4*)(halves + at), lower = *(const uint4*)(a.lower + at);
            const u32 uppers[4] = {upper.x, upper.y, upper.z, upper.w}, lowers[4] = {lower.x, lower.y, lower.z, lower.w};
#pragma unroll
            for (int i = 0; i < 4; i++) {
                value[2 * i] = exact_value(uppers[i] & 0xffffu, lowers[i] & 0xffffu);
                value[2 * i + 1] = exact_value(uppers[i] >> 16, lowers[i] >> 16);
            }
        } else {
            load(weights + at, value);
        }
#pragma unroll
        for (int i = 0; i < VECTOR; i++)
            update(a, gradient[i], value[i], mean[i], square[i]);
        store(a.means + at, mean);
        store(a.squares + at, square);
        if (SPLIT) {
            u32 uppers[4], lowers[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                uppers[i] = (upper_half(value[2 * i]) & 0xffffu) | (upper_half(value[2 * i + 1]) << 16);
                lowers[i] = lower_half(value[2 * i]) | (lower_half(value[2 * i + 1]) << 16);
            }
            *(uint4*)(halves + at) = make_uint4(uppers[0], uppers[1], uppers[2], uppers[3]);
            *(uint4*)(a.lower + at) = make_uint4(lowers[0], lowers[1], lowers[2], lowers[3]);
        } else {
            store(weights + at, value);
        }
    }
}

template <typename GRADIENT>
INLINE void square_all(const SquareArguments& a)
{
    __shared__ float space[SQUARE_WARPS];
    const GRADIENT* const gradients = (const GRADIENT*)a.gradient;
    const long long step = (long long)gridDim.x * blockDim.x * VECTOR;
    float sum = 0.f;
    for (long long at = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * VECTOR; at < a.count; at += step) {
        if (at + VECTOR > a.count) {
            for (long long i = at; i < a.count; i++)
                sum += as_float(gradients[i]) * as_float(gradients[i]);
            break;
        }
        float gradient[VECTOR];
        load(gradients + at, gradient);
#pragma unroll
        for (int i = 0; i < VECTOR; i++)
            sum += gradient[i] * gradient[i];
    }
    sum = block_sum<SQUARE_WARPS>(sum, space);
    if (threadIdx.x == 0)
        a.sums[blockIdx.x] = sum;
}

extern "C" __global__ void __launch_bounds__(256) adamw_split(AdamWArguments a) { update_all<true, bf16>(a); }
extern "C" __global__ void __launch_bounds__(256) adamw_split_float_gradient(AdamWArguments a) { update_all<true, float>(a); }
extern "C" __global__ void __launch_bounds__(256) adamw_float(AdamWArguments a) { update_all<false, float>(a); }
extern "C" __global__ void __launch_bounds__(256) squares_bf16(SquareArguments a) { square_all<bf16>(a); }
extern "C" __global__ void __launch_bounds__(256) squares_float(SquareArguments a) { square_all<float>(a); }
