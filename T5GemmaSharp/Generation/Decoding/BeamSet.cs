using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Beams that live from step to step.</summary>
internal sealed class BeamSet : IDisposable
{
    private readonly TensorSlot _sequences = new();
    private readonly TensorSlot _scores = new();
    private readonly TensorSlot _indices = new();

    public BeamSet(Tensor sequences, Tensor scores)
        => Set(new Beams(sequences, scores, torch.empty([scores.size(0), scores.size(1), 0], dtype: ScalarType.Int64, device: scores.device)));

    public Tensor Sequences => _sequences.Value;

    public Tensor Scores => _scores.Value;

    public Tensor Indices => _indices.Value;

    public Beams Current => new(Sequences, Scores, Indices);

    public void Set(Beams beams)
    {
        _sequences.Value = beams.Sequences;
        _scores.Value = beams.Scores;
        _indices.Value = beams.Indices;
    }

    /// <summary>The same beams one token longer, filled up.</summary>
    public Beams Extended(long fill) => new(
        nn.functional.pad(Sequences, [0, 1], value: fill),
        Scores,
        nn.functional.pad(Indices, [0, 1], value: -1));

    public void Dispose()
    {
        _sequences.Dispose();
        _scores.Dispose();
        _indices.Dispose();
    }
}
