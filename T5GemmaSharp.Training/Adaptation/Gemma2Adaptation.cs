using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Merging;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Adaptation;

/// <summary>
/// Makes a T5Gemma model of decoder-only ones: embeddings, self-attention, feed-forward blocks and norms are copied, cross-attention comes from the decoder's
/// self-attention of the same layer. One tensor at a time is in memory.
/// </summary>
internal sealed class Gemma2Adaptation
{
    private readonly CheckpointReader _encoder;
    private readonly CheckpointReader _decoder;
    private readonly T5GemmaConfig _config;
    private readonly ulong _seed;
    private readonly List<string> _faults = [];

    private Gemma2Adaptation(CheckpointReader encoder, CheckpointReader decoder, T5GemmaConfig config, ulong seed)
        => (_encoder, _decoder, _config, _seed) = (encoder, decoder, config, seed);

    // Cross-attention reads states of the encoder's width where self-attention reads those of the decoder's own.
    private bool IsBalanced => _config.Encoder.HiddenSize == _config.Decoder.HiddenSize;

    /// <summary>Writes the model.</summary>
    /// <param name="encoder">Folder of the model that becomes the encoder.</param>
    /// <param name="decoder">Folder of the model that becomes the decoder; tokenizer and generation settings come from there.</param>
    /// <param name="output">Folder of the result, new or empty; it appears whole or not at all.</param>
    /// <param name="seed">Seed of weights that no model has.</param>
    /// <exception cref="IOException">A file is missing, or the folder of the result holds something.</exception>
    /// <exception cref="InvalidDataException">A folder holds no Gemma 2 model, or tensors are missing or of other shapes or dtypes; the message lists all.</exception>
    public static void Write(string encoder, string decoder, string output, ulong seed)
    {
        var config = Gemma2Config.Read(encoder, decoder);
        using var encoderReader = CheckpointReader.Open(encoder);
        using var decoderReader = CheckpointReader.Open(decoder);
        var adaptation = new Gemma2Adaptation(encoderReader, decoderReader, config, seed);
        var tensors = adaptation.Tensors();
        AtomicFolder.Write(output, temporary =>
        {
            new CheckpointWriter().Write(temporary, tensors);
            TextFile.Write(Path.Combine(temporary, T5GemmaConfig.FileName), (config with { DType = tensors.Values.First().DType }).ToJson());
            ModelFiles.CopyCompanions(decoder, temporary);
        });
    }

    private Dictionary<string, TensorSource> Tensors()
    {
        using var model = new T5GemmaForConditionalGeneration(_config, new ModuleFactory(META, ScalarType.Float32)); // shapes without memory
        var tensors = model.named_parameters().Select((item, index) => (Name: item.name, Source: Source(item.name, item.parameter.shape, (ulong)index))).ToDictionary(item => item.Name, item => item.Source);
        if (_faults.Count == 0 && tensors.Values.Select(tensor => tensor.DType).Distinct().Skip(1).Any())
            _faults.Add($"expected one dtype in {_encoder.Path} and {_decoder.Path}, got {string.Join(", ", tensors.Values.Select(tensor => tensor.DType).Distinct())}");
        return _faults.Count == 0 ? tensors : throw new InvalidDataException($"the models cannot be adapted: {string.Join("; ", _faults.Distinct())}");
    }

    private TensorSource Source(string name, long[] shape, ulong index)
    {
        var dtype = DecoderDType();
        var isCross = name.Contains(Gemma2Names.CrossAttention, StringComparison.Ordinal);
        if (Gemma2Names.SourceOf(name) is not { } key || (isCross && !IsBalanced && name.EndsWith(".bias", StringComparison.Ordinal)))
            return new(dtype, shape, () => zeros(shape, dtype: dtype));
        if (isCross && !IsBalanced)
            return new(dtype, shape, () => Random(index, shape, dtype));
        var reader = Gemma2Names.IsOfEncoder(name) ? _encoder : _decoder;
        if (!reader.TryGetEntry(key, out var entry))
            _faults.Add($"{reader.Path}: {key}: expected [{string.Join(", ", shape)}], it is missing");
        else if (!entry.Shape.SequenceEqual(shape))
            _faults.Add($"{reader.Path}: {key}: expected [{string.Join(", ", shape)}], got [{string.Join(", ", entry.Shape)}]");
        else
            return TensorSource.Of(reader, key);
        return default;
    }

    private ScalarType DecoderDType() => _decoder.TryGetEntry("model.norm.weight", out var norm) ? norm.DType : default;

    // As the library draws fresh weights, from a stream of the tensor's own.
    private Tensor Random(ulong index, long[] shape, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(new CounterRandom(_seed, index)[0] >> 1);
        return scope.MoveToOuter(randn(shape, generator: generator).mul_(_config.Decoder.InitializerRange).to(dtype));
    }
}
