using System.Runtime.ExceptionServices;
using T5GemmaSharp.Training.Commands;
using T5GemmaSharp.Training.Distributed.Sharding;
using T5GemmaSharp.Training.Generation;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Prediction;

/// <summary>Labels what a command line asks for, from a file or standard input; holds what has arrived, never all.</summary>
internal sealed class PredictionRun
{
    private readonly PredictionRequest _request;
    private readonly ILabeller _labeller;
    private readonly AnswerFile? _file;
    private readonly CancellationToken _cancellation;

    private PredictionRun(PredictionRequest request, ILabeller labeller, AnswerFile? file, CancellationToken cancellation)
        => (_request, _labeller, _file, _cancellation) = (request, labeller, file, cancellation);

    private bool IsClosed => _file is null && LineOutput.IsStandardOutputClosed();

    /// <summary>Runs the request.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="load">Loads the model that it names.</param>
    /// <returns>The exit code.</returns>
    public static int Run(PredictionRequest request, Func<PredictionRequest, ILabeller> load)
    {
        using var interruption = new Interruption();
        if (request.Shard is { } shard)
            return RunShard(request, shard, load, interruption.Token);
        return AnswerFile.Run(request.Output, file =>
        {
            using var input = TextInput.Open(request.Input); // first: a missing file costs no loading of the model
            using var labeller = load(request);
            return new PredictionRun(request, labeller, file, interruption.Token).Label(input);
        });
    }

    private static int RunShard(PredictionRequest request, ShardRequest shard, Func<PredictionRequest, ILabeller> load, CancellationToken cancellation) => ShardRun.Run<PredictionRow>(
        shard,
        request.BatchSize,
        request.ReadsJson ? PredictionRow.ReadJson : PredictionRow.ReadText,
        work =>
        {
            using var labeller = load(request);
            work((_, rows) => Lines(labeller, [.. rows.Select(labeller.Encode)], request.BatchSize, cancellation));
        },
        cancellation);

    // Rows of like length go together, which saves padding; the lines come in the order of the input.
    private static string[] Lines(ILabeller labeller, List<EncodedRow> rows, int batchSize, CancellationToken cancellation)
    {
        var lines = new string[rows.Count];
        foreach (var indices in Enumerable.Range(0, rows.Count).OrderByDescending(index => rows[index].InputIds.Length).Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var (index, line) in indices.Zip(labeller.Label([.. indices.Select(index => rows[index])])))
                lines[index] = line;
        }

        return lines;
    }

    private int Label(Stream input)
    {
        if (_request.Input is null && !Console.IsInputRedirected)
            Console.Error.WriteLine("a text a line; the end of the input (Ctrl-D; Ctrl-Z on Windows) ends the program");
        var lines = new InputLines<PredictionRow>(input, TextInput.Name(_request.Input), _request.ReadsJson ? PredictionRow.ReadJson : PredictionRow.ReadText);

        // Reading cannot be interrupted; it is left alone when the program ends.
        while (Task.Run(lines.ReadArrived).WaitAsync(_cancellation).GetAwaiter().GetResult() is { } arrived && !IsClosed)
        {
            var (rows, fault) = EncodeUntilFault(arrived);
            Label(rows);
            fault?.Throw();
        }

        return ExitCode.Done;
    }

    private void Label(List<EncodedRow> rows)
    {
        foreach (var line in Lines(_labeller, rows, _request.BatchSize, _cancellation))
        {
            if (_file is null)
                Console.Out.WriteLine(line);
            else
                _file.WriteLine(line);
        }

        _file?.Flush();
        if (_file is null)
            Console.Out.Flush();
    }

    private (List<EncodedRow> Rows, ExceptionDispatchInfo? Fault) EncodeUntilFault(IEnumerable<PredictionRow> arrived)
    {
        var rows = new List<EncodedRow>();
        try
        {
            foreach (var row in arrived)
                rows.Add(_labeller.Encode(row));
            return (rows, null);
        }
        catch (FormatException exception)
        {
            return (rows, ExceptionDispatchInfo.Capture(exception));
        }
    }
}
