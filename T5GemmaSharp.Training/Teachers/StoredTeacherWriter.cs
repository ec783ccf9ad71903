using System.Runtime.InteropServices;
using System.Security.Cryptography;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>Asks a teacher about all targets of a data set and writes what it says, an example at a time: the memory does not grow with the file.</summary>
internal sealed class StoredTeacherWriter
{
    private const int WindowBatches = 32; // which are sorted by length, for little padding

    private readonly ModelTeacher _teacher;
    private readonly IExampleSource<Seq2SeqExample> _examples;
    private readonly StoredTeacherOptions _options;
    private readonly IncrementalHash _digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly TemporaryFile _file;
    private readonly OrderedDictionary<string, long> _offsets;
    private double _rest;

    private StoredTeacherWriter(ModelTeacher teacher, IExampleSource<Seq2SeqExample> examples, StoredTeacherOptions options, TemporaryFile file, OrderedDictionary<string, long> offsets)
        => (_teacher, _examples, _options, _file, _offsets) = (teacher, examples, options, file, offsets);

    /// <summary>Writes a file; it takes its place, over an older one, when it is complete and on the disk.</summary>
    /// <param name="path">The file.</param>
    /// <param name="teacher">The teacher, whose temperature becomes the file's.</param>
    /// <param name="examples">The examples.</param>
    /// <param name="vocabulary">The tokenizer's <see cref="VocabularyHash"/>.</param>
    /// <param name="options">How much is kept.</param>
    /// <param name="cancellation">Ends the work; no file is left.</param>
    /// <exception cref="ArgumentException">More tokens are asked for than the vocabulary has.</exception>
    /// <exception cref="IOException">The file cannot be written, or the disk is too small for it.</exception>
    public static StoredTeacherSummary Write(
        string path, ModelTeacher teacher, IExampleSource<Seq2SeqExample> examples, string vocabulary, StoredTeacherOptions options, CancellationToken cancellation = default)
    {
        if (options.TopK < 1 || options.TopK > teacher.VocabSize)
            throw new ArgumentException($"top-k: expected 1 to the teacher's {teacher.VocabSize} tokens, got {options.TopK}");
        var tally = ExampleTally.Of(examples, options.Epochs, cancellation);
        var header = new StoredTeacherHeader(teacher.VocabSize, teacher.Temperature, vocabulary, tally.Hash);
        var count = tally.Counts.Sum(each => (long)each);
        var tensors = StoredTeacherHeader.Tensors(tally.Targets, options.TopK, options.DType, count, options.Epochs);
        var (file, offsets) = SafetensorsWriter.Begin(path, tensors, header.ToMetadata());
        using (file)
        {
            var rest = new StoredTeacherWriter(teacher, examples, options, file, offsets).Fill(tally, cancellation);
            file.Complete();
            file.Commit();
            return new StoredTeacherSummary(count, tally.Targets, 1 - (rest / tally.Targets));
        }
    }

    private double Fill(ExampleTally tally, CancellationToken cancellation)
    {
        using var digest = _digest;
        var (examples, targets) = (0L, 0L);
        Put(StoredTeacherHeader.EpochStarts, 0, [examples]);
        Put(StoredTeacherHeader.ExampleStarts, 0, [targets]);
        for (var epoch = 0; epoch < tally.Counts.Count; epoch++)
        {
            foreach (var window in Enumerable.Range(0, tally.Counts[epoch]).Chunk(WindowBatches * _options.BatchSize))
            {
                var rows = new List<(Seq2SeqExample Example, long Start)>();
                foreach (var index in window)
                {
                    rows.Add((_examples[epoch, index], targets));
                    targets += rows[^1].Example.Targets;
                    Put(StoredTeacherHeader.ExampleStarts, ++examples, [targets]);
                }

                foreach (var batch in rows.OrderByDescending(row => row.Example.Length.Tokens).Chunk(_options.BatchSize))
                {
                    cancellation.ThrowIfCancellationRequested();
                    Answer(batch);
                }
            }

            Put(StoredTeacherHeader.EpochStarts, epoch + 1, [examples]);
        }

        Put(StoredTeacherHeader.Digest, 0, digest.GetHashAndReset());
        return _rest;
    }

    private void Answer((Seq2SeqExample Example, long Start)[] rows)
    {
        using var scope = NewDisposeScope();
        var batch = Seq2SeqBatch.Create([.. rows.Select(row => row.Example)], padId: 0); // the mask hides padding, and the teacher has its own in the decoder
        var (ids, logProbabilities, logRests) = Answer(_teacher.States(batch.To(_teacher.Device)));
        var from = 0L;
        foreach (var (example, start) in rows)
        {
            var count = example.Targets;
            PutRows(StoredTeacherHeader.Ids, start, ids.narrow(0, from, count));
            PutRows(StoredTeacherHeader.LogProbabilities, start, logProbabilities.narrow(0, from, count));
            PutRows(StoredTeacherHeader.LogRests, start, logRests.narrow(0, from, count));
            from += count;
        }

        _rest += logRests.to(ScalarType.Float64).exp().sum().item<double>();
    }

    /// <summary>The likeliest tokens of targets, on the CPU as they are stored.</summary>
    /// <param name="states">The teacher's states [N, D].</param>
    private (Tensor Ids, Tensor LogProbabilities, Tensor LogRests) Answer(Tensor states)
    {
        var (ids, logProbabilities, logRests) = (new List<Tensor>(), new List<Tensor>(), new List<Tensor>());
        for (long from = 0; from < states.size(0); from += _options.ChunkSize)
        {
            using var scope = NewDisposeScope();
            var all = _teacher.LogProbabilities(states.narrow(0, from, Math.Min(_options.ChunkSize, states.size(0) - from)));
            var (values, tokens) = all.topk(_options.TopK, dim: -1);
            ids.Add(scope.MoveToOuter(tokens.to(ScalarType.Int32).cpu()));
            logProbabilities.Add(scope.MoveToOuter(values.to(_options.DType).cpu()));
            logRests.Add(scope.MoveToOuter(SoftenedLogits.LogRest(all, tokens).cpu()));
        }

        return ids.Count == 0 ? (empty(0), empty(0), empty(0)) : (cat(ids, 0), cat(logProbabilities, 0), cat(logRests, 0));
    }

    private void PutRows(string name, long row, Tensor rows)
    {
        if (rows.numel() == 0)
            return;
        var bytes = rows.bytes; // contiguous: whole rows of a contiguous tensor
        _digest.AppendData(bytes);
        RandomAccess.Write(_file.Handle, bytes, _offsets[name] + (row * (bytes.Length / rows.size(0))));
    }

    private void Put<T>(string name, long index, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(values);
        RandomAccess.Write(_file.Handle, bytes, _offsets[name] + (index * (bytes.Length / values.Length)));
    }
}
