using T5GemmaSharp.Checkpoints;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Teachers.Gemma2;

/// <summary>
/// The forward pass of Gemma 2 as its paper and transformers' <c>modeling_gemma2.py</c> have it, in double precision, one text at a time, straight from the tensors of a
/// <see cref="Adaptation.Gemma2Folder"/> and its settings: nothing of the library but the reader of files.
/// </summary>
internal sealed class ReferenceGemma2(CheckpointReader reader, int layers, bool isTied)
{
    private const int Heads = 4;
    private const int KeyHeads = 2;
    private const int HeadSize = 6;
    private const int Window = 5;
    private const double Theta = 5000;
    private const double ScoreScalar = 7;
    private const double ScoreCap = 40;
    private const double LogitCap = 20;
    private const double Epsilon = 1e-6;

    /// <summary>Logits of every place [T, V].</summary>
    /// <param name="ids">The text.</param>
    /// <param name="gaps">Places that no place sees.</param>
    public Tensor Logits(long[] ids, params int[] gaps)
    {
        var embeddings = Weight("model.embed_tokens");
        var states = embeddings[tensor(ids)] * Math.Sqrt(embeddings.size(1));
        for (var layer = 0; layer < layers; layer++)
        {
            var prefix = $"model.layers.{layer}";
            var attended = Attention($"{prefix}.self_attn", Norm($"{prefix}.input_layernorm", states), isSliding: layer % 2 == 0, gaps);
            states = states + Norm($"{prefix}.post_attention_layernorm", attended);
            var input = Norm($"{prefix}.pre_feedforward_layernorm", states);
            var gate = Linear($"{prefix}.mlp.gate_proj", input);
            var gelu = 0.5 * gate * (1 + (Math.Sqrt(2 / Math.PI) * (gate + (0.044715 * gate.pow(3)))).tanh());
            states = states + Norm($"{prefix}.post_feedforward_layernorm", Linear($"{prefix}.mlp.down_proj", gelu * Linear($"{prefix}.mlp.up_proj", input)));
        }

        var logits = Norm("model.norm", states).matmul((isTied ? embeddings : Weight("lm_head")).t());
        return LogitCap * (logits / LogitCap).tanh();
    }

    private Tensor Attention(string name, Tensor states, bool isSliding, int[] gaps)
    {
        var (query, key, value) = (Linear($"{name}.q_proj", states), Linear($"{name}.k_proj", states), Linear($"{name}.v_proj", states));
        var outputs = new List<Tensor>();
        for (var head = 0; head < Heads; head++)
        {
            var shared = head / (Heads / KeyHeads) * HeadSize;
            var (q, k, v) = (Rotated(query.narrow(1, head * HeadSize, HeadSize)), Rotated(key.narrow(1, shared, HeadSize)), value.narrow(1, shared, HeadSize));
            var scores = ScoreCap * (q.matmul(k.t()) / Math.Sqrt(ScoreScalar) / ScoreCap).tanh();
            var isHidden = zeros_like(scores, dtype: ScalarType.Bool);
            for (var from = 0; from < states.size(0); from++)
            {
                for (var to = 0; to < states.size(0); to++)
                    isHidden[from, to] = to > from || (isSliding && from - to >= Window) || gaps.Contains(to);
            }

            outputs.Add(scores.masked_fill(isHidden, double.NegativeInfinity).softmax(-1).matmul(v));
        }

        return Linear($"{name}.o_proj", cat(outputs, 1));
    }

    private static Tensor Rotated(Tensor heads)
    {
        var angles = arange(heads.size(0), dtype: ScalarType.Float64).unsqueeze(1) * tensor(Enumerable.Range(0, HeadSize / 2).Select(pair => Math.Pow(Theta, -2.0 * pair / HeadSize)).ToArray());
        var (first, second) = (heads.narrow(1, 0, HeadSize / 2), heads.narrow(1, HeadSize / 2, HeadSize / 2));
        return cat([(first * angles.cos()) - (second * angles.sin()), (second * angles.cos()) + (first * angles.sin())], 1);
    }

    private Tensor Norm(string name, Tensor states) => states / (states.square().mean([-1], keepdim: true) + Epsilon).sqrt() * (1 + Weight(name));

    private Tensor Linear(string name, Tensor states) => states.matmul(Weight(name).t());

    private Tensor Weight(string name) => reader.Read($"{name}.weight").to(ScalarType.Float64);
}
