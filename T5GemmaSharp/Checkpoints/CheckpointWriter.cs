using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>Writes a checkpoint folder as Hugging Face does: one safetensors file, or shards with an index above a size.</summary>
/// <remarks>HF: the weights part of <c>PreTrainedModel.save_pretrained</c>.</remarks>
public sealed class CheckpointWriter
{
    /// <summary>
    /// The most bytes of tensors in one file; default 50,000,000,000, transformers' own. A larger single tensor gets a file of its own.
    /// </summary>
    public long MaxShardSizeInBytes { get; init; } = 50_000_000_000;

    /// <summary>
    /// Writes the tensors into a folder, which is created if needed. All new files are complete and on the disk before any takes its
    /// place; files of an earlier save are removed only after that.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="tensors">The tensors by key; see <see cref="SafetensorsWriter.Write"/>. Shards are filled in this order.</param>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="MaxShardSizeInBytes"/> is not positive.</exception>
    /// <exception cref="ArgumentException">A tensor cannot be stored.</exception>
    /// <exception cref="IOException">A file cannot be written; the earlier save is unchanged unless renaming itself failed midway.</exception>
    public void Write(string folder, IReadOnlyDictionary<string, Tensor> tensors)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(tensors);
        Write(folder, SafetensorsWriter.Sources(tensors));
    }

    /// <summary>Writes tensors of which one at a time need exist.</summary>
    internal void Write(string folder, IReadOnlyDictionary<string, TensorSource> tensors)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxShardSizeInBytes);
        Directory.CreateDirectory(folder);
        var shards = Split(tensors);
        var files = new List<TemporaryFile>();
        try
        {
            for (var i = 0; i < shards.Count; i++)
            {
                var name = shards.Count == 1 ? CheckpointFiles.Single : CheckpointFiles.Shard(i + 1, shards.Count);
                files.Add(SafetensorsWriter.WriteTemporary(Path.Combine(folder, name), shards[i]));
            }

            if (shards.Count > 1)
                files.Add(WriteIndex(Path.Combine(folder, CheckpointFiles.Index), shards));
            CommitAll(folder, files);
            RemoveStale(folder, files.Select(file => Path.GetFileName(file.Path)).ToHashSet());
        }
        finally
        {
            foreach (var file in files)
                file.Dispose();
        }
    }

    private List<Dictionary<string, TensorSource>> Split(IReadOnlyDictionary<string, TensorSource> tensors)
    {
        var shards = new List<Dictionary<string, TensorSource>> { new() };
        long size = 0;
        foreach (var (key, tensor) in tensors)
        {
            var tensorSize = tensor.SizeInBytes;
            if (shards[^1].Count > 0 && size + tensorSize > MaxShardSizeInBytes)
            {
                shards.Add([]);
                size = 0;
            }

            shards[^1].Add(key, tensor);
            size += tensorSize;
        }

        return shards;
    }

    private static TemporaryFile WriteIndex(string path, List<Dictionary<string, TensorSource>> shards)
    {
        var weightMap = shards.SelectMany(
            (shard, i) => shard.Keys.Select(key => KeyValuePair.Create(key, CheckpointFiles.Shard(i + 1, shards.Count)))).ToArray();
        var tensors = shards.SelectMany(shard => shard.Values).ToArray();
        var bytes = new CheckpointIndex(weightMap).Write(tensors.Sum(tensor => tensor.SizeInBytes), tensors.Sum(tensor => tensor.ElementCount));
        var file = new TemporaryFile(path, bytes.Length);
        try
        {
            RandomAccess.Write(file.Handle, bytes, fileOffset: 0);
            file.Complete();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Moves all files to their places, the index last: it never names a file that is not there.</summary>
    /// <remarks>
    /// An older index is set aside first. Were the process to end between two shards, the folder would not load; with the older index
    /// in place it would load a mixture of both saves.
    /// </remarks>
    private static void CommitAll(string folder, List<TemporaryFile> files)
    {
        var index = Path.Combine(folder, CheckpointFiles.Index);
        var setAside = $"{index}.{Guid.NewGuid():N}.old";
        var hasOlderIndex = files.Count > 1 && File.Exists(index);
        if (hasOlderIndex)
            File.Move(index, setAside);
        var committed = 0;
        try
        {
            foreach (var file in files)
            {
                file.Commit();
                committed++;
            }
        }
        catch when (hasOlderIndex && committed == 0)
        {
            File.Move(setAside, index);
            throw;
        }

        if (hasOlderIndex)
            File.Delete(setAside);
    }

    private static void RemoveStale(string folder, HashSet<string> current)
    {
        foreach (var path in Directory.EnumerateFiles(folder).Where(path => CheckpointFiles.IsWeights(Path.GetFileName(path))).ToArray())
        {
            if (!current.Contains(Path.GetFileName(path)))
                File.Delete(path);
        }
    }
}
