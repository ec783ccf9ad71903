using System.Text.Json;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>What <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> add to the tokenizer file; null or empty where they are silent.</summary>
internal sealed record TokenizerSettings
{
    public JsonField? BosToken { get; init; }

    public JsonField? EosToken { get; init; }

    public JsonField? PadToken { get; init; }

    public JsonField? UnkToken { get; init; }

    public IReadOnlyList<JsonField> AdditionalSpecialTokens { get; init; } = [];

    public IReadOnlyList<AddedTokenEntry> AddedTokens { get; init; } = [];

    public bool? AddBosToken { get; init; }

    public bool? AddEosToken { get; init; }

    public PaddingSide? PaddingSide { get; init; }

    public TruncationSide? TruncationSide { get; init; }

    /// <summary>Longest input; null also for the huge number that transformers writes when there is no limit.</summary>
    public int? ModelMaxLength { get; init; }

    /// <summary>Reads one of the two files.</summary>
    /// <exception cref="TokenizerFormatException">The file is not valid JSON or a field has the wrong type.</exception>
    public static TokenizerSettings Read(ReadOnlyMemory<byte> json, string file)
    {
        var root = Parse(json, file);
        return JsonSections.Guard(file, () => Read(root));
    }

    /// <summary>Reads <c>added_tokens.json</c>: <c>{"text": id, ...}</c>, none of them special.</summary>
    /// <exception cref="TokenizerFormatException">The file is not valid JSON or a field has the wrong type.</exception>
    public static TokenizerSettings ReadAddedTokens(ReadOnlyMemory<byte> json, string file)
    {
        var root = Parse(json, file);
        return new TokenizerSettings
        {
            AddedTokens = JsonSections.Guard<List<AddedTokenEntry>>(file, () => [.. root.Properties().Select(token => AddedTokenEntry.ReadId(token.Name, token.Value))]),
        };
    }

    /// <summary>These settings, with those of another file where these are silent.</summary>
    public TokenizerSettings Or(TokenizerSettings other) => new()
    {
        BosToken = BosToken ?? other.BosToken,
        EosToken = EosToken ?? other.EosToken,
        PadToken = PadToken ?? other.PadToken,
        UnkToken = UnkToken ?? other.UnkToken,
        AdditionalSpecialTokens = AdditionalSpecialTokens.Count > 0 ? AdditionalSpecialTokens : other.AdditionalSpecialTokens,
        AddedTokens = AddedTokens.Count > 0 ? AddedTokens : other.AddedTokens,
        AddBosToken = AddBosToken ?? other.AddBosToken,
        AddEosToken = AddEosToken ?? other.AddEosToken,
        PaddingSide = PaddingSide ?? other.PaddingSide,
        TruncationSide = TruncationSide ?? other.TruncationSide,
        ModelMaxLength = ModelMaxLength ?? other.ModelMaxLength,
    };

    /// <summary>Adds the tokens that these settings list or name.</summary>
    public void AddTokensTo(AddedTokenList tokens)
    {
        foreach (var entry in AddedTokens)
            tokens.Add(entry);
        foreach (var name in new[] { BosToken, EosToken, PadToken, UnkToken }.OfType<JsonField>().Concat(AdditionalSpecialTokens))
            tokens.AddSpecial(name);
    }

    private static TokenizerSettings Read(JsonField root) => new()
    {
        BosToken = FindToken(root, "bos_token"),
        EosToken = FindToken(root, "eos_token"),
        PadToken = FindToken(root, "pad_token"),
        UnkToken = FindToken(root, "unk_token"),
        AdditionalSpecialTokens = root.Find("additional_special_tokens") is { } list ? [.. list.Items().Select(ToToken)] : [],
        AddedTokens = root.Find("added_tokens_decoder") is { } tokens ? [.. tokens.Properties().Select(token => AddedTokenEntry.Read(token.Name, token.Value))] : [],
        AddBosToken = root.Find("add_bos_token")?.Boolean(),
        AddEosToken = root.Find("add_eos_token")?.Boolean(),
        PaddingSide = ReadSide(root.Find("padding_side")) is { } padding ? padding == "left" ? Tokenization.PaddingSide.Left : Tokenization.PaddingSide.Right : null,
        TruncationSide = ReadSide(root.Find("truncation_side")) is { } truncation ? truncation == "left" ? Tokenization.TruncationSide.Left : Tokenization.TruncationSide.Right : null,
        ModelMaxLength = ReadLength(root.Find("model_max_length")),
    };

    // A copy, which outlives the document: messages quote it later.
    private static JsonField Parse(ReadOnlyMemory<byte> json, string file)
    {
        using var document = JsonSections.ParseDocument(json, file);
        return new JsonField(file, "", document.RootElement.Clone());
    }

    private static JsonField? FindToken(JsonField root, string name) => root.Find(name) is { } token ? ToToken(token) : null;

    // A token is its text, or an object that holds the text as "content".
    private static JsonField ToToken(JsonField token)
    {
        var content = token.Kind == JsonValueKind.Object ? token.Get("content") : token;
        _ = content.String();
        return content;
    }

    private static string? ReadSide(JsonField? side)
    {
        if (side is { } field && field.String() is not ("left" or "right"))
            field.Reject("\"left\" or \"right\"");
        return side?.String();
    }

    private static int? ReadLength(JsonField? length)
    {
        if (length is not { } field)
            return null;
        if (field.Number() < 1)
            field.Reject("a number of at least 1");
        return field.Number() <= int.MaxValue ? (int)field.Number() : null;
    }
}
