using System.Globalization;
using T5GemmaSharp.Checkpoints;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>Tensors of an optimizer in a file, or in one of each rank. Files of ranks have stretches of flat tensors, and read as if they were one with the whole tensors.</summary>
public sealed class OptimizerFile : IDisposable
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "optimizer.safetensors";

    private const char StretchMark = '@';

    private readonly string _folder;
    private readonly List<SafetensorsFile> _files = [];
    private readonly ILookup<string, (long From, SafetensorsFile File, string Name)> _stretches;

    private OptimizerFile(string folder)
    {
        _folder = folder;
        try
        {
            foreach (var path in Files(folder))
                _files.Add(SafetensorsFile.Open(path));
        }
        catch
        {
            Dispose();
            throw;
        }

        _stretches = _files.SelectMany(file => file.Entries.Select(entry => (Stretch: Split(entry.Name), file, entry.Name)))
            .ToLookup(item => item.Stretch.Name, item => (item.Stretch.From, item.file, item.Name), StringComparer.Ordinal);
    }

    /// <summary>Opens the files of a checkpoint.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <exception cref="IOException">A file cannot be read, or one of a rank is missing.</exception>
    /// <exception cref="SafetensorsFormatException">A file is damaged.</exception>
    public static OptimizerFile Open(string folder) => new(folder);

    /// <summary>Copies a tensor of the file over one of the same shape and dtype.</summary>
    /// <param name="name">Name in the file, with the place where it begins if it is a stretch.</param>
    /// <param name="target">Where to.</param>
    /// <exception cref="InvalidDataException">The tensor is missing or has another shape or dtype.</exception>
    public void CopyTo(string name, Tensor target)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(target);
        var (whole, from) = Split(name);
        var stored = _stretches[whole].ToList();
        if (stored.Count == 0)
            throw new InvalidDataException($"{_folder}: expected a tensor {name} of the optimizer, there is none; it belongs to another model or optimizer");
        if (whole == name && stored is [var single] && single.Name == name)
            CopyWhole(single.File, name, target);
        else
            CopyStretches(stored, whole, from, target);
    }

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    /// <summary>Names of a checkpoint's files of the optimizer.</summary>
    internal static IReadOnlyList<string> Files(string folder)
    {
        var single = Path.Combine(folder, FileName);
        if (File.Exists(single))
            return [single];
        var first = Directory.EnumerateFiles(folder, $"{Path.GetFileNameWithoutExtension(FileName)}-00001-of-*{Path.GetExtension(FileName)}").FirstOrDefault();
        if (first is null)
            return [single]; // whose absence is told when it is opened
        var world = int.Parse(Path.GetFileNameWithoutExtension(first)[^5..], CultureInfo.InvariantCulture);
        return [.. Enumerable.Range(0, world).Select(rank => Path.Combine(folder, RankFileName(rank, world)))];
    }

    /// <summary>Whether a file of a checkpoint is one of the optimizer.</summary>
    internal static bool IsOne(string path) => Path.GetFileName(path) is var name && name.StartsWith("optimizer", StringComparison.Ordinal) && Path.GetExtension(name) == Path.GetExtension(FileName);

    /// <summary>Name of a rank's file.</summary>
    internal static string RankFileName(int rank, int world)
        => string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(FileName)}-{rank + 1:D5}-of-{world:D5}{Path.GetExtension(FileName)}");

    /// <summary>Name of a stretch.</summary>
    internal static string StretchName(string name, long from) => string.Create(CultureInfo.InvariantCulture, $"{name}{StretchMark}{from}");

    private static (string Name, long From) Split(string name)
    {
        var mark = name.LastIndexOf(StretchMark);
        return mark < 0 ? (name, 0) : (name[..mark], long.Parse(name.AsSpan(mark + 1), CultureInfo.InvariantCulture));
    }

    private static void CopyWhole(SafetensorsFile file, string name, Tensor target)
    {
        using var stored = file.Read(name);
        if (stored.dtype != target.dtype || !stored.shape.AsSpan().SequenceEqual(target.shape))
            throw new InvalidDataException($"{file.Path}: {name}: expected {target.dtype} [{string.Join(", ", target.shape)}], got {stored.dtype} [{string.Join(", ", stored.shape)}]");
        target.copy_(stored);
    }

    private void CopyStretches(List<(long From, SafetensorsFile File, string Name)> stored, string whole, long from, Tensor target)
    {
        var copied = 0L;
        foreach (var (storedFrom, file, name) in stored)
        {
            using var scope = NewDisposeScope();
            var stretch = file.Read(name);
            var (begin, end) = (Math.Max(from, storedFrom), Math.Min(from + target.numel(), storedFrom + stretch.numel()));
            if (stretch.dtype != target.dtype)
                throw new InvalidDataException($"{file.Path}: {name}: expected {target.dtype}, got {stretch.dtype}");
            if (begin >= end)
                continue;
            target.view(-1).narrow(0, begin - from, end - begin).copy_(stretch.view(-1).narrow(0, begin - storedFrom, end - begin));
            copied += end - begin;
        }

        if (copied != target.numel())
            throw new InvalidDataException($"{_folder}: {whole}: expected elements {from} to {from + target.numel() - 1}, got {copied} of them; it belongs to another model, or a part is missing");
    }
}
