using System.Text.Json;

namespace T5GemmaSharp.Tokenization;

/// <summary>What <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> add to the tokenizer file; null where they are silent.</summary>
internal sealed record TokenizerSettings
{
    public string? BosToken { get; init; }

    public string? EosToken { get; init; }

    public string? PadToken { get; init; }

    public string? UnkToken { get; init; }

    public bool? AddBosToken { get; init; }

    public bool? AddEosToken { get; init; }

    public PaddingSide? PaddingSide { get; init; }

    /// <summary>Reads one of the two files.</summary>
    /// <exception cref="TokenizerFormatException">The file is not valid JSON or a field has the wrong type.</exception>
    public static TokenizerSettings Read(ReadOnlyMemory<byte> json, string file)
    {
        using var document = TokenizerJsonReader.ParseDocument(json, file);
        var root = new JsonField(file, "", document.RootElement);
        return new TokenizerSettings
        {
            BosToken = ReadToken(root.Find("bos_token")),
            EosToken = ReadToken(root.Find("eos_token")),
            PadToken = ReadToken(root.Find("pad_token")),
            UnkToken = ReadToken(root.Find("unk_token")),
            AddBosToken = root.Find("add_bos_token")?.Boolean(),
            AddEosToken = root.Find("add_eos_token")?.Boolean(),
            PaddingSide = ReadPaddingSide(root.Find("padding_side")),
        };
    }

    /// <summary>These settings, with those of another file where these are silent.</summary>
    public TokenizerSettings Or(TokenizerSettings other) => new()
    {
        BosToken = BosToken ?? other.BosToken,
        EosToken = EosToken ?? other.EosToken,
        PadToken = PadToken ?? other.PadToken,
        UnkToken = UnkToken ?? other.UnkToken,
        AddBosToken = AddBosToken ?? other.AddBosToken,
        AddEosToken = AddEosToken ?? other.AddEosToken,
        PaddingSide = PaddingSide ?? other.PaddingSide,
    };

    // A token is its text, or an object that holds the text as "content".
    private static string? ReadToken(JsonField? token) => token switch
    {
        null => null,
        { Kind: JsonValueKind.Object } field => field.Get("content").String(),
        { } field => field.String(),
    };

    private static PaddingSide? ReadPaddingSide(JsonField? side)
    {
        if (side is not { } field)
            return null;
        switch (field.String())
        {
            case "left":
                return Tokenization.PaddingSide.Left;
            case "right":
                return Tokenization.PaddingSide.Right;
            default:
                field.Reject("\"left\" or \"right\"");
                return null;
        }
    }
}
