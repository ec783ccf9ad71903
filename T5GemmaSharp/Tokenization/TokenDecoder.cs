using System.Buffers;
using System.Globalization;
using System.Text;

namespace T5GemmaSharp.Tokenization;

/// <summary>Turns ids into text by Hugging Face's rules: a run of byte tokens is text only if the whole run is valid UTF-8.</summary>
internal sealed class TokenDecoder
{
    private readonly string[] _texts;
    private readonly byte?[] _bytes;
    private readonly HashSet<int> _specialIds;

    public TokenDecoder(TokenizerTables tables)
    {
        _texts = [.. tables.Pieces.Select(piece => piece.Replace('▁', ' '))];
        _bytes = [.. tables.Pieces.Select(ParseByte)];
        _specialIds = [.. tables.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Id)];
    }

    public bool IsSpecial(int id) => _specialIds.Contains(id);

    /// <summary>Yields the text of each token, or of each run of byte tokens, with the number of ids read so far.</summary>
    public IEnumerable<(string Text, int IdsRead)> Decode(IEnumerable<int> ids, bool skipSpecial)
    {
        var run = new List<byte>();
        var idsRead = 0;
        foreach (var id in ids)
        {
            if (id < 0 || id >= _texts.Length || (skipSpecial && IsSpecial(id)))
            {
                idsRead++;
                continue;
            }

            if (_bytes[id] is { } value)
            {
                run.Add(value);
            }
            else
            {
                if (run.Count > 0)
                    yield return (FlushRun(run), idsRead);
                yield return (_texts[id], idsRead + 1);
            }

            idsRead++;
        }

        if (run.Count > 0)
            yield return (FlushRun(run), idsRead);
    }

    private static string FlushRun(List<byte> run)
    {
        var bytes = run.ToArray();
        run.Clear();
        var builder = new StringBuilder(bytes.Length);
        for (var position = 0; position < bytes.Length;)
        {
            if (Rune.DecodeFromUtf8(bytes.AsSpan(position), out var rune, out var consumed) != OperationStatus.Done)
                return new string('\uFFFD', bytes.Length);
            builder.Append(rune.ToString());
            position += consumed;
        }

        return builder.ToString();
    }

    private static byte? ParseByte(string piece)
        => piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
            && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
