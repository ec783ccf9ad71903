using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Commands;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Storage;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Prediction;

/// <summary>Makes vectors of texts with the encoder of a model.</summary>
/// <param name="model">The model and its tokenizer; disposed with this.</param>
/// <param name="function">How states become a vector.</param>
/// <param name="cutter">Cuts long texts.</param>
internal sealed class EmbeddingLabeller(HostedModel model, EmbeddingRows function, ExampleCutter cutter) : ILabeller
{
    /// <summary>Loads the encoder of the model that a request names.</summary>
    /// <exception cref="IOException">A file is missing.</exception>
    public static EmbeddingLabeller Load(PredictionRequest request, T5GemmaPooling pooling, bool isNormalized)
    {
        var tokenizer = T5GemmaTokenizer.FromPretrained(request.Model);
        var device = SharedOptions.ResolveDevice(request.Device);
        var options = new PretrainedOptions { Device = device, DType = SharedOptions.ResolveDType(request.DType, device), IsEncoderDecoder = false };
        var model = T5GemmaEncoderModel.FromPretrained(request.Model, options);
        return new EmbeddingLabeller(new HostedModel(model, model.Config, tokenizer), new EmbeddingRows(pooling, isNormalized), new ExampleCutter(tokenizer, new DataFileOptions { MaxSourceLength = request.MaxLength }));
    }

    public EncodedRow Encode(PredictionRow row)
    {
        if (row is not { Text: { } text, SecondText: null })
            throw new FormatException($"{row.Place}: expected one text, got {(row.Text is null ? "words" : "two texts")}");
        return new EncodedRow(row, cutter.CutSource(model.Tokenizer.Encode(text)), Words: []);
    }

    public IReadOnlyList<string> Label(IReadOnlyList<EncodedRow> batch)
    {
        using var noGrad = no_grad();
        return [.. function.Run(model, [.. batch.Select(row => row.InputIds)]).Select(PredictionJson.Vector)];
    }

    public void Dispose() => model.Dispose();
}
