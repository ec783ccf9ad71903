using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Hosting.Telemetry;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Clients;

/// <summary>Scores answers with a model of the service, as many at a time as answers are generated together.</summary>
internal sealed class T5GemmaScorer(T5GemmaEngine engine) : IT5GemmaScorer
{
    private const long IgnoreIndex = -100;

    public async Task<IReadOnlyList<T5GemmaTargetScore>> ScoreAsync(string source, IEnumerable<string> targets, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(targets);
        var scores = new List<T5GemmaTargetScore>();
        foreach (var some in targets.Chunk(engine.Options.MaxBatchSize))
        {
            var work = await engine.SubmitAsync(model => Work(model, source, some, cancellationToken), cancellationToken).ConfigureAwait(false);
            scores.AddRange(await work.Result.ConfigureAwait(false));
        }

        return scores;
    }

    private CallWork<IReadOnlyList<T5GemmaTargetScore>> Work(HostedModel model, string source, string[] targets, CancellationToken cancellationToken)
    {
        if (model.Generator is not { } generator)
            throw new NotSupportedException($"the model {engine.ModelId} is a {model.Model.GetType().Name}, which does not score answers");
        var ids = TextRows.Encode(model, source, engine.Options);
        var answers = targets.Select(target => Target(model, target)).ToList();
        return new CallWork<IReadOnlyList<T5GemmaTargetScore>>(
            _ => Scores(generator, ids, answers), ids.Length + answers.Sum(answer => answer.Length), engine.Options.RequestTimeout, cancellationToken)
        {
            Operation = TelemetryNames.Score,
        };
    }

    private int[] Target(HostedModel model, string? target)
    {
        if (target is null)
            throw new ArgumentException("targets: expected texts, one of them is null");
        SourceLimits.CheckCharacters(target.Length, engine.Options.MaxInputCharacters);
        var ids = model.Tokenizer.Encode(target, addBos: false, addEos: true, parseSpecial: false);
        SourceLimits.CheckTokens(ids.Length, engine.Options.MaxOutputTokens);
        SourceLimits.CheckIds(ids, model.Config.Decoder.VocabSize);
        return ids;
    }

    private static IReadOnlyList<T5GemmaTargetScore> Scores(T5GemmaForConditionalGeneration model, int[] ids, List<int[]> answers)
    {
        using var scope = NewDisposeScope();
        var device = model.Device;
        using var encoded = model.Encode(new() { InputIds = PaddedIds.Of([ids], padId: null, device).Ids });
        var scores = model.ScoreTargets(encoded, PaddedIds.Of(answers, IgnoreIndex, device).Ids);
        var (sums, counts) = (scores.Sums.cpu().data<float>().ToArray(), scores.TokenCounts.cpu().data<long>().ToArray());
        return [.. sums.Select((sum, row) => new T5GemmaTargetScore(sum, (int)counts[row]))];
    }
}
