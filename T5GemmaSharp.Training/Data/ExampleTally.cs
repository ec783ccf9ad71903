using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace T5GemmaSharp.Training.Data;

/// <summary>By what examples are known again.</summary>
/// <param name="Counts">Examples of each epoch.</param>
/// <param name="Targets">Target tokens of all.</param>
/// <param name="Hash">SHA-256 over all ids, in hexadecimal digits.</param>
internal sealed record ExampleTally(IReadOnlyList<int> Counts, long Targets, string Hash)
{
    /// <summary>Reads all examples of the first epochs.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="epochs">How many epochs.</param>
    /// <param name="cancellation">Stops between two examples.</param>
    public static ExampleTally Of(IExampleSource<Seq2SeqExample> examples, int epochs, CancellationToken cancellation = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (counts, targets) = (new int[epochs], 0L);
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            counts[epoch] = examples.CountOf(epoch);
            for (var index = 0; index < counts[epoch]; index++)
            {
                cancellation.ThrowIfCancellationRequested();
                var example = examples[epoch, index];
                hash.AppendData(MemoryMarshal.AsBytes<int>([example.InputIds.Length, example.Labels.Length]));
                hash.AppendData(MemoryMarshal.AsBytes<int>(example.InputIds));
                hash.AppendData(MemoryMarshal.AsBytes<int>(example.Labels));
                targets += example.Targets;
            }
        }

        return new ExampleTally(counts, targets, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
