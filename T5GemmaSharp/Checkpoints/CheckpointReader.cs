using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>
/// A checkpoint: one safetensors file, or a folder with <c>model.safetensors</c> or with shards and their index. Everything but the
/// tensors' values is checked when it is opened.
/// </summary>
/// <remarks>Tensors are mapped into memory without a copy; see <see cref="SafetensorsFile"/>. Not thread-safe.</remarks>
public sealed class CheckpointReader : IDisposable
{
    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, SafetensorsFile> _fileOfKey = [];
    private readonly List<string> _keys = [];

    private CheckpointReader(string path) => Path = path;

    /// <summary>The path that was opened.</summary>
    public string Path { get; }

    /// <summary>The names of all tensors, file by file, in the order of their bytes.</summary>
    public IReadOnlyList<string> Keys => _keys;

    /// <summary>Opens a checkpoint; reads no tensor.</summary>
    /// <param name="path">A folder or a safetensors file.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">There is no such file, or the folder holds no checkpoint, or a shard is missing.</exception>
    /// <exception cref="SafetensorsFormatException">A file breaks a rule of the format.</exception>
    /// <exception cref="CheckpointFormatException">The index is malformed, names a file elsewhere, or does not agree with the shards.</exception>
    public static CheckpointReader Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var reader = new CheckpointReader(path);
        try
        {
            if (File.Exists(path))
                reader.AddAll(reader.OpenFile(path));
            else
                reader.OpenFolder();
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor's entry.</summary>
    /// <param name="key">The tensor's name.</param>
    /// <param name="entry">The entry, or null when there is no such tensor. Its offset counts within its file.</param>
    /// <returns>Whether the checkpoint holds the tensor.</returns>
    public bool TryGetEntry(string key, [NotNullWhen(true)] out SafetensorsEntry? entry)
    {
        entry = null;
        return _fileOfKey.TryGetValue(key, out var file) && file.TryGetEntry(key, out entry);
    }

    /// <summary>Gives a tensor's entry.</summary>
    /// <param name="key">The tensor's name.</param>
    /// <returns>The entry. Its offset counts within its file.</returns>
    /// <exception cref="KeyNotFoundException">The checkpoint holds no such tensor.</exception>
    public SafetensorsEntry GetEntry(string key) => TryGetEntry(key, out var entry) ? entry : throw NotFound(key);

    /// <summary>Gives a tensor on the CPU that uses the mapped file as its memory; it stays valid after <see cref="Dispose"/>.</summary>
    /// <param name="key">The tensor's name.</param>
    /// <returns>The tensor in its stored shape and dtype; the caller owns it. See <see cref="SafetensorsFile.Read"/>.</returns>
    /// <exception cref="KeyNotFoundException">The checkpoint holds no such tensor.</exception>
    /// <exception cref="ObjectDisposedException">The checkpoint is closed.</exception>
    public Tensor Read(string key) => FileOf(key).Read(key);

    /// <summary>Closes all files. Tensors that were read stay valid.</summary>
    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    /// <summary>Copies a tensor into another of the same shape and any dtype and device, through a buffer of bounded size.</summary>
    internal void CopyTo(string key, Tensor destination) => FileOf(key).CopyTo(key, destination);

    private void OpenFolder()
    {
        if (!Directory.Exists(Path))
        {
            throw Path.EndsWith(".safetensors", StringComparison.Ordinal)
                ? new FileNotFoundException($"{Path}: there is no such file.", Path)
                : new DirectoryNotFoundException($"{Path}: there is no such folder. Expected a checkpoint folder or a .safetensors file.");
        }

        var single = System.IO.Path.Combine(Path, CheckpointFiles.Single);
        var index = System.IO.Path.Combine(Path, CheckpointFiles.Index);
        if (File.Exists(single))
            AddAll(OpenFile(single));
        else if (File.Exists(index))
            OpenShards(index);
        else
            throw new FileNotFoundException($"{Path}: expected {CheckpointFiles.Single} or {CheckpointFiles.Index}, got {DescribeFolder()}.", single);
    }

    private void OpenShards(string indexPath)
    {
        foreach (var shard in CheckpointIndex.Read(indexPath).WeightMap.GroupBy(pair => pair.Value, pair => pair.Key))
        {
            var path = System.IO.Path.Combine(Path, shard.Key);
            if (!File.Exists(path))
                throw new FileNotFoundException($"{indexPath}: the shard {shard.Key} does not exist. Download it again.", path);
            var file = OpenFile(path);
            var expected = shard.ToHashSet();
            if (expected.FirstOrDefault(key => !file.TryGetEntry(key, out _)) is { } absent)
                throw new CheckpointFormatException(path, absent, $"the tensor, as {CheckpointFiles.Index} says", "none");
            if (file.Entries.FirstOrDefault(entry => !expected.Contains(entry.Name)) is { } extra)
                throw new CheckpointFormatException(path, extra.Name, $"only tensors that {CheckpointFiles.Index} has in this file", "another");
            AddAll(file);
        }
    }

    /// <summary>Opens a file that this reader closes, whatever is found in it.</summary>
    private SafetensorsFile OpenFile(string path)
    {
        var file = SafetensorsFile.Open(path);
        _files.Add(file);
        return file;
    }

    private void AddAll(SafetensorsFile file)
    {
        foreach (var entry in file.Entries)
        {
            _fileOfKey.Add(entry.Name, file);
            _keys.Add(entry.Name);
        }
    }

    private string DescribeFolder()
    {
        var names = Directory.EnumerateFiles(Path).Select(file => System.IO.Path.GetFileName(file)).Order(StringComparer.Ordinal).ToArray();
        var pickle = names.FirstOrDefault(name => name.EndsWith(".bin", StringComparison.Ordinal) || name.EndsWith(".pt", StringComparison.Ordinal));
        if (pickle is not null)
            return $"{pickle}; convert it with transformers' save_pretrained, which writes safetensors";
        return names.Length == 0 ? "no files" : string.Join(", ", names.Take(10)) + (names.Length > 10 ? ", ..." : "");
    }

    /// <summary>Gives a tensor's file.</summary>
    internal SafetensorsFile FileOf(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return _fileOfKey.TryGetValue(key, out var file) ? file : throw NotFound(key);
    }

    private KeyNotFoundException NotFound(string key) => new($"{Path} holds no tensor {SafetensorsFormatException.Quote(key)}.");
}
