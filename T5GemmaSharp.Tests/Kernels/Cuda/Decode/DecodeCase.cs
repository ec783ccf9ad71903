using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Tests.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Decode;

/// <summary>A bf16 model on the GPU, perhaps quantized, the same weights in float32, sources, and decoder ids to follow.</summary>
internal sealed class DecodeCase : IDisposable
{
    public DecodeCase(T5GemmaConfig config, int rows, int sourceLength, int steps, bool isPadded, WeightQuantization? quantization = null)
    {
        using var noGrad = torch.no_grad();
        torch.random.manual_seed(rows + steps);
        Model = T5GemmaForConditionalGeneration.FromConfig(config, new PretrainedOptions { DType = ScalarType.BFloat16, Device = CUDA });
        Model.eval();
        foreach (var (name, parameter) in Model.named_parameters())
        {
            // Norms around one, and projections that let tokens differ.
            using var drawn = torch.randn_like(parameter).mul_(name.Contains("norm", StringComparison.Ordinal) ? 0.1 : 0.05);
            parameter.copy_(drawn);
        }
        if (quantization is not null)
            _ = Model.Quantize(quantization);
        using (var folder = new ScratchFolder())
        {
            Model.SavePretrained(folder.Path);
            Exact = Load(folder.Path, ScalarType.Float32);
            Modules = Load(folder.Path, ScalarType.BFloat16);
        }
        using var scope = NewDisposeScope();
        Inputs = new GenerationInputs
        {
            InputIds = torch.randint(3, config.Encoder.VocabSize, [rows, sourceLength], dtype: ScalarType.Int64, device: CUDA).DetachFromDisposeScope(),
            AttentionMask = (isPadded ? Mask(rows, sourceLength) : torch.ones([rows, sourceLength], dtype: ScalarType.Int64, device: CUDA)).DetachFromDisposeScope(),
        };
        Ids = torch.randint(3, config.VocabSize, [rows, steps], dtype: ScalarType.Int64, device: CUDA).DetachFromDisposeScope();
        Source = Model.Encode(Inputs);
    }

    public T5GemmaForConditionalGeneration Model { get; }

    /// <summary>Float32, operators of torch.</summary>
    public T5GemmaForConditionalGeneration Exact { get; }

    /// <summary>bf16, operators of torch.</summary>
    public T5GemmaForConditionalGeneration Modules { get; }

    public GenerationInputs Inputs { get; }

    public Tensor Ids { get; }

    public EncodedSource Source { get; }

    public static T5GemmaConfig Config(long hidden, long intermediate, int layers, long heads, long keyHeads, long headDim, long vocab, long window)
    {
        var stack = new T5GemmaModuleConfig
        {
            VocabSize = vocab,
            HiddenSize = hidden,
            IntermediateSize = intermediate,
            NumHiddenLayers = layers,
            NumAttentionHeads = heads,
            NumKeyValueHeads = keyHeads,
            HeadDim = headDim,
            QueryPreAttnScalar = headDim,
            SlidingWindow = window,
            TieWordEmbeddings = false, // a tied head of random weights repeats the same token
        };
        return new T5GemmaConfig { VocabSize = vocab, TieWordEmbeddings = false, Encoder = stack, Decoder = stack };
    }

    /// <summary>Logits at all positions [rows, steps, V], float32, by the modules of a model, whose decoder reads this source's states.</summary>
    public Tensor Logits(T5GemmaForConditionalGeneration model)
    {
        using var scope = NewDisposeScope();
        var states = Source.EncoderOutputs.LastHiddenState;
        var output = model.call(new T5GemmaInputs
        {
            EncoderOutputs = new() { LastHiddenState = states.to(model.Model.Decoder.EmbedTokens.weight!.dtype) },
            AttentionMask = Inputs.AttentionMask,
            DecoderInputIds = Ids,
            UseCache = false,
        });
        return scope.MoveToOuter(output.Logits.to(ScalarType.Float32));
    }

    public void Dispose()
    {
        Source.Dispose();
        Model.Dispose();
        Exact.Dispose();
        Modules.Dispose();
        Ids.Dispose();
        Inputs.InputIds?.Dispose();
        Inputs.AttentionMask?.Dispose();
    }

    private static Tensor Mask(int rows, int length)
    {
        // Each row shorter than the one before; the last one has a hole as well.
        var lengths = torch.arange(length, length - rows, -1, dtype: ScalarType.Int64, device: CUDA).clamp_min(3).unsqueeze(1);
        var mask = (torch.arange(length, dtype: ScalarType.Int64, device: CUDA).unsqueeze(0) < lengths).to(ScalarType.Int64);
        mask[rows - 1, 1] = 0;
        return mask;
    }

    private static T5GemmaForConditionalGeneration Load(string folder, ScalarType dtype)
    {
        var model = T5GemmaForConditionalGeneration.FromPretrained(folder, new PretrainedOptions { DType = dtype, Device = CUDA, Attention = AttentionImplementation.Eager });
        model.eval();
        return model;
    }
}
