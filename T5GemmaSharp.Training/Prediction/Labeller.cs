using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Commands;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Data.Files.Storage;
using T5GemmaSharp.Training.Merging;

namespace T5GemmaSharp.Training.Prediction;

/// <summary>Loads models with a classification head.</summary>
internal static class Labeller
{
    /// <summary>Loads the model that a request names, with its adapter in its weights.</summary>
    /// <exception cref="UsageException">The folder holds no model with a head.</exception>
    /// <exception cref="IOException">A file is missing.</exception>
    public static ILabeller Load(PredictionRequest request)
    {
        var tokenizer = T5GemmaTokenizer.FromPretrained(request.Model);
        var cutter = new ExampleCutter(tokenizer, new DataFileOptions { MaxSourceLength = request.MaxLength });
        var head = SavedHead.Of(request.Model, request.Adapter);
        var device = SharedOptions.ResolveDevice(request.Device);
        var options = head.Options with { Device = device, DType = SharedOptions.ResolveDType(request.DType, device) };
        switch (head.ModelClass)
        {
            case nameof(T5GemmaForSequenceClassification):
                var sequence = T5GemmaForSequenceClassification.FromPretrained(request.Model, options);
                Merge(sequence, request.Adapter);
                return new SequenceLabeller(sequence, LabelTable.Of(sequence.Config), tokenizer, cutter);
            case nameof(T5GemmaForTokenClassification):
                var tokens = T5GemmaForTokenClassification.FromPretrained(request.Model, options);
                Merge(tokens, request.Adapter);
                return new TokenLabeller(tokens, LabelTable.Of(tokens.Config), tokenizer, cutter);
            default:
                throw new UsageException($"{request.Adapter ?? request.Model}: expected a model with a classification head, as train --objective classify writes it, got {head.ModelClass ?? "a model of an unknown class"}");
        }
    }

    private static void Merge<TInputs, TOutput>(T5GemmaPreTrainedModel<TInputs, TOutput> model, string? adapter)
    {
        if (adapter is not null)
            ModelFolder.Merge(model, adapter);
    }
}
