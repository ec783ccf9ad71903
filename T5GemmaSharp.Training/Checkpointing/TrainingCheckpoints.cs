using System.Globalization;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Distributed.Gradients;
using T5GemmaSharp.Training.Optimization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>The checkpoints of a run: folders <c>checkpoint-STEP</c>, each of them a model that loads like any other, and all that the run needs to go on.</summary>
public sealed class TrainingCheckpoints
{
    private const string Prefix = "checkpoint-";
    private const string Doomed = ".tmp";

    private readonly string _runFolder;
    private readonly int? _limit;
    private readonly DataParallel? _parallel;

    /// <summary>Looks into the folder of a run; what an interrupted run has left half written is removed.</summary>
    /// <param name="runFolder">The folder.</param>
    /// <param name="limit">Number of checkpoints to keep, at least 1; null: all.</param>
    /// <param name="parallel">The ranks that train together, all of which see the folder: rank 0 writes and removes, each with its share of the optimizer's state. Null: there is one.</param>
    public TrainingCheckpoints(string runFolder, int? limit = null, DataParallel? parallel = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(runFolder);
        if (limit is { } number)
            ArgumentOutOfRangeException.ThrowIfLessThan(number, 1, nameof(limit));
        (_runFolder, _limit, _parallel) = (runFolder, limit, parallel);
        if (!IsFirst || !Directory.Exists(runFolder))
            return;
        foreach (var leftover in Directory.EnumerateDirectories(runFolder, $"*{Doomed}").ToList())
            Directory.Delete(leftover, recursive: true);
    }

    /// <summary>The newest checkpoint; null: there is none.</summary>
    public string? Latest => Folders(_runFolder).LastOrDefault().Folder;

    private bool IsFirst => _parallel is null or { Ranks.Rank: 0 };

    /// <summary>The checkpoints in the folder of a run, the newest last; nothing is changed there.</summary>
    /// <param name="runFolder">The folder.</param>
    public static IReadOnlyList<string> In(string runFolder) => [.. Folders(runFolder).Select(item => item.Folder)];

    /// <summary>Writes a checkpoint, whole or not at all, and removes those beyond the limit. Every rank has to call it.</summary>
    /// <param name="file">Where the run stands.</param>
    /// <param name="options">The run's settings.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="writeModel">Writes model and tokenizer into the folder it is given.</param>
    /// <param name="average">Moving average of the weights, kept beside them; null: there is none.</param>
    /// <param name="best">Step of a checkpoint that is kept beyond the limit; null: none.</param>
    /// <returns>The folder.</returns>
    /// <exception cref="IOException">It cannot be written; those written before stay.</exception>
    public string Save(RunStateFile file, TrainingOptions options, Optimizer optimizer, Action<string> writeModel, MovingAverage? average = null, int? best = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(writeModel);
        var folder = FolderOf(file.State.Step);
        if (IsFirst && Directory.Exists(folder))
            Remove(folder); // a run that went on from an older checkpoint comes by again
        if (_parallel is null)
            AtomicFolder.Write(folder, Fill);
        else
            SharedFolder.Write(_parallel.Ranks, folder, Fill);
        if (IsFirst)
            Rotate(best);
        return folder;

        void Fill(string temporary)
        {
            if (IsFirst)
                writeModel(temporary);
            if (IsFirst || _parallel!.IsSharded)
                SafetensorsWriter.Write(Path.Combine(temporary, OptimizerFileName), StateOf(optimizer, average));
            if (!IsFirst)
                return;
            TrainerState.Write(temporary, file.State, options);
            file.Write(temporary);
        }
    }

    /// <summary>The folder of a step's checkpoint.</summary>
    /// <param name="step">Steps done.</param>
    public string FolderOf(int step) => Path.Combine(_runFolder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step}"));

    private string OptimizerFileName => _parallel is { IsSharded: true, Ranks: var ranks } ? OptimizerFile.RankFileName(ranks.Rank, ranks.World) : OptimizerFile.FileName;

    // What all ranks have is written once.
    private Dictionary<string, Tensor> StateOf(Optimizer optimizer, MovingAverage? average)
        => (IsFirst ? optimizer.State() : optimizer.ParameterState()).Concat(average?.State().AsEnumerable() ?? []).ToDictionary();

    private void Rotate(int? best)
    {
        if (_limit is not { } limit)
            return;
        foreach (var (step, folder) in Folders(_runFolder).SkipLast(limit).Where(item => item.Step != best).ToList())
            Remove(folder);
    }

    // Under another name first: a half removed folder must not look like a checkpoint.
    private static void Remove(string folder)
    {
        var doomed = $"{folder}.{Guid.NewGuid():N}{Doomed}";
        Directory.Move(folder, doomed);
        Directory.Delete(doomed, recursive: true);
    }

    private static IEnumerable<(int Step, string Folder)> Folders(string runFolder) => !Directory.Exists(runFolder) ? [] : Directory.EnumerateDirectories(runFolder, $"{Prefix}*")
        .Select(folder => (Step: int.TryParse(Path.GetFileName(folder).AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : -1, Folder: folder))
        .Where(item => item.Step >= 0)
        .OrderBy(item => item.Step);
}
