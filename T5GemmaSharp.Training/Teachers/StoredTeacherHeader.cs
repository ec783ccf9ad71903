using System.Globalization;
using T5GemmaSharp.Checkpoints;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>
/// The layout of a teacher's file, which is safetensors. Tensors, for N targets of X examples in E epochs and k tokens each: <c>ids</c> int32 [N, k], the likeliest first;
/// <c>log_probs</c> float16 or float32 [N, k], at the temperature; <c>log_rest</c> float32 [N], of all other tokens together, minus infinity where there are none;
/// <c>example_starts</c> int64 [X + 1], targets before each example; <c>epoch_starts</c> int64 [E + 1], examples before each epoch; <c>digest</c> uint8 [32], a hash of the
/// values by which files are told apart. The metadata have the properties below.
/// </summary>
/// <param name="VocabSize">Number of the teacher's logits.</param>
/// <param name="Temperature">Divisor of the logits.</param>
/// <param name="Vocabulary">Hash of the tokens that the ids stand for.</param>
/// <param name="Examples">Hash of the examples.</param>
internal sealed record StoredTeacherHeader(long VocabSize, double Temperature, string Vocabulary, string Examples)
{
    public const string Ids = "ids";
    public const string LogProbabilities = "log_probs";
    public const string LogRests = "log_rest";
    public const string ExampleStarts = "example_starts";
    public const string EpochStarts = "epoch_starts";
    public const string Digest = "digest";
    public const int DigestLength = 32;

    private const string KindKey = "kind";
    private const string Kind = "t5gemma-teacher-top-k";
    private const string VersionKey = "version";
    private const string Version = "1";
    private const string VocabSizeKey = "vocab_size";
    private const string TemperatureKey = "temperature";
    private const string VocabularyKey = "vocabulary_sha256";
    private const string ExamplesKey = "examples_sha256";

    /// <summary>Reads the metadata of a file.</summary>
    /// <exception cref="InvalidDataException">The file is something else, or of another version.</exception>
    public static StoredTeacherHeader Parse(SafetensorsFile file)
    {
        Demand(file, KindKey, Kind);
        Demand(file, VersionKey, Version);
        var hasSize = long.TryParse(Value(file, VocabSizeKey), CultureInfo.InvariantCulture, out var vocabSize);
        var hasTemperature = double.TryParse(Value(file, TemperatureKey), CultureInfo.InvariantCulture, out var temperature);
        return hasSize && hasTemperature
            ? new StoredTeacherHeader(vocabSize, temperature, Value(file, VocabularyKey), Value(file, ExamplesKey))
            : throw new InvalidDataException($"{file.Path}: {VocabSizeKey}, {TemperatureKey}: expected numbers, got '{Value(file, VocabSizeKey)}' and '{Value(file, TemperatureKey)}'");
    }

    /// <summary>The metadata of a file.</summary>
    public Dictionary<string, string> ToMetadata() => new()
    {
        [KindKey] = Kind,
        [VersionKey] = Version,
        [VocabSizeKey] = VocabSize.ToString(CultureInfo.InvariantCulture),
        [TemperatureKey] = Temperature.ToString("R", CultureInfo.InvariantCulture),
        [VocabularyKey] = Vocabulary,
        [ExamplesKey] = Examples,
    };

    /// <summary>Dtypes and shapes of the tensors.</summary>
    public static Dictionary<string, TensorSource> Tensors(long targets, int topK, ScalarType dtype, long examples, int epochs) => new()
    {
        [Ids] = TensorSource.InPieces(ScalarType.Int32, [targets, topK]),
        [LogProbabilities] = TensorSource.InPieces(dtype, [targets, topK]),
        [LogRests] = TensorSource.InPieces(ScalarType.Float32, [targets]),
        [ExampleStarts] = TensorSource.InPieces(ScalarType.Int64, [examples + 1]),
        [EpochStarts] = TensorSource.InPieces(ScalarType.Int64, [epochs + 1]),
        [Digest] = TensorSource.InPieces(ScalarType.Byte, [DigestLength]),
    };

    private static void Demand(SafetensorsFile file, string key, string expected)
    {
        if (Value(file, key) is var actual && actual != expected)
            throw new InvalidDataException($"{file.Path}: {key}: expected {expected}, as distill-targets writes it, got {(actual.Length == 0 ? "none" : actual)}");
    }

    private static string Value(SafetensorsFile file, string key) => file.Metadata.GetValueOrDefault(key, "");
}
