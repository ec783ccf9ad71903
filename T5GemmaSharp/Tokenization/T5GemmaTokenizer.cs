using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Tokenization;

/// <summary>Gemma's byte-fallback BPE tokenizer, id for id as Hugging Face's.</summary>
/// <remarks>
/// HF: <c>GemmaTokenizerFast</c>. Immutable and thread-safe. Positions are UTF-16 code units, and a lone surrogate is read as U+FFFD.
/// The members of the base class add bos and eos as the tokenizer's files say.
/// </remarks>
public sealed partial class T5GemmaTokenizer : Tokenizer
{
    private readonly TokenizerFiles _files;
    private readonly TokenizerTables _tables;
    private readonly BpeEngine _engine;
    private readonly AddedTokenCutter _allTokens;
    private readonly AddedTokenCutter _ordinaryTokens;
    private readonly TokenDecoder _decoder;

    private T5GemmaTokenizer(TokenizerFiles files)
    {
        _files = files;
        var json = files.Read(TokenizerFiles.TokenizerJson)!; // every TokenizerFiles has it
        _tables = TokenizerJsonReader.Read(json, files.Describe(TokenizerFiles.TokenizerJson));
        _engine = new BpeEngine(_tables);
        _allTokens = new AddedTokenCutter(_tables.AddedTokens);
        _ordinaryTokens = new AddedTokenCutter(_tables.AddedTokens.Where(token => !token.IsSpecial));
        _decoder = new TokenDecoder(_tables);

        var settings = ReadSettings(TokenizerFiles.TokenizerConfig).Or(ReadSettings(TokenizerFiles.SpecialTokensMap));
        BosId = FindSpecial(settings.BosToken, "<bos>", "bos_token");
        EosId = FindSpecial(settings.EosToken, "<eos>", "eos_token");
        PadId = FindSpecial(settings.PadToken, "<pad>", "pad_token");
        UnkId = FindSpecial(settings.UnkToken, "<unk>", "unk_token");
        EndOfTurnId = TokenToId("<end_of_turn>");
        AddsBos = settings.AddBosToken ?? TemplateAdds(_tables.TemplatePrefix, BosId, "bos");
        AddsEos = settings.AddEosToken ?? TemplateAdds(_tables.TemplateSuffix, EosId, "eos");
        PaddingSide = settings.PaddingSide ?? PaddingSide.Right;
        _chatTemplates = new Lazy<IReadOnlyDictionary<string, ChatTemplate>>(() => ChatTemplateFiles.Read(files));
    }

    /// <summary>Number of ids, from 0 without holes.</summary>
    public int VocabularySize => _tables.Pieces.Count;

    /// <summary>Id of the token that begins a sequence; null when there is none.</summary>
    public int? BosId { get; }

    /// <summary>Id of the token that ends a sequence; null when there is none.</summary>
    public int? EosId { get; }

    /// <summary>Id of the padding token; null when there is none.</summary>
    public int? PadId { get; }

    /// <summary>Id of the unknown token; null when there is none. Encoding never yields it except for its literal text.</summary>
    public int? UnkId { get; }

    /// <summary>Id of <c>&lt;end_of_turn&gt;</c>; null when there is none.</summary>
    public int? EndOfTurnId { get; }

    /// <summary>Whether the tokenizer's files put bos in front of a text.</summary>
    public bool AddsBos { get; }

    /// <summary>Whether the tokenizer's files put eos behind a text.</summary>
    public bool AddsEos { get; }

    /// <summary>Side of the padding in the tokenizer's files; right when they do not say.</summary>
    public PaddingSide PaddingSide { get; }

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">A folder with <c>tokenizer.json</c> and optionally <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c>, or the <c>tokenizer.json</c> itself.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="DirectoryNotFoundException">There is neither a folder nor a file of this name.</exception>
    /// <exception cref="FileNotFoundException">The folder has no <c>tokenizer.json</c>.</exception>
    /// <exception cref="TokenizerFormatException">A file is broken or is not a Gemma tokenizer; the message names the field.</exception>
    public static T5GemmaTokenizer FromPretrained(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new T5GemmaTokenizer(TokenizerFiles.Of(path));
    }

    /// <summary>Reads a tokenizer from memory, for example from an embedded resource.</summary>
    /// <param name="tokenizerJson">The bytes of a <c>tokenizer.json</c>.</param>
    /// <param name="tokenizerConfigJson">The bytes of a <c>tokenizer_config.json</c>; null when there is none.</param>
    /// <exception cref="ArgumentNullException"><paramref name="tokenizerJson"/> is null.</exception>
    /// <exception cref="TokenizerFormatException">A file is broken or is not a Gemma tokenizer; the message names the field.</exception>
    public static T5GemmaTokenizer FromJson(byte[] tokenizerJson, byte[]? tokenizerConfigJson = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizerJson);
        return new T5GemmaTokenizer(TokenizerFiles.Of(tokenizerJson, tokenizerConfigJson));
    }

    /// <summary>Turns a text into ids.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="addBos">Whether bos goes in front; null: as the tokenizer's files say.</param>
    /// <param name="addEos">Whether eos goes behind; null: as the tokenizer's files say.</param>
    /// <param name="parseSpecial">Whether text such as <c>&lt;eos&gt;</c> becomes the special token; false for text that is not trusted.</param>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="InvalidOperationException">bos or eos is asked for and the tokenizer has none.</exception>
    public int[] Encode(string text, bool? addBos = null, bool? addEos = null, bool parseSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Encode(text.AsSpan(), addBos, addEos, parseSpecial);
    }

    /// <inheritdoc cref="Encode(string, bool?, bool?, bool)"/>
    public int[] Encode(ReadOnlySpan<char> text, bool? addBos = null, bool? addEos = null, bool parseSpecial = true)
    {
        var tokens = EncodeSpans(Clean(text), addBos ?? AddsBos, addEos ?? AddsEos, parseSpecial, normalize: true, out _);
        return [.. tokens.Select(token => token.Id)];
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
        var rows = texts.Select(text => Encode(text, options.AddBos, options.AddEos, options.ParseSpecial)).ToList();
        return BatchLayout.Pad(rows, options, PadId, endsWithEos: options.AddEos ?? AddsEos, options.PaddingSide ?? PaddingSide);
    }

    /// <summary>Turns ids into text.</summary>
    /// <param name="ids">Ids; those outside the vocabulary are ignored.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    /// <exception cref="ArgumentNullException"><paramref name="ids"/> is null.</exception>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return string.Concat(_decoder.Decode(ids, skipSpecialTokens).Select(part => part.Text));
    }

    /// <inheritdoc/>
    public override string Decode(IEnumerable<int> ids) => Decode(ids, skipSpecialTokens: false);

    /// <inheritdoc/>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        ArgumentNullException.ThrowIfNull(ids);
        idsConsumed = 0;
        charsWritten = 0;
        foreach (var (text, idsRead) in _decoder.Decode(ids, skipSpecial: false))
        {
            if (!text.TryCopyTo(destination[charsWritten..]))
                return OperationStatus.DestinationTooSmall;
            charsWritten += text.Length;
            idsConsumed = idsRead;
        }

        return OperationStatus.Done;
    }

    /// <summary>Id of a piece, written with ▁ for a space; null when it is not in the vocabulary.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    public int? TokenToId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _tables.Ids.TryGetValue(token, out var id) ? id : null;
    }

    /// <summary>Piece of an id, written with ▁ for a space; null when the id is outside the vocabulary.</summary>
    public string? IdToToken(int id) => id >= 0 && id < _tables.Pieces.Count ? _tables.Pieces[id] : null;

    /// <summary>Whether decoding may leave the token out.</summary>
    public bool IsSpecial(int id) => _decoder.IsSpecial(id);

    /// <summary>Writes the tokenizer's files into a folder, unchanged. Each file appears whole or not at all.</summary>
    /// <param name="folder">The folder; created if it is missing.</param>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is empty.</exception>
    /// <exception cref="IOException">A file cannot be written, or a source file is gone.</exception>
    public void SavePretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        _files.SaveTo(folder);
    }

    /// <inheritdoc/>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var clean = Clean(text is null ? textSpan : text.AsSpan());
        var tokens = EncodeSpans(clean, AddsBos, AddsEos, parseSpecial: true, settings.ConsiderNormalization, out var normalized);
        var count = Math.Min(tokens.Count, settings.MaxTokenCount);

        // The bytes of one character stay together.
        while (count > 0 && count < tokens.Count && tokens[count].Start < tokens[count - 1].End)
            count--;
        return new EncodeResults<EncodedToken>
        {
            Tokens = [.. tokens.Take(count).Select(token => new EncodedToken(token.Id, _tables.Pieces[token.Id], token.Start..token.End))],
            NormalizedText = normalized,
            CharsConsumed = count == tokens.Count ? clean.Length : count == 0 ? 0 : tokens[count - 1].End,
        };
    }

    private List<TokenSpan> EncodeSpans(string text, bool addBos, bool addEos, bool parseSpecial, bool normalize, out string normalized, IReadOnlyList<Range>? plainRanges = null)
    {
        normalized = normalize ? text.Replace(' ', '▁') : text;
        var cutter = parseSpecial ? _allTokens : _ordinaryTokens;
        var tokens = new List<TokenSpan>(text.Length / 3 + 2);
        if (addBos)
            tokens.Add(new TokenSpan(BosId ?? throw new InvalidOperationException("bos is asked for, the tokenizer has none"), Start: 0, End: 0));
        for (var position = 0; position < text.Length;)
        {
            var token = cutter.FindNext(text, position, out var start, plainRanges);
            _engine.Encode(normalized.AsSpan(position, start - position), position, tokens);
            position = start + (token?.Content.Length ?? 0);
            if (token is not null)
                tokens.Add(new TokenSpan(token.Id, start, position));
        }

        if (addEos)
            tokens.Add(new TokenSpan(EosId ?? throw new InvalidOperationException("eos is asked for, the tokenizer has none"), text.Length, text.Length));
        return tokens;
    }

    // The reference works on UTF-8, which cannot hold a lone surrogate: each arrives there as U+FFFD.
    private static string Clean(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return text.ToString();
        var builder = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            builder.Append(rune.ToString());
        return builder.ToString();
    }

    private TokenizerSettings ReadSettings(string name)
        => _files.Read(name) is { } json ? TokenizerSettings.Read(json, _files.Describe(name)) : new TokenizerSettings();

    private int? FindSpecial(string? name, string defaultName, string field)
    {
        if (name is null)
            return TokenToId(defaultName);
        return TokenToId(name)
            ?? throw new TokenizerFormatException(_files.Describe(TokenizerFiles.TokenizerConfig), field, $"expected a token of the vocabulary, got \"{name}\"");
    }

    private bool TemplateAdds(IReadOnlyList<string> template, int? id, string name)
    {
        if (template.Count == 0)
            return false;
        if (template.Count > 1 || TokenToId(template[0]) != id)
        {
            throw new TokenizerFormatException(
                _files.Describe(TokenizerFiles.TokenizerJson),
                "post_processor.single",
                $"expected {name} or nothing, got {string.Join(" ", template)}");
        }

        return true;
    }
}
