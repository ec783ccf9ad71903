// The norm with the residual that is added to it, and the gate of the feed-forward block, forward and backward, in bfloat16 with float arithmetic.

struct NormArguments
{
    const bf16* inputs;     // [rows, D]
    const bf16* weights;    // [D], offsets from one
    const bf16* residual;   // [rows, D], added to the result; null: none
    bf16* outputs;          // [rows, D]
    const bf16* gradients;  // of the outputs [rows, D]
    bf16* input_gradients;  // [rows, D]
    float* weight_sums;     // [blocks, D]: of the weights' gradient
    int rows;
    int size;               // D, a multiple of 8
    float epsilon;
};

struct GateArguments
{
    const bf16* gate;       // [N]
    const bf16* up;         // [N]
    bf16* outputs;          // [N]
    const bf16* gradients;  // of the outputs [N]
    bf16* gate_gradients;   // [N]
    bf16* up_gradients;     // [N]
    long long vectors;      // N / 8
};

constexpr int NORM_WARPS = 4;
constexpr int NORM_THREADS = NORM_WARPS * WARP;

// y = x / sqrt(mean(x^2) + eps) (1 + w) [+ residual]. A thread holds HELD vectors of a row.
template <int HELD>
INLINE void norm(const NormArguments& a)
{
    __shared__ float space[NORM_WARPS];
    const int vectors = a.size / VECTOR;
    const long long start = (long long)blockIdx.x * a.size;
    float held[HELD][VECTOR];
    float sum = 0.f;
#pragma unroll
    for (int i = 0; i < HELD; i++) {
        const int vector = threadIdx.x + i * NORM_THREADS;
        if (vector < vectors) {
            load(a.inputs + start + vector * VECTOR, held[i]);
#pragma unroll
            for (int k = 0; k < VECTOR; k++)
                sum += held[i][k] * held[i][k];
        }
    }
    const float factor = rsqrtf(block_sum<NORM_WARPS>(sum, space) / (float)a.size + a.epsilon);
#pragma unroll
    for (int i = 0; i < HELD; i++) {
        const int vector = threadIdx.x + i * NORM_THREADS;
        if (vector < vectors) {
            float weight[VECTOR], added[VECTOR] = {};
            load(a.weights + vector * VECTOR, weight);
            if (a.residual != nullptr)
                load(a.residual + start + vector * VECTOR, added);
#pragma unroll
            for (int k = 0; k < VECTOR; k++)
                held[i][k] = added[k] + held[i][k] * factor * (1.f + weight[k]);
            store(a.outputs + start + vector * VECTOR, held[i]);
        }
    }
}

// With n = x r and h = g (1 + w): dx = r (h - n mean(h n)), dw = sum over rows of g n. A block goes through every gridDim-th row.
template <int HELD>
INLINE void norm_backward(const NormArguments& a)
{
    __shared__ float squares[2][NORM_WARPS], products[2][NORM_WARPS];
    const int vectors = a.size / VECTOR;
    float weights[HELD][VECTOR], weight_sums[HELD][VECTOR];
#pragma unroll
    for (int i = 0; i < HELD; i++) {
        const int vector = threadIdx.x + i * NORM_THREADS;
        if (vector < vectors)
            load(a.weights + vector * VECTOR, weights[i]);
#pragma unroll
        for (int k = 0; k < VECTOR; k++) {
            weights[i][k] += 1.f;
            weight_sums[i][k] = 0.f;
        }
    }
    int parity = 0;
    for (int row = blockIdx.x; row < a.rows; row += gridDim.x) {
        const long long start = (long long)row * a.size;
        float inputs[HELD][VECTOR], gradients[HELD][VECTOR];
        float square = 0.f, product = 0.f;
#pragma unroll
        for (int i = 0; i < HELD; i++) {
            const int vector = threadIdx.x + i * NORM_THREADS;
            if (vector < vectors) {
                load(a.inputs + start + vector * VECTOR, inputs[i]);
                load(a.gradients + start + vector * VECTOR, gradients[i]);
#pragma unroll
                for (int k = 0; k < VECTOR; k++) {
                    square += inputs[i][k] * inputs[i][k];
                    product += inputs[i][k] * gradients[i][k] * weights[i][k];
                }
            }
        }
        // Two spaces in turn: nobody writes to one that a slower warp still reads.
        square = block_sum<NORM_WARPS>(square, squares[parity]);
        product = block_sum<NORM_WARPS>(product, products[parity]);
        parity = 1 - parity;
        const float factor = rsqrtf(square / (float)a.size + a.epsilon);
        const float share = product * factor * factor / (float)a.size;
#pragma unroll
        for (int i = 0; i < HELD; i++) {
            const int vector = threadIdx.x + i * NORM_THREADS;
            if (vector < vectors) {
#pragma unroll
                for (int k = 0; k < VECTOR; k++) {
                    weight_sums[i][k] += gradients[i][k] * inputs[i][k] * factor;
                    gradients[i][k] = factor * (gradients[i][k] * weights[i][k] - inputs[i][k] * share);
                }
                store(a.input_gradients + start + vector * VECTOR, gradients[i]);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < HELD; i++) {
        const int vector = threadIdx.x + i * NORM_THREADS;
        if (vector < vectors)
            store(a.weight_sums + (long long)blockIdx.x * a.size + vector * VECTOR, weight_sums[i]);
    }
}

// gelu_tanh(gate) up
extern "C" __global__ void __launch_bounds__(256) gate_up(GateArguments a)
{
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < a.vectors; i += (long long)gridDim.x * blockDim.x) {
        float gate[VECTOR], up[VECTOR];
        load(a.gate + i * VECTOR, gate);
        load(a.up + i * VECTOR, up);
#pragma unroll
        for (int k = 0; k < VECTOR; k++)
            gate[k] = gelu_tanh(gate[k]) * up[k];
        store(a.outputs + i * VECTOR, gate);
    }
}

extern "C" __global__ void __launch_bounds__(256) gate_up_backward(GateArguments a)
{
    constexpr float ROOT = 0.7978845608028654f, CUBE = 0.044715f;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < a.vectors; i += (long long)gridDim.x * blockDim.x) {
        float gate[VECTOR], up[VECTOR], gradient[VECTOR];
        load(a.gate + i * VECTOR, gate);
        load(a.up + i * VECTOR, up);
        load(a.gradients + i * VECTOR, gradient);
#pragma unroll
        for (int k = 0; k < VECTOR; k++) {
            const float x = gate[k], t = quick_tanh(ROOT * (x + CUBE * x * x * x));
            const float slope = 0.5f * (1.f + t) + 0.5f * x * (1.f - t * t) * ROOT * (1.f + 3.f * CUBE * x * x);
            gate[k] = gradient[k] * up[k] * slope;
            up[k] = gradient[k] * 0.5f * x * (1.f + t);
        }
        store(a.gate_gradients + i * VECTOR, gate);
        store(a.up_gradients + i * VECTOR, up);
    }
}

#define FOR_SIZE(NAME, FUNCTION, HELD) \
    extern "C" __global__ void __launch_bounds__(NORM_THREADS) NAME(NormArguments a) { FUNCTION<HELD>(a); }

FOR_SIZE(norm_1024, norm, 1)
FOR_SIZE(norm_4096, norm, 4)
FOR_SIZE(norm_backward_1024, norm_backward, 1)
FOR_SIZE(norm_backward_4096, norm_backward, 4)
