using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Beam search, and beam sampling.</summary>
/// <remarks>HF: <c>GenerationMixin._beam_search</c>. B sources, N beams, K candidates of a source in a step.</remarks>
internal sealed class BeamSearchDecoding : IDecoding
{
    private const double Impossible = -1e9;

    private readonly GenerationPlan _plan;
    private readonly StepRecords _records;
    private readonly DecoderRunner _runner;
    private readonly TokenDraw? _draw;
    private readonly long _sources;
    private readonly BeamSet _running;
    private readonly BeamSet _finished;
    private readonly TensorSlot _slotIsTaken = new(); // [B, N]
    private readonly TensorSlot _canImprove = new(); // [B, 1]

    public BeamSearchDecoding(GenerationPlan plan)
    {
        _plan = plan;
        _records = new StepRecords(plan.Settings);
        _runner = new DecoderRunner(plan.Source, plan.Settings, plan.Settings.NumBeams, plan.PromptMask, _records);
        _draw = plan.Settings.DoSample ? new TokenDraw(plan.Controls) : null;
        _sources = plan.Source.BatchSize;
        using var scope = NewDisposeScope();
        var prompt = plan.Prompt.Value.unsqueeze(1).expand(-1, Beams, -1);
        var device = prompt.device;
        var scores = torch.full([_sources, Beams], Impossible, dtype: ScalarType.Float32, device: device);
        _finished = new BeamSet(prompt.clone(), scores.clone());
        scores.select(1, 0).fill_(0); // the beams of a source begin equal: only one of them may go on
        _running = new BeamSet(prompt.clone(), scores);
        _slotIsTaken.Value = torch.zeros([_sources, Beams], dtype: ScalarType.Bool, device: device);
        _canImprove.Value = torch.ones([_sources, 1], dtype: ScalarType.Bool, device: device);
    }

    public bool IsFinished { get; private set; }

    public Tensor Sequences => _running.Sequences;

    public IReadOnlyList<float> LogProbabilities => []; // beams change until the end

    public DecodingRoute Route => _runner.Route;

    private GenerationSettings Settings => _plan.Settings;

    private int Beams => Settings.NumBeams;

    // The reference takes a padding id of 0 for none; without end ids it fills with -1.
    private long Fill => Settings.PadTokenId is { } pad && pad != 0 ? pad : Settings.EosTokenIds.Count > 0 ? Settings.EosTokenIds[0] : -1;

    public void Step()
    {
        using var threads = _runner.StepThreads();
        using var scope = NewDisposeScope();
        var flat = _running.Sequences.flatten(0, 1);
        var logits = _runner.NextLogits(flat);
        _records.AddLogits(logits);
        var logProbabilities = _plan.Processors.Process(flat, nn.functional.log_softmax(logits, dim: -1));
        _records.AddScores(logProbabilities);

        var candidates = Candidates(logProbabilities);
        var hits = _plan.Criteria.IsDone(candidates.Sequences.flatten(0, 1)).view(_sources, -1); // [B, K]
        var wentOn = candidates.Sequences.size(2) - Settings.PromptLength; // new tokens, this one included
        var best = (candidates.Scores + hits.to(ScalarType.Float32) * Impossible).topk(Beams).indexes;
        _running.Set(candidates.Take(best) with { Scores = (candidates.Scores + hits.to(ScalarType.Float32) * Impossible).gather(1, best) });
        Finish(candidates, hits, wentOn);
        _runner.Reorder(_running.Indices.select(2, -1).flatten());

        _canImprove.Value = _canImprove.Value.logical_and(CanImprove(wentOn));
        var goesOn = _canImprove.Value.squeeze(1); // [B]
        if (Settings.EarlyStopping == EarlyStopping.True)
            goesOn = goesOn.logical_and(_slotIsTaken.Value.all(1).logical_not());
        var sources = goesOn.cpu().data<bool>().ToArray();
        IsFinished = !sources.Contains(true) || hits.all().item<bool>();
        if (!IsFinished)
            _runner.KeepRows([.. sources.SelectMany(isActive => Enumerable.Repeat(isActive, Beams))]);
    }

    public GenerationOutput Finish()
    {
        using var scope = NewDisposeScope();
        var count = Settings.NumReturnSequences;
        var indices = _finished.Indices.narrow(1, 0, count).flatten(0, 1);
        var steps = indices.ge(0).sum(1).max().item<long>();
        var output = _records.AddTo(_plan.Output(_finished.Sequences.narrow(1, 0, count).flatten(0, 1).narrow(1, 0, Settings.PromptLength + steps).clone().DetachFromDisposeScope(), Route));
        return output with
        {
            SequencesScores = _finished.Scores.narrow(1, 0, count).flatten().clone().DetachFromDisposeScope(),
            BeamIndices = indices.narrow(1, 0, steps).clone().DetachFromDisposeScope(),
        };
    }

    public void Dispose()
    {
        _runner.Dispose();
        _records.Dispose();
        _draw?.Dispose();
        _running.Dispose();
        _finished.Dispose();
        _slotIsTaken.Dispose();
        _canImprove.Dispose();
        _plan.Dispose();
    }

    private Beams Candidates(Tensor logProbabilities)
    {
        var vocabSize = logProbabilities.size(1);
        var sums = (logProbabilities.view(_sources, Beams, vocabSize) + _running.Scores.unsqueeze(2)).view(_sources, Beams * vocabSize);
        var count = Math.Max(2, 1 + Settings.EosTokenIds.Count) * Beams;
        var chosen = _draw is null ? sums.topk(count).indexes : Drawn(sums, count);
        var beams = chosen.div(vocabSize, RoundingMode.floor).to(ScalarType.Int64);
        var from = _running.Current.Take(beams);
        var rows = beams + torch.arange(_sources, dtype: ScalarType.Int64, device: beams.device).unsqueeze(1) * Beams;
        return new Beams(
            torch.cat([from.Sequences, (chosen - beams * vocabSize).unsqueeze(2)], dim: 2),
            sums.gather(1, chosen),
            torch.cat([from.Indices, rows.unsqueeze(2)], dim: 2));
    }

    // Where a constraint leaves fewer candidates than are drawn, the draw adds forbidden ones, which no beam may go on with: the most probable of the rest take their places.
    private Tensor Drawn(Tensor sums, int count)
    {
        var drawn = _draw!.Draw(sums, count); // beams that sample have it
        var isForbidden = sums.gather(1, drawn).isneginf();
        if (!isForbidden.any().item<bool>())
            return drawn;
        var rest = sums.scatter(1, drawn, torch.full_like(drawn, float.NegativeInfinity, dtype: sums.dtype)).topk(count).indexes;
        var places = isForbidden.to(ScalarType.Int64).cumsum(1).sub_(1).clamp_(min: 0);
        return torch.where(isForbidden, rest.gather(1, places), drawn);
    }

    // Only the first N candidates may finish; they compete with those that finished before.
    private void Finish(Beams candidates, Tensor hits, long wentOn)
    {
        var isAmongFirst = torch.arange(hits.size(1), device: hits.device).lt(Beams);
        var justFinished = hits.logical_and(isAmongFirst);
        var isFull = _slotIsTaken.Value.all(-1, keepdim: true).logical_and_(torch.tensor(Settings.EarlyStopping == EarlyStopping.True, device: hits.device));
        var scores = candidates.Scores / Math.Pow(wentOn, Settings.LengthPenalty);
        foreach (var excluded in new[] { isFull, _canImprove.Value.logical_not(), justFinished.logical_not() })
            scores = scores + excluded.to(ScalarType.Float32) * Impossible;

        var merged = _finished.Extended(Fill).Concat(candidates with { Scores = scores });
        var flags = torch.cat([_slotIsTaken.Value, justFinished], dim: 1);
        var best = merged.Scores.topk(Beams).indexes;
        _finished.Set(merged.Take(best));
        _slotIsTaken.Value = flags.gather(1, best);
    }

    private Tensor CanImprove(long newTokens)
    {
        var length = Settings.EarlyStopping == EarlyStopping.Never && Settings.LengthPenalty > 0 ? Settings.MaxLength - Settings.PromptLength : newTokens;
        var bestPossible = _running.Scores.narrow(1, 0, 1) / Math.Pow(length, Settings.LengthPenalty);
        var worst = _finished.Scores.amin([1], keepdim: true);
        var worstFinished = torch.where(_slotIsTaken.Value, worst.expand_as(_slotIsTaken.Value), torch.full_like(_finished.Scores, Impossible));
        return bestPossible.gt(worstFinished).any(-1, keepdim: true);
    }
}
