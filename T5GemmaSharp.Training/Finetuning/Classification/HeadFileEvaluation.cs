using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Commands;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Merging;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>Measures the head of a folder, or of an adapter, on files, as a training run does.</summary>
internal static class HeadFileEvaluation
{
    /// <summary>Measures.</summary>
    /// <param name="kind">The kind of head that the objective is for.</param>
    /// <param name="request">The request.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="cancellation">Ends the work between two batches.</param>
    /// <returns>The numbers, and how many examples they are of.</returns>
    /// <exception cref="UsageException">The folder has another head, or none.</exception>
    /// <exception cref="Data.Files.DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">A metric does not suit the labels.</exception>
    public static (EvaluationReport Report, int Examples) Measure<TModel, TOutput>(
        HeadKind<TModel, TOutput> kind, FileEvaluationRequest request, T5GemmaTokenizer tokenizer, CancellationToken cancellation)
        where TModel : T5GemmaPreTrainedModel<T5GemmaInputs, TOutput>
    {
        var head = SavedHead.Of(request.Model, request.Adapter);
        if (head.ModelClass != typeof(TModel).Name)
            throw new UsageException($"{request.Adapter ?? request.Model}: expected the head of a {typeof(TModel).Name} for this objective, got {head.ModelClass ?? "a model of an unknown class"}");
        var config = head.Options.Apply(T5GemmaConfig.FromPretrained(request.Model));
        var problem = kind.ProblemOf(config);
        var labels = problem == ProblemType.Regression ? null : LabelTable.Of(config);
        using var data = kind.Read(request.Data, tokenizer, request.Examples.Files, labels, problem, cancellation);
        var metrics = HeadMetricNames.Choose(request.Measuring.Metrics, data.SuitableMetrics);
        var device = SharedOptions.ResolveDevice(request.Device);
        using var model = kind.Load(request.Model, head.Options with { Device = device, DType = SharedOptions.ResolveDType(request.DType, device), ProblemType = data.Problem });
        if (request.Adapter is { } adapter)
            ModelFolder.Merge(model, adapter);
        var task = data.CreateTask(model);
        return (new HeadEvaluation(task, () => data.CreateMetrics(metrics), request.Measuring.BatchSize, cancellation).Measure(step: 0), task.CountOf(epoch: 0));
    }
}
