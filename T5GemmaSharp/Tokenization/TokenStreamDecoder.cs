using System.Buffers;
using System.Text;
using T5GemmaSharp.Tokenization.Decoding;

namespace T5GemmaSharp.Tokenization;

/// <summary>Turns ids into text one at a time, and gives each character as soon as nothing that follows can change it. Not thread-safe.</summary>
/// <remarks>
/// HF: <c>DecodeStream</c>, with the same chunks for all ids whose bytes are valid UTF-8. Unlike it, this one never throws, and bytes that are not valid
/// become one U+FFFD each where they stand, while <see cref="T5GemmaTokenizer.Decode(IEnumerable{int}, bool)"/> replaces the whole run of byte tokens around them.
/// </remarks>
public sealed class TokenStreamDecoder
{
    private readonly TokenDecoder _decoder;
    private readonly bool _skipSpecialTokens;
    private readonly byte[] _pending = new byte[4]; // the beginning of a character
    private int _pendingCount;

    internal TokenStreamDecoder(TokenDecoder decoder, bool skipSpecialTokens) => (_decoder, _skipSpecialTokens) = (decoder, skipSpecialTokens);

    /// <summary>Takes the next id.</summary>
    /// <param name="id">The id; one outside the vocabulary is ignored.</param>
    /// <returns>The text that is final now; empty when there is none.</returns>
    public string Append(int id)
    {
        if (_decoder.Ignores(id, _skipSpecialTokens))
            return "";
        return _decoder.ByteOf(id) is { } value ? AppendByte(value) : string.Concat(Flush(), _decoder.TextOf(id));
    }

    /// <summary>Ends the text, or a part of it after which no character goes on.</summary>
    /// <returns>One U+FFFD for each byte of a character that was not finished; mostly empty.</returns>
    public string Flush()
    {
        var rest = new string('\uFFFD', _pendingCount);
        _pendingCount = 0;
        return rest;
    }

    private string AppendByte(byte value)
    {
        _pending[_pendingCount++] = value;
        var text = "";
        while (_pendingCount > 0)
        {
            var status = Rune.DecodeFromUtf8(_pending.AsSpan(0, _pendingCount), out var rune, out var consumed);
            if (status == OperationStatus.NeedMoreData)
                break;
            text += status == OperationStatus.Done ? rune.ToString() : new string('\uFFFD', consumed);
            _pending.AsSpan(consumed.._pendingCount).CopyTo(_pending);
            _pendingCount -= consumed;
        }

        return text;
    }
}
