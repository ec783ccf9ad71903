using System.Text.Json;
using System.Text.Json.Nodes;

namespace T5GemmaSharp.Training.Adaptation;

/// <summary>The configurations of Gemma 2 models as that of a T5Gemma model. Their keys, and the defaults of what a file leaves out, are those of a stack.</summary>
/// <remarks>HF: <c>Gemma2Config</c>.</remarks>
internal static class Gemma2Config
{
    private const string ModelType = "gemma2";

    // What is said of a whole model or of the program that wrote it, and a key that Gemma 2 does not read.
    private static readonly string[] NotOfAStack = ["model_type", "hidden_act", "architectures", "transformers_version", "torch_dtype", "dtype", "_name_or_path", "cache_implementation", "use_bidirectional_attention"];

    /// <summary>Reads the configurations of two folders.</summary>
    /// <param name="encoder">Folder of the model that becomes the encoder.</param>
    /// <param name="decoder">Folder of the model that becomes the decoder.</param>
    /// <exception cref="IOException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is not a Gemma 2 configuration, or the vocabularies differ.</exception>
    /// <exception cref="FormatException">A value is impossible.</exception>
    public static T5GemmaConfig Read(string encoder, string decoder)
    {
        var (encoderStack, decoderStack) = (ReadStack(encoder), ReadStack(decoder));
        var tied = decoderStack["tie_word_embeddings"]?.DeepClone() ?? true;
        var config = T5GemmaConfig.FromJson(new JsonObject { ["encoder"] = encoderStack, ["decoder"] = decoderStack, ["tie_word_embeddings"] = tied }.ToJsonString());
        if (config.Encoder.VocabSize != config.Decoder.VocabSize)
            throw new InvalidDataException($"vocab_size: expected the same in {encoder} and {decoder}, which share a tokenizer, got {config.Encoder.VocabSize} and {config.Decoder.VocabSize}");
        return config with { VocabSize = config.Decoder.VocabSize, Architectures = [nameof(T5GemmaForConditionalGeneration)] };
    }

    /// <summary>Whether a folder says that it holds a Gemma 2 model.</summary>
    /// <exception cref="IOException">There is no configuration.</exception>
    /// <exception cref="InvalidDataException">It is no JSON object.</exception>
    public static bool IsIn(string folder) => Parse(Path.Combine(folder, T5GemmaConfig.FileName))["model_type"]?.ToString() == ModelType;

    private static JsonObject ReadStack(string folder)
    {
        var path = Path.Combine(folder, T5GemmaConfig.FileName);
        var stack = Parse(path);
        if (stack["model_type"]?.ToString() is var type && type != ModelType)
            throw new InvalidDataException($"{path}: model_type: expected {ModelType}, got {type ?? "none"}");
        foreach (var key in NotOfAStack)
            stack.Remove(key);
        return stack;
    }

    private static JsonObject Parse(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new InvalidDataException($"{path}: expected a JSON object");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path}: expected JSON: {exception.Message}", exception);
        }
    }
}
