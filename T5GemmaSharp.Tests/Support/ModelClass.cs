using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Support;

/// <summary>One of the front-door classes, in one of its modes, behind delegates that need no type arguments.</summary>
internal sealed class ModelClass
{
    private readonly string _name;

    private ModelClass(string name, Type type, bool isEncoderDecoder, Func<T5GemmaConfig, PretrainedOptions?, nn.Module> fromConfig, Func<string, PretrainedOptions?, nn.Module> fromPretrained)
    {
        _name = name;
        Type = type;
        IsEncoderDecoder = isEncoderDecoder;
        Build = (config, options) => fromConfig(config with { IsEncoderDecoder = isEncoderDecoder }, options);
        Load = fromPretrained;
    }

    public static ModelClass ConditionalGeneration { get; } =
        new("lm", typeof(T5GemmaForConditionalGeneration), true, T5GemmaForConditionalGeneration.FromConfig, T5GemmaForConditionalGeneration.FromPretrained);

    public static IReadOnlyList<ModelClass> All { get; } =
    [
        ConditionalGeneration,
        new("model", typeof(T5GemmaModel), true, T5GemmaModel.FromConfig, T5GemmaModel.FromPretrained),
        new("encoder", typeof(T5GemmaEncoderModel), false, T5GemmaEncoderModel.FromConfig, T5GemmaEncoderModel.FromPretrained),
        new("seqcls", typeof(T5GemmaForSequenceClassification), true, T5GemmaForSequenceClassification.FromConfig, T5GemmaForSequenceClassification.FromPretrained),
        new("seqcls.enc", typeof(T5GemmaForSequenceClassification), false, T5GemmaForSequenceClassification.FromConfig, T5GemmaForSequenceClassification.FromPretrained),
        new("tokcls", typeof(T5GemmaForTokenClassification), true, T5GemmaForTokenClassification.FromConfig, T5GemmaForTokenClassification.FromPretrained),
        new("tokcls.enc", typeof(T5GemmaForTokenClassification), false, T5GemmaForTokenClassification.FromConfig, T5GemmaForTokenClassification.FromPretrained),
    ];

    public Type Type { get; }

    public bool IsEncoderDecoder { get; }

    /// <summary>Builds the class in its mode.</summary>
    public Func<T5GemmaConfig, PretrainedOptions?, nn.Module> Build { get; }

    /// <summary>Loads a folder, in the mode that the folder or the options say.</summary>
    public Func<string, PretrainedOptions?, nn.Module> Load { get; }

    /// <summary>Saves a model of any class.</summary>
    public static void Save(nn.Module model, string folder, long? maxShardSizeInBytes = null) =>
        model.GetType().GetMethod("SavePretrained")!.CreateDelegate<Action<string, long?>>(model)(folder, maxShardSizeInBytes); // every model has the method

    /// <summary>What loading a model of any class found.</summary>
    public static LoadReport Report(nn.Module model) => (LoadReport)model.GetType().GetProperty("LoadReport")!.GetValue(model)!; // a loaded model has both

    /// <summary>The configuration of a model of any class.</summary>
    public static T5GemmaConfig ConfigOf(nn.Module model) => (T5GemmaConfig)model.GetType().GetProperty("Config")!.GetValue(model)!; // every model has one

    /// <summary>Runs a model of any class and returns all tensors of its output except a cache's.</summary>
    public static IReadOnlyList<Tensor> Call(nn.Module model, T5GemmaInputs inputs) => model switch
    {
        T5GemmaForConditionalGeneration lm => Tensors(lm.call(inputs)),
        T5GemmaModel both => [.. both.call(inputs).Tensors()],
        T5GemmaEncoderModel encoder => [encoder.call(inputs).LastHiddenState],
        T5GemmaForSequenceClassification sequence => Tensors(sequence.call(inputs)),
        T5GemmaForTokenClassification token => Tensors(token.call(inputs)),
        _ => throw new ArgumentException($"{model.GetType()} is no front-door class", nameof(model)),
    };

    public override string ToString() => _name;

    private static Tensor[] Tensors(Seq2SeqLMOutput output)
    {
        IEnumerable<Tensor?> tensors = [output.Loss, output.Logits, output.EncoderLastHiddenState, .. output.DecoderHiddenStates, .. output.EncoderHiddenStates ?? [],
            .. output.DecoderAttentions ?? [], .. output.CrossAttentions ?? [], .. output.EncoderAttentions ?? []];
        return [.. tensors.OfType<Tensor>()];
    }

    private static Tensor[] Tensors(SequenceClassifierOutput output) =>
        [.. new[] { output.Loss, output.Logits }.OfType<Tensor>(), .. output.HiddenStates ?? [], .. output.Attentions ?? []];

    private static Tensor[] Tensors(TokenClassifierOutput output) =>
        [.. new[] { output.Loss, output.Logits }.OfType<Tensor>(), .. output.HiddenStates ?? [], .. output.Attentions ?? []];
}
