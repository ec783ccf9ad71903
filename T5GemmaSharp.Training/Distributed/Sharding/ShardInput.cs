using System.Security.Cryptography;
using System.Text;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Distributed.Sharding;

/// <summary>The rows of one or many files, a line each, as if they were one file.</summary>
/// <param name="files">The files, in their order.</param>
internal sealed class ShardInput(IReadOnlyList<string> files)
{
    /// <summary>Counts the rows, and computes a hash of their bytes and of settings.</summary>
    /// <param name="settings">What else the output depends on.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public (long Rows, string Identity) Measure(string settings)
    {
        var rows = 0L;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(settings));
        foreach (var file in files)
        {
            using var stream = TextInput.Open(file);
            rows += new InputLines<int>(stream, file, (line, _) =>
            {
                hash.AppendData(line.Span);
                hash.AppendData("\n"u8);
                return 0;
            }).Count();
        }

        return (rows, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>Reads a range of rows, holding a few at a time.</summary>
    /// <typeparam name="T">What a row is.</typeparam>
    /// <param name="from">First row.</param>
    /// <param name="to">The row after the last one.</param>
    /// <param name="read">Reads a line, given with its place.</param>
    /// <exception cref="FormatException">A row of the range is not what was expected; the message names file and line.</exception>
    public IEnumerable<T> Read<T>(long from, long to, Func<ReadOnlyMemory<byte>, string, T> read)
    {
        var row = 0L;
        foreach (var file in files)
        {
            if (row >= to)
                yield break;
            using var stream = TextInput.Open(file);
            var lines = new InputLines<(bool IsWanted, T? Row)>(stream, file, (line, place) => row++ is var number && number >= from && number < to ? (true, read(line, place)) : (false, default));
            while (row < to && lines.ReadArrived() is { } arrived)
            {
                foreach (var item in arrived.Where(item => item.IsWanted))
                    yield return item.Row!; // it was read
            }
        }
    }
}
