using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>The growing results of a batch and which of them are finished. Lives in the generation's dispose scope.</summary>
internal sealed class GreedyRows
{
    private readonly GenerationSettings _settings;
    private readonly Tensor _unfinished;
    private readonly Tensor? _eosIds;
    private readonly List<Tensor>? _scores;

    internal GreedyRows(Tensor prompt, GenerationSettings settings)
    {
        Sequences = prompt;
        _settings = settings;
        _unfinished = torch.ones([prompt.size(0)], dtype: ScalarType.Bool, device: prompt.device);
        _eosIds = settings.EosTokenIds.Count == 0 ? null : torch.tensor(settings.EosTokenIds.ToArray(), dtype: ScalarType.Int64, device: prompt.device);
        _scores = settings.OutputScores ? [] : null;
    }

    /// <summary>Ids so far [B, length].</summary>
    internal Tensor Sequences { get; private set; }

    /// <summary>Scores of the steps so far, each [B, V]; null unless asked for.</summary>
    internal IReadOnlyList<Tensor>? Scores => _scores;

    /// <summary>The newest ids [B, 1].</summary>
    internal Tensor LastTokens() => Sequences.narrow(1, Sequences.size(1) - 1, 1);

    /// <summary>Chooses the next id of every row.</summary>
    /// <param name="scores">[B, V], float32; changed in place.</param>
    /// <param name="step">The step's scope, out of which the results are moved.</param>
    internal void Append(Tensor scores, DisposeScope step)
    {
        if (_eosIds is not null && Sequences.size(1) < _settings.MinLength)
            scores.index_fill_(1, _eosIds, double.NegativeInfinity);
        if (_scores is not null)
            _scores.Add(step.MoveToOuter(scores.clone()));
        var next = torch.where(_unfinished, scores.argmax(-1), _settings.PadTokenId); // [B]
        var longer = torch.cat([Sequences, next.unsqueeze(1)], dim: 1);
        if (_eosIds is not null)
            _unfinished.logical_and_(next.unsqueeze(1).ne(_eosIds).all(1));
        Sequences.Dispose();
        Sequences = step.MoveToOuter(longer);
    }

    /// <summary>Whether every row has ended or reached the longest length; waits for the device.</summary>
    internal bool IsFinished() =>
        Sequences.size(1) >= _settings.MaxLength || !_unfinished.any().item<bool>();
}
