using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace T5GemmaSharp.Training.Data;

/// <summary>Pairs in memory, the same in every epoch.</summary>
/// <param name="examples">The pairs.</param>
public sealed class Seq2SeqExamples(IReadOnlyList<Seq2SeqExample> examples) : IExampleSource<Seq2SeqExample>
{
    /// <summary>A hash of all ids, by which a run that goes on knows its data again.</summary>
    public string Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var example in examples)
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>([example.InputIds.Length, example.Labels.Length]));
            hash.AppendData(MemoryMarshal.AsBytes<int>(example.InputIds));
            hash.AppendData(MemoryMarshal.AsBytes<int>(example.Labels));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public Seq2SeqExample this[int epoch, int index] => examples[index];

    /// <inheritdoc/>
    public int CountOf(int epoch) => examples.Count;

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index) => examples[index].Length;
}
