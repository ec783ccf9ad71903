using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace T5GemmaSharp.Training.Data.Files.Storage;

/// <summary>Pairs of sequences of integers in temporary files, so that the memory does not grow with them. Written by one thread, then read by any.</summary>
internal sealed class TokenStore : IDisposable
{
    private static readonly int EntrySize = Unsafe.SizeOf<StoredExample>();

    private readonly TemporaryFile _integers;
    private readonly TemporaryFile _entries;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Creates an empty store.</summary>
    /// <param name="folder">Folder of the files; null: the system's.</param>
    /// <exception cref="IOException">The files cannot be created.</exception>
    public TokenStore(string? folder)
    {
        _integers = new TemporaryFile(folder);
        try
        {
            _entries = new TemporaryFile(folder);
        }
        catch
        {
            _integers.Dispose();
            throw;
        }
    }

    /// <summary>Number of pairs.</summary>
    public int Count { get; private set; }

    /// <summary>Integers of all pairs.</summary>
    public long Length { get; private set; }

    /// <summary>SHA-256 over the integers, their lengths, and what <see cref="Seal"/> was given; 64 hexadecimal digits.</summary>
    public string Fingerprint { get; private set; } = "";

    /// <summary>Where a pair lies.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such pair.</exception>
    public StoredExample this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            var entry = default(StoredExample);
            _entries.Read((long)index * EntrySize, new Span<StoredExample>(ref entry));
            return entry;
        }
    }

    /// <summary>Appends a pair.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Append(ReadOnlySpan<int> first, ReadOnlySpan<int> second)
    {
        var entry = new StoredExample(Length, first.Length, second.Length);
        Append(_entries, new ReadOnlySpan<StoredExample>(ref entry));
        Append(_integers, first);
        Append(_integers, second);
        Count = checked(Count + 1);
        Length += first.Length + second.Length;
    }

    /// <summary>Ends writing.</summary>
    /// <param name="settings">What the meaning of the integers depends on, for the fingerprint.</param>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Seal(string settings)
    {
        _hash.AppendData(Encoding.UTF8.GetBytes(settings));
        Fingerprint = Convert.ToHexStringLower(_hash.GetHashAndReset());
        _integers.Seal();
        _entries.Seal();
    }

    /// <summary>The first sequence of a pair.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such pair.</exception>
    public int[] First(int index)
    {
        var entry = this[index];
        return Read(entry.Start, entry.First);
    }

    /// <summary>The second sequence of a pair.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such pair.</exception>
    public int[] Second(int index)
    {
        var entry = this[index];
        return Read(entry.Start + entry.First, entry.Second);
    }

    /// <summary>Integers as they lie in the file.</summary>
    public int[] Read(long start, int count)
    {
        var integers = new int[count];
        _integers.Read<int>(start * sizeof(int), integers);
        return integers;
    }

    public void Dispose()
    {
        _integers.Dispose();
        _entries.Dispose();
        _hash.Dispose();
    }

    private void Append<T>(TemporaryFile file, ReadOnlySpan<T> items)
        where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(items);
        file.Append(bytes);
        _hash.AppendData(bytes);
    }
}
