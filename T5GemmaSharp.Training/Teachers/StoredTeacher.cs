using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>
/// What a teacher has said of the targets of a data set, in a file: for each the likeliest tokens and what all others have together. Read where it is needed, so that the
/// memory does not grow with it; any thread may read.
/// </summary>
public sealed class StoredTeacher : ITeacher, IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly StoredTeacherHeader _header;
    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly long[] _epochStarts;

    private StoredTeacher(string path, SafeFileHandle file, StoredTeacherHeader header, IReadOnlyList<SafetensorsEntry> entries)
    {
        (_path, _file, _header) = (path, file, header);
        _entries = entries.ToDictionary(entry => entry.Name);
        CheckTensors();
        _epochStarts = Read<long>(StoredTeacherHeader.EpochStarts, 0, _entries[StoredTeacherHeader.EpochStarts].ElementCount);
        Digest = Convert.ToHexStringLower(Read<byte>(StoredTeacherHeader.Digest, 0, StoredTeacherHeader.DigestLength));
    }

    /// <summary>Tokens kept for each target.</summary>
    public int TopK => (int)_entries[StoredTeacherHeader.Ids].Shape[1];

    /// <summary>Target tokens of all examples.</summary>
    public long Targets => _entries[StoredTeacherHeader.LogRests].ElementCount;

    /// <summary>Epochs whose examples are there; a run of more epochs begins again with the first.</summary>
    public int Epochs => _epochStarts.Length - 1;

    /// <summary>Number of the teacher's logits.</summary>
    public long VocabSize => _header.VocabSize;

    /// <summary>Divisor of the teacher's logits; the model's are divided by it too.</summary>
    public double Temperature => _header.Temperature;

    /// <summary>Hash of the values, by which files are told apart.</summary>
    public string Digest { get; }

    /// <summary>Opens a file and checks what it is.</summary>
    /// <param name="path">A file of <c>distill-targets</c>.</param>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="SafetensorsFormatException">The file is damaged, for example cut.</exception>
    /// <exception cref="InvalidDataException">The file is something else, or of another version.</exception>
    public static StoredTeacher Open(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var header = StoredTeacherHeader.Parse(file);
        var handle = File.OpenHandle(path, options: FileOptions.RandomAccess);
        try
        {
            return new StoredTeacher(path, handle, header, file.Entries);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Checks that the ids stand for the tokens of a tokenizer.</summary>
    /// <exception cref="InvalidDataException">They do not.</exception>
    public void Check(T5GemmaTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (VocabularyHash.Of(tokenizer) is var actual && actual != _header.Vocabulary)
            throw new InvalidDataException($"{_path}: tokenizer: expected a teacher with the model's tokens (SHA-256 {actual}), got others ({_header.Vocabulary}); write it with a teacher of the same tokenizer");
    }

    /// <summary>Checks that the file is about these examples; all are read.</summary>
    /// <exception cref="InvalidDataException">It is about others.</exception>
    public void Check(IExampleSource<Seq2SeqExample> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var tally = ExampleTally.Of(examples, Epochs);
        int[] counts = [.. _epochStarts.Skip(1).Zip(_epochStarts, (end, start) => (int)(end - start))];
        if ((tally.Counts.SequenceEqual(counts), tally.Targets, tally.Hash) != (true, Targets, _header.Examples))
        {
            throw new InvalidDataException(
                $"{_path}: expected a teacher of these data ({string.Join("+", tally.Counts)} examples, {tally.Targets} targets, SHA-256 {tally.Hash}), "
                + $"got one of others ({string.Join("+", counts)} examples, {Targets} targets, {_header.Examples}); run distill-targets with the same data, lengths, objective and seed");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <inheritdoc/>
    string? ITeacher.Fault(T5GemmaConfig student) => student.Decoder.VocabSize == VocabSize
        ? null
        : $"{_path}: vocab_size: expected the {student.Decoder.VocabSize} of the model's decoder, got {VocabSize}";

    /// <inheritdoc/>
    ITeacherTargets ITeacher.Read(Seq2SeqBatch batch, Seq2SeqTensors tensors) => batch.TeacherRows!.To(TopK, tensors.Targets.device); // the task reads them with the batch

    /// <summary>Reads what there is of a batch.</summary>
    /// <param name="epoch">0 to <see cref="Epochs"/> - 1.</param>
    /// <param name="indices">Numbers of the examples in the epoch.</param>
    /// <exception cref="SafetensorsFormatException">The file was cut after it was opened.</exception>
    internal StoredRows Rows(int epoch, IReadOnlyList<int> indices)
    {
        var (ids, logProbabilities, logRests) = (new List<int>(), new List<float>(), new List<float>());
        foreach (var index in indices)
        {
            var ends = Read<long>(StoredTeacherHeader.ExampleStarts, _epochStarts[epoch] + index, count: 2);
            var (start, count) = (ends[0], ends[1] - ends[0]);
            if (start < 0 || count < 0 || ends[1] > Targets)
                throw new InvalidDataException($"{_path}: {StoredTeacherHeader.ExampleStarts}: expected rising numbers up to {Targets}, got {ends[0]} and {ends[1]} for example {index} of epoch {epoch}");
            ids.AddRange(Read<int>(StoredTeacherHeader.Ids, start * TopK, count * TopK));
            logProbabilities.AddRange(Logarithms(start * TopK, count * TopK));
            logRests.AddRange(Read<float>(StoredTeacherHeader.LogRests, start, count));
        }

        return new StoredRows([.. ids], [.. logProbabilities], [.. logRests]);
    }

    private IEnumerable<float> Logarithms(long start, long count) => _entries[StoredTeacherHeader.LogProbabilities].DType == ScalarType.Float32
        ? Read<float>(StoredTeacherHeader.LogProbabilities, start, count)
        : Read<Half>(StoredTeacherHeader.LogProbabilities, start, count).Select(value => (float)value);

    private T[] Read<T>(string name, long start, long count)
        where T : unmanaged
    {
        var values = new T[count];
        try
        {
            TensorTransfer.ReadExactly(_file, MemoryMarshal.AsBytes(values.AsSpan()), _entries[name].OffsetInBytes + (start * Unsafe.SizeOf<T>()));
            return values;
        }
        catch (EndOfStreamException exception)
        {
            throw new SafetensorsFormatException(_path, SafetensorsRule.FileTruncated, name, $"{count} elements from {start}", "an earlier end of the file", exception);
        }
    }

    private void CheckTensors()
    {
        var (ids, dtype) = (Shape(StoredTeacherHeader.Ids), _entries.GetValueOrDefault(StoredTeacherHeader.LogProbabilities)?.DType);
        var (examples, epochs) = (Shape(StoredTeacherHeader.ExampleStarts), Shape(StoredTeacherHeader.EpochStarts));
        if (ids.Count != 2 || ids[1] < 1 || ids[1] > VocabSize || examples.Count != 1 || epochs.Count != 1 || epochs[0] < 2 || dtype is not (ScalarType.Float16 or ScalarType.Float32))
            throw new InvalidDataException($"{_path}: expected the tensors of distill-targets, got {Describe()}");
        var expected = StoredTeacherHeader.Tensors(ids[0], (int)ids[1], dtype.Value, examples[0] - 1, (int)epochs[0] - 1);
        if (!expected.All(tensor => Shape(tensor.Key).SequenceEqual(tensor.Value.Shape) && _entries[tensor.Key].DType == tensor.Value.DType))
            throw new InvalidDataException($"{_path}: expected the tensors of distill-targets, got {Describe()}");
    }

    private IReadOnlyList<long> Shape(string name) => _entries.GetValueOrDefault(name)?.Shape ?? [-1];

    private string Describe() => string.Join(", ", _entries.Values.Select(entry => $"{entry.Name} {entry.DType} [{string.Join(", ", entry.Shape)}]"));
}
