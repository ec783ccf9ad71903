using System.Text.Json.Nodes;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Training.Objectives;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Adaptation;

/// <summary>Writes small random models as transformers writes <c>Gemma2ForCausalLM</c>.</summary>
internal static class Gemma2Folder
{
    public static readonly int VocabSize = UnusedTokenTokenizer.Instance.VocabularySize;

    /// <summary>Writes a model of 4 heads and 2 key heads of size 6.</summary>
    public static string Write(
        string folder, int hidden, int layers, ulong seed, bool isTied = true, ScalarType dtype = ScalarType.Float32, Action<Dictionary<string, Tensor>>? damage = null, Action<JsonObject>? change = null)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        var tensors = new Dictionary<string, Tensor>();
        Add("model.embed_tokens", VocabSize, hidden);
        for (var layer = 0; layer < layers; layer++)
        {
            var prefix = $"model.layers.{layer}";
            Add($"{prefix}.self_attn.q_proj", 24, hidden);
            Add($"{prefix}.self_attn.k_proj", 12, hidden);
            Add($"{prefix}.self_attn.v_proj", 12, hidden);
            Add($"{prefix}.self_attn.o_proj", hidden, 24);
            Add($"{prefix}.mlp.gate_proj", 30, hidden);
            Add($"{prefix}.mlp.up_proj", 30, hidden);
            Add($"{prefix}.mlp.down_proj", hidden, 30);
            Add($"{prefix}.input_layernorm", hidden);
            Add($"{prefix}.post_attention_layernorm", hidden);
            Add($"{prefix}.pre_feedforward_layernorm", hidden);
            Add($"{prefix}.post_feedforward_layernorm", hidden);
        }

        Add("model.norm", hidden);
        if (!isTied)
            Add("lm_head", VocabSize, hidden);
        damage?.Invoke(tensors);
        new CheckpointWriter().Write(folder, tensors);
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray("Gemma2ForCausalLM"),
            ["model_type"] = "gemma2",
            ["vocab_size"] = VocabSize,
            ["hidden_size"] = hidden,
            ["intermediate_size"] = 30,
            ["num_hidden_layers"] = layers,
            ["num_attention_heads"] = 4,
            ["num_key_value_heads"] = 2,
            ["head_dim"] = 6,
            ["hidden_act"] = "gelu_pytorch_tanh",
            ["hidden_activation"] = "gelu_pytorch_tanh",
            ["query_pre_attn_scalar"] = 7,
            ["sliding_window"] = 5,
            ["rope_theta"] = 5000.0,
            ["final_logit_softcapping"] = 20.0,
            ["attn_logit_softcapping"] = 40.0,
            ["initializer_range"] = 0.05,
            ["tie_word_embeddings"] = isTied,
            ["torch_dtype"] = "bfloat16",
            ["cache_implementation"] = "hybrid",
            ["transformers_version"] = "4.42.4",
        };
        change?.Invoke(config);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        UnusedTokenTokenizer.Instance.SavePretrained(folder);
        return folder;

        void Add(string name, params long[] shape) => tensors[$"{name}.weight"] = randn(shape, generator: generator).mul_(0.3).to(dtype);
    }
}
