using System.Globalization;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Commands;
using T5GemmaSharp.Training.Evaluation.Metrics;
using T5GemmaSharp.Training.Finetuning.Classification;
using T5GemmaSharp.Training.Generation;
using T5GemmaSharp.Training.Logging;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>Measures a model of a folder on files.</summary>
internal static class FileEvaluation
{
    /// <summary>Runs the request.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(FileEvaluationRequest request)
    {
        using var interruption = new Interruption();
        var tokenizer = T5GemmaTokenizer.FromPretrained(request.Model);
        var (report, examples) = request.Examples.Objective switch
        {
            Objective.Classify => HeadFileEvaluation.Measure(new SequenceHead(), request, tokenizer, interruption.Token),
            Objective.TokenClassify => HeadFileEvaluation.Measure(new TokenHead(), request, tokenizer, interruption.Token),
            _ => MeasureWriting(request, tokenizer, interruption.Token),
        };
        Print(report.Values, examples, request.WritesJson);
        return ExitCode.Done;
    }

    private static (EvaluationReport Report, int Examples) MeasureWriting(FileEvaluationRequest request, T5GemmaTokenizer tokenizer, CancellationToken cancellation)
    {
        _ = MetricSet.Create(request.Measuring.Metrics); // a wrong name costs no time
        using var data = FinetuningData.Read(request.Examples, request.Data, tokenizer, cancellation);
        if (data.Examples.CountOf(epoch: 0) == 0)
            throw new InvalidDataException($"{string.Join(", ", request.Data)}: expected at least one example to measure on, got none");
        using var predictions = request.Predictions is { } path ? new AnswerFile(path) : null;
        using var model = request.Adapter is { } adapter
            ? ModelFolder.LoadMerged(request.Model, adapter, request.Device, request.DType, request.Quantization)
            : ModelFolder.LoadModel(request.Model, request.Device, request.DType, request.Quantization);
        var lines = predictions is null ? null : new SortedDictionary<int, string>(); // batches are not in the order of the file
        var report = new FinetuningEvaluation(
            model, tokenizer, data.Examples, request.Measuring, cancellation, lines is null ? null : (answer, expected) => lines.Add(answer.Index, Prediction(answer, expected))).Measure(step: 0);
        foreach (var line in lines?.Values ?? Enumerable.Empty<string>())
            predictions!.WriteLine(line); // there are lines for a file only
        predictions?.Commit();
        return (report, data.Examples.CountOf(epoch: 0));
    }

    private static void Print(IReadOnlyDictionary<string, double> values, int examples, bool asJson)
    {
        if (asJson)
        {
            Console.WriteLine(JsonText.Line(json =>
            {
                foreach (var (name, value) in values)
                    json.WriteFinite(name, value); // a perplexity may be infinite
                json.WriteNumber("examples", examples);
            }));
            return;
        }

        foreach (var (name, value) in values)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name.Replace('_', ' ')} {value:0.####}"));
        Console.WriteLine($"examples {examples}");
    }

    private static string Prediction(Answer answer, string expected) => JsonText.Line(json =>
    {
        json.WriteNumber("index", answer.Index);
        json.WriteString("prediction", answer.Text);
        json.WriteString("reference", expected);
    });
}
