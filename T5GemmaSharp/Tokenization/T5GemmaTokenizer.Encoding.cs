using Microsoft.ML.Tokenizers;
using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tokenization;

/// <content>From text to ids.</content>
public sealed partial class T5GemmaTokenizer
{
    /// <summary>Turns a text into ids.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="addBos">Whether bos goes in front; null: as the tokenizer's files say.</param>
    /// <param name="addEos">Whether eos goes behind; null: as the tokenizer's files say.</param>
    /// <param name="parseSpecial">Whether text such as <c>&lt;eos&gt;</c> becomes the special token; false for text that is not trusted (HF: <c>split_special_tokens=True</c>).</param>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="InvalidOperationException">bos or eos is asked for and the tokenizer has none.</exception>
    public int[] Encode(string text, bool? addBos = null, bool? addEos = null, bool parseSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Encode(text.AsSpan(), addBos, addEos, parseSpecial);
    }

    /// <inheritdoc cref="Encode(string, bool?, bool?, bool)"/>
    public int[] Encode(ReadOnlySpan<char> text, bool? addBos = null, bool? addEos = null, bool parseSpecial = true)
        => EncodeIds(TextEncoder.Clean(text), addBos, addEos, PlainRanges.Of(parseSpecial), normalize: true);

    /// <summary>Turns a text into tokens with their pieces and the ranges of the text that they came from.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="addBos">Whether bos goes in front; null: as the tokenizer's files say.</param>
    /// <param name="addEos">Whether eos goes behind; null: as the tokenizer's files say.</param>
    /// <param name="parseSpecial">Whether text such as <c>&lt;eos&gt;</c> becomes the special token; false for text that is not trusted.</param>
    /// <returns>
    /// The tokens (HF: <c>offset_mapping</c>, here in UTF-16 code units). The tokens of one character's bytes all have the character's range, bos and eos have empty ranges.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="InvalidOperationException">bos or eos is asked for and the tokenizer has none.</exception>
    public IReadOnlyList<EncodedToken> EncodeToTokens(string text, bool? addBos, bool? addEos, bool parseSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. EncodeSpans(TextEncoder.Clean(text), addBos, addEos, PlainRanges.Of(parseSpecial), normalize: true).Select(ToEncodedToken)];
    }

    /// <summary>Turns texts into one padded batch.</summary>
    /// <param name="texts">One text a row.</param>
    /// <param name="options">Layout of the rows; null: the defaults.</param>
    /// <returns>Ids and mask [B, S], int64, on the CPU.</returns>
    /// <exception cref="ArgumentException">There is no text, a text is null, or an option is out of range.</exception>
    /// <exception cref="InvalidOperationException">Rows of unequal length need padding and the tokenizer has no padding token.</exception>
    public TokenBatch EncodeBatch(IReadOnlyList<string> texts, BatchEncodingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        options ??= new BatchEncodingOptions();
        var (bos, eos) = (options.AddBos ?? AddsBos, options.AddEos ?? AddsEos);
        BatchLayout.Check(texts.Count, options, addedTokens: (bos ? 1 : 0) + (eos ? 1 : 0));
        var rows = texts
            .Select(text => Encode(text, bos, eos, options.ParseSpecial))
            .Select(row => BatchLayout.Truncate(row, options.MaxLength, options.TruncationSide ?? TruncationSide, bos, eos))
            .ToList();
        return BatchLayout.Pad(rows, options, PadId, options.PaddingSide ?? PaddingSide);
    }

    /// <summary>Lays rows of ids, for example of <see cref="EncodeChat"/>, out as one padded batch.</summary>
    /// <remarks>HF: <c>tokenizer.pad</c>.</remarks>
    /// <param name="rows">One row of ids each; nothing is added to them or cut.</param>
    /// <returns>Ids and mask [B, S], int64, on the CPU.</returns>
    /// <exception cref="ArgumentException">There is no row.</exception>
    /// <exception cref="InvalidOperationException">Rows of unequal length need padding and the tokenizer has no padding token.</exception>
    public TokenBatch Pad(IReadOnlyList<int[]> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0)
            throw new ArgumentException("rows: expected at least one row, got none", nameof(rows));
        return BatchLayout.Pad(rows, new BatchEncodingOptions(), PadId, PaddingSide);
    }

    /// <inheritdoc/>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var (tokens, clean, consumed) = EncodeUpTo(text, textSpan, settings);
        return new EncodeResults<EncodedToken>
        {
            Tokens = [.. tokens.Select(ToEncodedToken)],
            NormalizedText = Normalize(clean, settings.ConsiderNormalization),
            CharsConsumed = consumed,
        };
    }

    /// <inheritdoc/>
    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        if (settings.MaxTokenCount < int.MaxValue)
        {
            var (tokens, part, consumed) = EncodeUpTo(text, textSpan, settings);
            return new EncodeResults<int>
            {
                Tokens = [.. tokens.Select(token => token.Id)],
                NormalizedText = Normalize(part, settings.ConsiderNormalization),
                CharsConsumed = consumed,
            };
        }

        var clean = TextEncoder.Clean(text ?? textSpan);
        return new EncodeResults<int>
        {
            Tokens = EncodeIds(clean, addBos: null, addEos: null, PlainRanges.Of(parseSpecial: true), settings.ConsiderNormalization),
            NormalizedText = Normalize(clean, settings.ConsiderNormalization),
            CharsConsumed = clean.Length,
        };
    }

    /// <inheritdoc/>
    protected override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
        => EncodeToIds(text, textSpan, settings).Tokens.Count;

    private (IReadOnlyList<TokenSpan> Tokens, string Text, int Consumed) EncodeUpTo(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var clean = TextEncoder.Clean(text ?? textSpan).ToString();
        var tokens = EncodeSpans(clean, addBos: null, addEos: null, PlainRanges.Of(parseSpecial: true), settings.ConsiderNormalization);
        var count = Math.Min(tokens.Count, settings.MaxTokenCount);

        // The bytes of one character stay together.
        while (count > 0 && count < tokens.Count && tokens[count].Start < tokens[count - 1].End)
            count--;
        var consumed = count == tokens.Count ? clean.Length : count == 0 ? 0 : tokens[count - 1].End;
        return (tokens.GetRange(0, count), clean, consumed);
    }

    private int[] EncodeIds(ReadOnlySpan<char> clean, bool? addBos, bool? addEos, PlainRanges plain, bool normalize)
    {
        using var ids = new PooledBuffer<int>(capacity: (clean.Length / 2) + 2);
        if (addBos ?? AddsBos)
            ids.Add(Demand(BosId, "bos"));
        _encoder.Encode(clean, plain, normalize, ids);
        if (addEos ?? AddsEos)
            ids.Add(Demand(EosId, "eos"));
        return ids.Items.ToArray();
    }

    private List<TokenSpan> EncodeSpans(ReadOnlySpan<char> clean, bool? addBos, bool? addEos, PlainRanges plain, bool normalize)
    {
        var tokens = new List<TokenSpan>();
        if (addBos ?? AddsBos)
            tokens.Add(new TokenSpan(Demand(BosId, "bos"), Start: 0, End: 0));
        _encoder.EncodeWithRanges(clean, plain, normalize, tokens);
        if (addEos ?? AddsEos)
            tokens.Add(new TokenSpan(Demand(EosId, "eos"), clean.Length, clean.Length));
        return tokens;
    }

    private EncodedToken ToEncodedToken(TokenSpan token) => new(token.Id, _pieces[token.Id].ToString(), token.Start..token.End);

    private static string Normalize(ReadOnlySpan<char> text, bool normalize)
        => normalize ? text.ToString().Replace(' ', '▁') : text.ToString();

    private static int Demand(int? id, string name) => id ?? throw new InvalidOperationException($"{name} is asked for, the tokenizer has none");
}
