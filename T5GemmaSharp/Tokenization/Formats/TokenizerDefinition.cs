using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>Everything that a tokenizer's files say together.</summary>
internal sealed record TokenizerDefinition
{
    public required TokenizerTables Tables { get; init; }

    public required int? BosId { get; init; }

    public required int? EosId { get; init; }

    public required int? PadId { get; init; }

    public required int? UnkId { get; init; }

    public required bool AddsBos { get; init; }

    public required bool AddsEos { get; init; }

    /// <summary>The settings files.</summary>
    public required TokenizerSettings Settings { get; init; }

    /// <summary>Reads the files of a tokenizer.</summary>
    /// <param name="files">The files.</param>
    /// <param name="addBos">Whether a text begins with bos; null: as the files say.</param>
    /// <param name="addEos">Whether a text ends with eos; null: as the files say.</param>
    /// <exception cref="TokenizerFormatException">A file is broken, asks for what Gemma's tokenizer is not, or does not say whether bos and eos are added.</exception>
    public static TokenizerDefinition Read(TokenizerFiles files, bool? addBos, bool? addEos)
    {
        var settings = ReadSettings(files, TokenizerFiles.TokenizerConfig).Or(ReadSettings(files, TokenizerFiles.SpecialTokensMap));
        var main = files.Read(files.Main)!; // the main file is always among them
        var name = files.Describe(files.Main);
        var tables = files.Main.EndsWith(".model", StringComparison.OrdinalIgnoreCase)
            ? SentencePieceReader.Read(main, name, settings.Or(ReadAddedTokens(files)))
            : TokenizerJsonReader.Read(main, name, settings);
        var (bosId, eosId) = (IdOf(tables, settings.BosToken, "<bos>"), IdOf(tables, settings.EosToken, "<eos>"));
        return new TokenizerDefinition
        {
            Tables = tables,
            BosId = bosId,
            EosId = eosId,
            PadId = IdOf(tables, settings.PadToken, "<pad>"),
            UnkId = IdOf(tables, settings.UnkToken, "<unk>"),
            AddsBos = addBos ?? settings.AddBosToken ?? TemplateAdds(files, tables, tables.Template?.Prefix, bosId, "bos"),
            AddsEos = addEos ?? settings.AddEosToken ?? TemplateAdds(files, tables, tables.Template?.Suffix, eosId, "eos"),
            Settings = settings,
        };
    }

    private static TokenizerSettings ReadSettings(TokenizerFiles files, string name)
        => files.Read(name) is { } json ? TokenizerSettings.Read(json, files.Describe(name)) : new TokenizerSettings();

    // Older folders list beside a tokenizer.model what newer ones have in tokenizer_config.json.
    private static TokenizerSettings ReadAddedTokens(TokenizerFiles files)
        => files.Read(TokenizerFiles.AddedTokens) is { } json ? TokenizerSettings.ReadAddedTokens(json, files.Describe(TokenizerFiles.AddedTokens)) : new TokenizerSettings();

    private static int? IdOf(TokenizerTables tables, JsonField? token, string defaultName)
        => tables.Pieces.Find(token?.String() ?? defaultName) is >= 0 and var id ? id : null;

    private static bool TemplateAdds(TokenizerFiles files, TokenizerTables tables, IReadOnlyList<string>? template, int? id, string name)
    {
        if (template is null)
        {
            throw new TokenizerFormatException(
                files.Describe(TokenizerFiles.TokenizerConfig),
                $"add_{name}_token",
                $"expected true or false, it is missing and {files.Main} does not say whether texts get {name}: write it there, or say it when you load the tokenizer");
        }

        if (template.Count == 0)
            return false;
        if (template.Count > 1 || tables.Pieces.Find(template[0]) != id)
            throw new TokenizerFormatException(files.Describe(files.Main), "post_processor.single", $"expected {name} or nothing, got {string.Join(" ", template)}");
        return true;
    }
}
