using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Support;

/// <summary>A configuration in which no two sizes that could be confused are equal, and models of any class and their inputs.</summary>
internal static class SampleModel
{
    public static T5GemmaConfig Config { get; } = new()
    {
        VocabSize = 67,
        Encoder = new()
        {
            VocabSize = 61,
            HiddenSize = 24,
            IntermediateSize = 40,
            NumHiddenLayers = 3,
            NumAttentionHeads = 4,
            NumKeyValueHeads = 2,
            HeadDim = 10,
            QueryPreAttnScalar = 23,
            SlidingWindow = 5,
        },
        Decoder = new()
        {
            VocabSize = 67,
            HiddenSize = 20,
            IntermediateSize = 28,
            NumHiddenLayers = 2,
            NumAttentionHeads = 5,
            NumKeyValueHeads = 5,
            HeadDim = 6,
            QueryPreAttnScalar = 11,
            SlidingWindow = 4,
        },
    };

    /// <summary>Source ids [2, 7], the second row ending in two tokens of padding.</summary>
    public static Tensor SourceIds() => tensor(new long[,] { { 5, 9, 60, 3, 17, 22, 8 }, { 33, 4, 19, 2, 41, 0, 0 } });

    /// <summary>The padding mask [2, 7] of <see cref="SourceIds"/>.</summary>
    public static Tensor SourceMask() => tensor(new long[,] { { 1, 1, 1, 1, 1, 1, 1 }, { 1, 1, 1, 1, 1, 0, 0 } });

    /// <summary>Target ids [2, 6] with one ignored position.</summary>
    public static Tensor Labels() => tensor(new long[,] { { 44, 66, 7, 12, 30, 1 }, { 6, 25, 1, -100, 50, 3 } });

    /// <summary>Arguments that a model of any class takes.</summary>
    /// <param name="model">The model: the generation model gets labels, the bare one decoder ids, the others neither.</param>
    public static T5GemmaInputs Inputs(nn.Module model) => new()
    {
        InputIds = SourceIds(),
        AttentionMask = SourceMask(),
        Labels = model is T5GemmaForConditionalGeneration ? Labels() : null,
        DecoderInputIds = model is T5GemmaModel ? Labels().clamp_min(0) : null,
    };

    /// <summary>A model of a class whose weights, norms and biases included, are all drawn anew.</summary>
    public static nn.Module Random(ModelClass modelClass, T5GemmaConfig? config = null, PretrainedOptions? options = null)
    {
        var model = modelClass.Build(config ?? Config, options);
        Randomize(model);
        model.eval();
        return model;
    }

    /// <summary>A generation model in evaluation mode whose weights are all drawn anew.</summary>
    public static T5GemmaForConditionalGeneration RandomLM(T5GemmaConfig? config = null, PretrainedOptions? options = null) =>
        (T5GemmaForConditionalGeneration)Random(ModelClass.ConditionalGeneration, config, options);

    /// <summary>Draws every weight of a model, so that none is zero and no two are equal.</summary>
    public static void Randomize(nn.Module model)
    {
        using var noGrad = torch.no_grad();
        using var scope = NewDisposeScope();
        torch.random.manual_seed(20250601);
        foreach (var parameter in model.parameters())
            parameter.normal_(0, 0.3);
    }
}
