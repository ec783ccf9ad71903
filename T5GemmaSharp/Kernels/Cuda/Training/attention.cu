// What attention needs besides products of matrices, in bfloat16 with float arithmetic: heads split and rotated on the way in, merged on the way out; soft-cap, mask and
// softmax over a row of scores, and their derivative.
//
// Rows of scores are padded to a multiple of eight keys, and so are the keys and values (with zeros): every row begins where vectors can be read, and cuBLAS likes it.

struct HeadsArguments
{
    const bf16* side_by_side;  // [B, T, N * E], read by split
    bf16* merged;              // the same, written by merge
    bf16* heads;               // [B, N, padded T, E]
    const bf16* cosines;       // [1 or B, T, E]; null: no rotation
    const bf16* sines;
    long long position_stride; // elements from one row of the batch to the next; 0: one for all
    int batch;
    int length;                // T
    int padded_length;
    int head_count;            // N
    int head_size;             // E, a multiple of 16
};

struct ScoresArguments
{
    bf16* scores;           // q k [B, H, T, padded S]; replaced by the probabilities
    bf16* gradients;        // of the probabilities; replaced by those of the scores
    const bf16* mask;       // added after the cap; null: none
    long long mask_batch;   // strides in elements; 0: one for all
    long long mask_head;
    long long mask_query;
    long long rows;         // B * H * T
    int head_count;         // H
    int queries;            // T
    int keys;               // S
    int padded_keys;
    float scale;
    float cap;              // 0: none
};

constexpr int ROW_WARPS = 8;

// The score of what is no key: less than the most negative number that masks add, and still finite, so that differences are.
constexpr float NOTHING = -3.402823466e+38f;

// Calls an action with the two halves of eight pairs of elements of a head, which rotate together.
template <typename ACTION>
INLINE void for_each_pair(const HeadsArguments& a, int length, ACTION action)
{
    const int vectors = a.head_size / (2 * VECTOR);
    const long long count = (long long)a.batch * length * a.head_count * vectors;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x) {
        const int vector = (int)(i % vectors);
        const int head = (int)(i / vectors % a.head_count);
        const int position = (int)(i / vectors / a.head_count % length);
        const int row = (int)(i / vectors / a.head_count / length);
        const long long outer = (((long long)row * a.length + position) * a.head_count + head) * a.head_size + vector * VECTOR;
        const long long inner = (((long long)row * a.head_count + head) * a.padded_length + position) * a.head_size + vector * VECTOR;
        const long long angle = row * a.position_stride + (long long)position * a.head_size + vector * VECTOR;
        action(outer, inner, angle, position);
    }
}

// The angles of the two halves of eight pairs.
struct Rotation
{
    float cosines[2][VECTOR];
    float sines[2][VECTOR];

    INLINE Rotation(const HeadsArguments& a, long long at)
    {
        const int half = a.head_size / 2;
        load(a.cosines + at, cosines[0]);
        load(a.cosines + at + half, cosines[1]);
        load(a.sines + at, sines[0]);
        load(a.sines + at + half, sines[1]);
    }
};

extern "C" __global__ void __launch_bounds__(256) split_heads(HeadsArguments a)
{
    const int half = a.head_size / 2;
    for_each_pair(a, a.padded_length, [&](long long outer, long long inner, long long angle, int position) {
        float first[VECTOR] = {}, second[VECTOR] = {};
        if (position < a.length) {
            load(a.side_by_side + outer, first);
            load(a.side_by_side + outer + half, second);
            if (a.cosines != nullptr) {
                const Rotation rotation(a, angle);
#pragma unroll
                for (int k = 0; k < VECTOR; k++) {
                    const float x = first[k], y = second[k];
                    first[k] = x * rotation.cosines[0][k] - y * rotation.sines[0][k];
                    second[k] = y * rotation.cosines[1][k] + x * rotation.sines[1][k];
                }
            }
        }
        store(a.heads + inner, first);
        store(a.heads + inner + half, second);
    });
}

// The derivative of split_heads; without rotation it only puts heads side by side.
extern "C" __global__ void __launch_bounds__(256) merge_heads(HeadsArguments a)
{
    const int half = a.head_size / 2;
    for_each_pair(a, a.length, [&](long long outer, long long inner, long long angle, int position) {
        float first[VECTOR], second[VECTOR];
        load(a.heads + inner, first);
        load(a.heads + inner + half, second);
        if (a.cosines != nullptr) {
            const Rotation rotation(a, angle);
#pragma unroll
            for (int k = 0; k < VECTOR; k++) {
                const float x = first[k], y = second[k];
                first[k] = x * rotation.cosines[0][k] + y * rotation.sines[1][k];
                second[k] = y * rotation.cosines[1][k] - x * rotation.sines[0][k];
            }
        }
        store(a.merged + outer, first);
        store(a.merged + outer + half, second);
    });
}

// A row of scores, for one warp.
struct Row
{
    const ScoresArguments& a;
    bf16* scores;
    const bf16* mask;
    float inner;  // factor before tanh
    float outer;  // factor after it
    int vectors;

    INLINE Row(const ScoresArguments& arguments, long long row) : a(arguments)
    {
        const int query = (int)(row % a.queries);
        const int head = (int)(row / a.queries % a.head_count);
        const long long batch = row / a.queries / a.head_count;
        scores = a.scores + row * a.padded_keys;
        mask = a.mask == nullptr ? nullptr : a.mask + batch * a.mask_batch + head * a.mask_head + query * a.mask_query;
        inner = a.cap == 0.f ? a.scale : a.scale / a.cap;
        outer = a.cap;
        vectors = a.padded_keys / VECTOR;
    }

    // Eight masked scores; the slopes are their derivatives by q k. Keys that only pad the row have the score of no key.
    INLINE void read(int vector, float (&values)[VECTOR], float (&slopes)[VECTOR]) const
    {
        load(scores + vector * VECTOR, values);
        const bool has_vectors = a.keys == a.padded_keys && (((unsigned long long)mask) % 16) == 0;
        float masked[VECTOR] = {};
        if (mask != nullptr && has_vectors)
            load(mask + vector * VECTOR, masked);
#pragma unroll
        for (int k = 0; k < VECTOR; k++) {
            const int key = vector * VECTOR + k;
            if (a.cap == 0.f) {
                values[k] *= inner;
                slopes[k] = inner;
            } else {
                const float t = quick_tanh(values[k] * inner);
                values[k] = outer * t;
                slopes[k] = (1.f - t * t) * a.scale;
            }
            if (mask != nullptr && !has_vectors && key < a.keys)
                masked[k] = to_float(mask[key]);
            values[k] = key < a.keys ? values[k] + masked[k] : NOTHING;
        }
    }
};

struct Softmax
{
    float most = NOTHING;
    float sum = 0.f;  // of the exponents of what this lane has seen, less the largest

    INLINE void observe(const float (&values)[VECTOR])
    {
        float larger = most;
#pragma unroll
        for (int k = 0; k < VECTOR; k++)
            larger = fmaxf(larger, values[k]);
        raise(larger);
#pragma unroll
        for (int k = 0; k < VECTOR; k++)
            sum += __expf(values[k] - most);
    }

    // Joins the lanes of a warp; sum becomes its inverse.
    INLINE void combine()
    {
        raise(warp_max(most));
        sum = 1.f / warp_sum(sum);
    }

    INLINE void raise(float larger)
    {
        sum *= __expf(most - larger);
        most = larger;
    }

    INLINE float of(float value) const { return __expf(value - most) * sum; }
};

// Vectors that a lane holds in registers; 0: it reads the row again, however long.
template <int HELD>
INLINE void attend(const ScoresArguments& a)
{
    const int lane = threadIdx.x % WARP;
    const long long number = (long long)blockIdx.x * ROW_WARPS + threadIdx.x / WARP;
    if (number >= a.rows)
        return;
    const Row row(a, number);
    float held[HELD > 0 ? HELD : 1][VECTOR], slopes[VECTOR];
    const auto write = [&](int vector, const float (&values)[VECTOR], const Softmax& softmax) {
        float probabilities[VECTOR];
#pragma unroll
        for (int k = 0; k < VECTOR; k++)
            probabilities[k] = softmax.of(values[k]);
        store(row.scores + vector * VECTOR, probabilities);
    };
    Softmax softmax;
    if constexpr (HELD > 0) {
#pragma unroll
        for (int i = 0; i < HELD; i++) {
            if (lane + i * WARP < row.vectors) {
                row.read(lane + i * WARP, held[i], slopes);
                softmax.observe(held[i]);
            }
        }
        softmax.combine();
#pragma unroll
        for (int i = 0; i < HELD; i++) {
            if (lane + i * WARP < row.vectors)
                write(lane + i * WARP, held[i], softmax);
        }
    } else {
        for (int vector = lane; vector < row.vectors; vector += WARP) {
            row.read(vector, held[0], slopes);
            softmax.observe(held[0]);
        }
        softmax.combine();
        for (int vector = lane; vector < row.vectors; vector += WARP) {
            row.read(vector, held[0], slopes);
            write(vector, held[0], softmax);
        }
    }
}

// d score = p (g - sum p g) slope
template <int HELD>
INLINE void attend_backward(const ScoresArguments& a)
{
    const int lane = threadIdx.x % WARP;
    const long long number = (long long)blockIdx.x * ROW_WARPS + threadIdx.x / WARP;
    if (number >= a.rows)
        return;
    const Row row(a, number);
    bf16* const gradients = a.gradients + number * a.padded_keys;
    float held[HELD > 0 ? HELD : 1][VECTOR], slopes[HELD > 0 ? HELD : 1][VECTOR];
    float dot = 0.f;
    const auto multiply = [&](int vector, float (&values)[VECTOR], const Softmax& softmax) {
        float gradient[VECTOR];
        load(gradients + vector * VECTOR, gradient);
#pragma unroll
        for (int k = 0; k < VECTOR; k++) {
            values[k] = softmax.of(values[k]);
            dot += values[k] * gradient[k];
        }
    };
    const auto write = [&](int vector, const float (&values)[VECTOR], const float (&slope)[VECTOR]) {
        float gradient[VECTOR];
        load(gradients + vector * VECTOR, gradient);
#pragma unroll
        for (int k = 0; k < VECTOR; k++)
            gradient[k] = values[k] * (gradient[k] - dot) * slope[k];
        store(gradients + vector * VECTOR, gradient);
        store(row.scores + vector * VECTOR, values);
    };
    Softmax softmax;
    if constexpr (HELD > 0) {
#pragma unroll
        for (int i = 0; i < HELD; i++) {
            if (lane + i * WARP < row.vectors) {
                row.read(lane + i * WARP, held[i], slopes[i]);
                softmax.observe(held[i]);
            }
        }
        softmax.combine();
#pragma unroll
        for (int i = 0; i < HELD; i++) {
            if (lane + i * WARP < row.vectors)
                multiply(lane + i * WARP, held[i], softmax);
        }
        dot = warp_sum(dot);
#pragma unroll
        for (int i = 0; i < HELD; i++) {
            if (lane + i * WARP < row.vectors)
                write(lane + i * WARP, held[i], slopes[i]);
        }
    } else {
        for (int vector = lane; vector < row.vectors; vector += WARP) {
            row.read(vector, held[0], slopes[0]);
            softmax.observe(held[0]);
        }
        softmax.combine();
        for (int vector = lane; vector < row.vectors; vector += WARP) {
            row.read(vector, held[0], slopes[0]);
            multiply(vector, held[0], softmax);
        }
        dot = warp_sum(dot);
        for (int vector = lane; vector < row.vectors; vector += WARP) {
            row.read(vector, held[0], slopes[0]);
#pragma unroll
            for (int k = 0; k < VECTOR; k++)
                held[0][k] = softmax.of(held[0][k]);
            write(vector, held[0], slopes[0]);
        }
    }
}

#define FOR_LENGTH(NAME, FUNCTION, HELD) \
    extern "C" __global__ void __launch_bounds__(ROW_WARPS* WARP) NAME(ScoresArguments a) { FUNCTION<HELD>(a); }

FOR_LENGTH(attend_256, attend, 1)
FOR_LENGTH(attend_512, attend, 2)
FOR_LENGTH(attend_1024, attend, 4)
FOR_LENGTH(attend_any, attend, 0)
FOR_LENGTH(attend_backward_256, attend_backward, 1)
FOR_LENGTH(attend_backward_512, attend_backward, 2)
FOR_LENGTH(attend_backward_1024, attend_backward, 4)
FOR_LENGTH(attend_backward_any, attend_backward, 0)
