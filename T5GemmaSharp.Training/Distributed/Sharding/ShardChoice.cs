using System.Globalization;

namespace T5GemmaSharp.Training.Distributed.Sharding;

/// <summary>Which part of the rows a process works on.</summary>
/// <param name="Index">Number of the part, from 0.</param>
/// <param name="Count">Number of parts.</param>
internal readonly record struct ShardChoice(int Index, int Count)
{
    /// <summary>The word that takes the part from the environment.</summary>
    public const string FromEnvironment = "auto";

    /// <summary>Reads a choice.</summary>
    /// <param name="text">I/N with I from 0 to N - 1, or <see cref="FromEnvironment"/>: an array of Slurm, or else what a launcher says of its processes.</param>
    /// <param name="variable">Value of a variable of the environment; null: it is not set.</param>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ShardChoice Parse(string text, Func<string, string?> variable)
    {
        if (text == FromEnvironment)
            return OfEnvironment(variable);
        var parts = text.Split('/');
        if (parts.Length == 2 && Number(parts[0]) is { } index && Number(parts[1]) is { } count && index < count)
            return new ShardChoice(index, count);
        throw new FormatException($"--shard: expected I/N with I from 0 to N - 1, or {FromEnvironment}, got '{text}'");
    }

    /// <summary>The part's range of a number of things: parts are of like size, in order and without gaps.</summary>
    /// <param name="things">How many there are.</param>
    public (long From, long To) Range(long things) => (things * Index / Count, things * (Index + 1) / Count);

    /// <summary>The part's file: that of the whole with its number before the extension.</summary>
    /// <param name="path">The file of the whole.</param>
    public string PathOf(string path) => Count == 1 ? path : Path.Combine(
        Path.GetDirectoryName(path) ?? "",
        string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(path)}-{Index:D5}-of-{Count:D5}{Path.GetExtension(path)}"));

    private static ShardChoice OfEnvironment(Func<string, string?> variable)
    {
        if (Number(variable("SLURM_ARRAY_TASK_ID")) is { } task && Number(variable("SLURM_ARRAY_TASK_COUNT")) is { } tasks)
        {
            var first = Number(variable("SLURM_ARRAY_TASK_MIN")) ?? 0;
            return task - first < tasks ? new ShardChoice(task - first, tasks) : throw new FormatException($"--shard {FromEnvironment}: expected an array without gaps, got task {task} of {tasks} from {first} on");
        }

        var environment = LaunchEnvironment.Read(variable);
        return environment.Launcher is null
            ? throw new FormatException($"--shard {FromEnvironment}: expected the environment of torchrun, srun, mpirun or of an array of Slurm, found none; say --shard I/N")
            : new ShardChoice(environment.Rank, environment.World);
    }

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
