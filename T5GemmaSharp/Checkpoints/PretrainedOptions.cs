using T5GemmaSharp.Configuration;
using T5GemmaSharp.Quantization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>How a model is built or loaded.</summary>
public sealed record PretrainedOptions
{
    /// <summary>Dtype of the weights; null: the stored one when loading, float32 when building.</summary>
    public ScalarType? DType { get; init; }

    /// <summary>Device of the weights; null: the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>How attention is computed; default <see cref="AttentionImplementation.Auto"/>, which leaves a configuration's own choice alone.</summary>
    public AttentionImplementation Attention { get; init; }

    /// <summary>How far a checkpoint may differ from the model; default <see cref="Strictness.Default"/>.</summary>
    public Strictness Strictness { get; init; }

    /// <summary>
    /// Whether weights on the CPU use the file as their memory where the dtypes agree, which costs neither time nor a copy; default true. False copies:
    /// for a file that will be changed in place, that lies on a slow network drive, or that must stay replaceable on Windows.
    /// </summary>
    public bool UseMemoryMap { get; init; } = true;

    /// <summary>
    /// Stores the decoder's matrices as integers, for decoding with <see cref="T5GemmaForConditionalGeneration"/> in less time and memory; null: as the checkpoint has them. The
    /// weights are first loaded as they are; a checkpoint that was saved quantized needs less memory, and no option.
    /// </summary>
    public WeightQuantization? Quantization { get; init; }

    /// <summary>Number of classes of a classification head; null: as <see cref="Id2Label"/> or else the configuration says.</summary>
    public int? NumLabels { get; init; }

    /// <summary>Names of the classes of a classification head, by class id; null: as the configuration says.</summary>
    /// <remarks>HF: <c>id2label</c> and <c>label2id</c>.</remarks>
    public IReadOnlyList<string>? Id2Label { get; init; }

    /// <summary>Loss of a sequence classification head; null: as the configuration says.</summary>
    public ProblemType? ProblemType { get; init; }

    /// <summary>Dropout rate of a classification head, 0 to below 1; null: as the configuration says.</summary>
    public double? ClassifierDropoutRate { get; init; }

    /// <summary>Whether the model has a decoder; null: as the configuration says.</summary>
    public bool? IsEncoderDecoder { get; init; }

    /// <summary>Applies the overrides to a configuration and resolves it.</summary>
    internal T5GemmaConfig Apply(T5GemmaConfig config)
    {
        if (DType is { } dtype && dtype is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16 or ScalarType.Float64))
            throw new ArgumentException($"dtype: expected Float32, BFloat16, Float16 or Float64, got {dtype}");
        var attention = Attention == AttentionImplementation.Auto ? config.AttnImplementation : Attention;
        if (Id2Label is { } labels && NumLabels is { } number && labels.Count != number)
            throw new ArgumentException($"numLabels: expected {labels.Count}, the number of names in Id2Label, got {number}");
        config = config with
        {
            AttnImplementation = attention,
            IsEncoderDecoder = IsEncoderDecoder ?? config.IsEncoderDecoder,
            ProblemType = ProblemType ?? config.ProblemType,
            ClassifierDropoutRate = ClassifierDropoutRate ?? config.ClassifierDropoutRate,
        };
        if (Id2Label is { } names)
            config = config.WithLabels(names);
        else if (NumLabels is { } count && count != config.NumLabels)
            config = config.WithNumLabels(count);
        config.Validate();
        return config.Resolve();
    }
}
