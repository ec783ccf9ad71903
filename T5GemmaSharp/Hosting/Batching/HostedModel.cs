using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>A loaded model of one of the classes, and its tokenizer. Owns the model.</summary>
/// <param name="Model">The model, in evaluation mode.</param>
/// <param name="Config">Its configuration.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
internal sealed record HostedModel(nn.Module Model, T5GemmaConfig Config, T5GemmaTokenizer Tokenizer) : IDisposable
{
    /// <summary>The model where it generates; else null.</summary>
    public T5GemmaForConditionalGeneration? Generator => Model as T5GemmaForConditionalGeneration;

    /// <summary>The encoder where its states are what a caller wants; null for classifiers.</summary>
    public T5GemmaEncoder? Encoder => Model switch
    {
        T5GemmaForConditionalGeneration generator => generator.Model.Encoder,
        T5GemmaEncoderModel encoder => encoder.Encoder,
        _ => null,
    };

    /// <summary>Device of the weights.</summary>
    public Device Device { get; } = Model.parameters().First().device;

    /// <summary>Loads the class that the folder's configuration names.</summary>
    /// <exception cref="NotSupportedException">It names another one.</exception>
    public static HostedModel Load(T5GemmaOptions options)
    {
        var tokenizer = T5GemmaTokenizer.FromPretrained(options.ModelPath);
        var config = T5GemmaConfig.FromPretrained(options.ModelPath);
        var device = DeviceName.Resolve(options.Device);
        var pretrained = new PretrainedOptions
        {
            Device = device,
            DType = options.DType ?? (device.type == DeviceType.CPU ? ScalarType.Float32 : null),
            Attention = options.Attention,
        };
        return (config.Architectures is { Count: > 0 } names ? names[0] : nameof(T5GemmaForConditionalGeneration)) switch
        {
            nameof(T5GemmaForConditionalGeneration) => Hosted(T5GemmaForConditionalGeneration.FromPretrained(options.ModelPath, pretrained), tokenizer),
            nameof(T5GemmaForSequenceClassification) => Hosted(T5GemmaForSequenceClassification.FromPretrained(options.ModelPath, pretrained), tokenizer),
            nameof(T5GemmaForTokenClassification) => Hosted(T5GemmaForTokenClassification.FromPretrained(options.ModelPath, pretrained), tokenizer),
            nameof(T5GemmaEncoderModel) => Hosted(T5GemmaEncoderModel.FromPretrained(options.ModelPath, pretrained with { IsEncoderDecoder = false }), tokenizer),
            var other => throw new NotSupportedException($"{options.ModelPath}: architectures: expected {nameof(T5GemmaForConditionalGeneration)}, {nameof(T5GemmaForSequenceClassification)}, {nameof(T5GemmaForTokenClassification)} or {nameof(T5GemmaEncoderModel)}, got {other}"),
        };
    }

    public void Dispose() => Model.Dispose();

    private static HostedModel Hosted<TInputs, TOutput>(T5GemmaPreTrainedModel<TInputs, TOutput> model, T5GemmaTokenizer tokenizer) => new(model, model.Config, tokenizer);
}
