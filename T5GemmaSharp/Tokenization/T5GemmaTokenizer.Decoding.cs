using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tokenization;

/// <content>From ids to text.</content>
public sealed partial class T5GemmaTokenizer
{
    /// <summary>Turns ids into text.</summary>
    /// <param name="ids">Ids; those outside the vocabulary are ignored.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    /// <exception cref="ArgumentNullException"><paramref name="ids"/> is null.</exception>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using var text = new PooledBuffer<char>(capacity: 256);
        _decoder.Decode(ids, skipSpecialTokens, text);
        return text.Items.ToString();
    }

    /// <inheritdoc/>
    public override string Decode(IEnumerable<int> ids) => Decode(ids, skipSpecialTokens: false);

    /// <inheritdoc/>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var all = ids as IReadOnlyCollection<int> ?? [.. ids];
        using var text = new PooledBuffer<char>(destination.Length);
        idsConsumed = _decoder.Decode(all, skipSpecial: false, text, limit: destination.Length);
        text.Items.CopyTo(destination);
        charsWritten = text.Count;
        return idsConsumed == all.Count ? OperationStatus.Done : OperationStatus.DestinationTooSmall;
    }

    /// <summary>Starts a decoder that takes ids one at a time, for output that is shown while it is made.</summary>
    /// <param name="skipSpecialTokens">Whether special tokens are left out. Default true.</param>
    public TokenStreamDecoder CreateStreamDecoder(bool skipSpecialTokens = true) => new(_decoder, skipSpecialTokens);

    /// <summary>Appends the bytes that a token adds to a text, those of special tokens included; none for an id outside the vocabulary.</summary>
    internal void AppendBytes(int id, List<byte> bytes)
    {
        if (_decoder.Ignores(id, skipSpecial: false))
            return;
        if (_decoder.ByteOf(id) is { } value)
        {
            bytes.Add(value);
            return;
        }

        var text = _decoder.TextOf(id);
        var start = bytes.Count;
        CollectionsMarshal.SetCount(bytes, start + Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, CollectionsMarshal.AsSpan(bytes)[start..]);
    }
}
