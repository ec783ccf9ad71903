// What every kernel of this folder builds on. No header is included: NVRTC has none of its own in the versions that libtorch brings.

typedef unsigned char u8;
typedef unsigned short bf16;  // the upper half of a float
typedef unsigned int u32;
typedef unsigned long long u64;

#define INLINE __device__ __forceinline__

constexpr int WARP = 32;
constexpr u32 ALL_LANES = 0xffffffffu;

// ---- numbers -------------------------------------------------------------------------------------------------------

INLINE float low_to_float(u32 pair) { return __uint_as_float(pair << 16); }
INLINE float high_to_float(u32 pair) { return __uint_as_float(pair & 0xffff0000u); }
INLINE float to_float(bf16 value) { return __uint_as_float((u32)value << 16); }

// Two numbers rounded to nearest even, the first in the lower half.
INLINE u32 to_bf16_pair(float low, float high)
{
    u32 pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}

// a b + c of two pairs, rounded once.
INLINE u32 multiply_add_pair(u32 a, u32 b, u32 c)
{
    u32 pair;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(pair) : "r"(a), "r"(b), "r"(c));
    return pair;
}

INLINE u32 lower_halves(u32 a, u32 b) { return __byte_perm(a, b, 0x5410); }
INLINE u32 upper_halves(u32 a, u32 b) { return __byte_perm(a, b, 0x7632); }

// A number that bf16 has, as a pair.
INLINE u32 twice(float value) { return upper_halves(__float_as_uint(value), __float_as_uint(value)); }

// sum + the product of four signed bytes with four others.
INLINE int multiply_bytes(u32 a, u32 b, int sum)
{
    asm("dp4a.s32.s32 %0, %1, %2, %0;" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

INLINE bf16 to_bf16(float value) { return (bf16)(to_bf16_pair(value, 0.f) & 0xffffu); }

// tanh.approx is wrong by 2^-11, which a cap of 50 turns into 0.02; this is right to float's last digits.
INLINE float exact_tanh(float x) { return 1.f - 2.f / (__expf(2.f * x) + 1.f); }

// The same with a division that is right to two units in the last place, in a third of the instructions.
INLINE float quick_tanh(float x) { return 1.f - __fdividef(2.f, __expf(2.f * x) + 1.f); }

INLINE float gelu_tanh(float x) { return 0.5f * x * (1.f + exact_tanh(0.7978845608028654f * (x + 0.044715f * x * x * x))); }

// ---- memory --------------------------------------------------------------------------------------------------------

// Weights: read once, constant while the kernels run.
INLINE uint4 load_weights(const void* address)
{
    uint4 value;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w) : "l"(address));
    return value;
}

// What an earlier kernel wrote: from the L2 cache, and never moved above the wait for that kernel.
INLINE uint4 load_states(const void* address)
{
    uint4 value;
    asm volatile("ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w) : "l"(address) : "memory");
    return value;
}

INLINE float load_state(const float* address)
{
    float value;
    asm volatile("ld.global.cg.f32 %0, [%1];" : "=f"(value) : "l"(address) : "memory");
    return value;
}

INLINE int load_state(const int* address)
{
    int value;
    asm volatile("ld.global.cg.s32 %0, [%1];" : "=r"(value) : "l"(address) : "memory");
    return value;
}

INLINE float load_constant(const float* address)
{
    float value;
    asm volatile("ld.global.nc.f32 %0, [%1];" : "=f"(value) : "l"(address));
    return value;
}

INLINE bf16 load_constant(const bf16* address)
{
    bf16 value;
    asm volatile("ld.global.nc.u16 %0, [%1];" : "=h"(value) : "l"(address));
    return value;
}

// ---- eight numbers at once, at an address that is a multiple of 16 ---------------------------------------------------

constexpr int VECTOR = 8;

INLINE void load(const bf16* from, float (&values)[VECTOR])
{
    const uint4 bits = *(const uint4*)from;
    const u32 pairs[4] = {bits.x, bits.y, bits.z, bits.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        values[2 * i] = low_to_float(pairs[i]);
        values[2 * i + 1] = high_to_float(pairs[i]);
    }
}

INLINE void load(const float* from, float (&values)[VECTOR])
{
    const float4 first = ((const float4*)from)[0], second = ((const float4*)from)[1];
    values[0] = first.x, values[1] = first.y, values[2] = first.z, values[3] = first.w;
    values[4] = second.x, values[5] = second.y, values[6] = second.z, values[7] = second.w;
}

INLINE void store(float* to, const float (&values)[VECTOR])
{
    ((float4*)to)[0] = make_float4(values[0], values[1], values[2], values[3]);
    ((float4*)to)[1] = make_float4(values[4], values[5], values[6], values[7]);
}

INLINE void store(bf16* to, const float (&values)[VECTOR])
{
    *(uint4*)to = make_uint4(to_bf16_pair(values[0], values[1]), to_bf16_pair(values[2], values[3]), to_bf16_pair(values[4], values[5]), to_bf16_pair(values[6], values[7]));
}

// ---- order of kernels ------------------------------------------------------------------------------------------------

// Waits for what the kernel before has written. Without early starts it does nothing.
INLINE void wait_for_previous()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Lets the kernel after start, up to its own wait.
INLINE void allow_next()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// ---- sums ------------------------------------------------------------------------------------------------------------

INLINE float warp_sum(float value)
{
#pragma unroll
    for (int distance = WARP / 2; distance > 0; distance /= 2)
        value += __shfl_xor_sync(ALL_LANES, value, distance);
    return value;
}

INLINE float warp_max(float value)
{
#pragma unroll
    for (int distance = WARP / 2; distance > 0; distance /= 2)
        value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, distance));
    return value;
}

// The sum over a block, for all its threads. The space holds a float a warp; a second sum needs another space.
template <int WARPS>
INLINE float block_sum(float value, float* space)
{
    value = warp_sum(value);
    if (threadIdx.x % WARP == 0)
        space[threadIdx.x / WARP] = value;
    __syncthreads();
    float sum = 0.f;
#pragma unroll
    for (int warp = 0; warp < WARPS; warp++)
        sum += space[warp];
    return sum;
}

// Four sums over a block, for all its threads. The space holds an entry a warp.
template <int WARPS>
INLINE float4 block_sum(float4 values, float4* space)
{
    values = make_float4(warp_sum(values.x), warp_sum(values.y), warp_sum(values.z), warp_sum(values.w));
    if (threadIdx.x % WARP == 0)
        space[threadIdx.x / WARP] = values;
    __syncthreads();
    float4 sums = make_float4(0.f, 0.f, 0.f, 0.f);
#pragma unroll
    for (int warp = 0; warp < WARPS; warp++)
        sums.x += space[warp].x, sums.y += space[warp].y, sums.z += space[warp].z, sums.w += space[warp].w;
    return sums;
}

// ---- tensor cores ----------------------------------------------------------------------------------------------------

// sums[16 x 8] += a[16 x 16] b[16 x 8]. A lane has rows lane / 4 and lane / 4 + 8 of a, column lane / 4 of b, and of the sums these rows at columns 2 (lane % 4) and the next.
INLINE void multiply_add(float (&sums)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// Four 8 x 8 matrices of shared memory; a lane gives the address of a row of 16 bytes, lanes 8 i to 8 i + 7 those of matrix i. It gets row lane / 4 of each, columns 2 (lane % 4) and the next.
INLINE void load_matrices(u32 (&parts)[4], u32 address)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(parts[0]), "=r"(parts[1]), "=r"(parts[2]), "=r"(parts[3]) : "r"(address) : "memory");
}

// The same of the transposed matrices.
INLINE void load_matrices_transposed(u32 (&parts)[4], u32 address)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(parts[0]), "=r"(parts[1]), "=r"(parts[2]), "=r"(parts[3]) : "r"(address) : "memory");
}
