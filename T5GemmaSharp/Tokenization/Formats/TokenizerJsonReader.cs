using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>Reads Hugging Face's <c>tokenizer.json</c>, checking every setting that the BPE engine takes for granted.</summary>
internal sealed class TokenizerJsonReader
{
    private readonly string _file;
    private readonly PieceTableBuilder _pieces = new();

    private TokenizerJsonReader(string file) => _file = file;

    /// <summary>Reads the tables of one file.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="settings">What other files of the folder add.</param>
    /// <exception cref="TokenizerFormatException">The file is not valid JSON, a field is missing or mistyped, or a setting is not Gemma's.</exception>
    public static TokenizerTables Read(ReadOnlyMemory<byte> json, string file, TokenizerSettings settings)
    {
        using var root = new JsonSections(file, "", json);
        return JsonSections.Guard(file, () => new TokenizerJsonReader(file).Read(root, settings));
    }

    private TokenizerTables Read(JsonSections root, TokenizerSettings settings)
    {
        using var model = root.Open("model");
        CheckModel(model);
        CheckNormalizer(root.Get("normalizer"));
        CheckPreTokenizer(root.Find("pre_tokenizer"));
        CheckDecoder(root.Get("decoder"));

        var vocabulary = new VocabularyReader(_file, _pieces);
        vocabulary.ReadVocabulary(model.GetBytes("vocab").Span);
        var addedTokens = new AddedTokenList(_pieces);
        foreach (var token in root.Find("added_tokens")?.Items() ?? [])
            addedTokens.Add(AddedTokenEntry.Read(token, token.Get("id")));
        settings.AddTokensTo(addedTokens);
        var merges = vocabulary.ReadMerges(model.GetBytes("merges").Span);
        return TableAssembly.Assemble(_file, "model.vocab", "model.merges", _pieces, addedTokens, merges, ReadTemplate(root.Find("post_processor")));
    }

    private static void CheckModel(JsonSections model)
    {
        model.Get("type").Expect("BPE");
        model.Get("byte_fallback").Expect(true);
        model.Find("ignore_merges")?.Expect(false);
        model.Find("dropout")?.Reject("no dropout");
        foreach (var name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
        {
            if (model.Find(name) is { } affix && affix.String().Length > 0)
                affix.Reject("none");
        }
    }

    private static void CheckNormalizer(JsonField normalizer) => CheckReplace(normalizer, from: " ", to: "▁");

    private static void CheckPreTokenizer(JsonField? preTokenizer)
    {
        // Gemma's splits at spaces, of which the normalizer has left none, so it never does anything.
        if (preTokenizer is not { } field)
            return;
        field.Get("type").Expect("Split");
        field.Get("pattern").Get("String").Expect(" ");
    }

    private static void CheckDecoder(JsonField decoder)
    {
        decoder.Get("type").Expect("Sequence");
        var decoders = decoder.Get("decoders");
        var steps = decoders.Items().ToList();
        if (steps.Count != 3)
            decoders.Reject("the three steps Replace, ByteFallback, Fuse");
        CheckReplace(steps[0], from: "▁", to: " ");
        steps[1].Get("type").Expect("ByteFallback");
        steps[2].Get("type").Expect("Fuse");
    }

    private static void CheckReplace(JsonField step, string from, string to)
    {
        step.Get("type").Expect("Replace");
        step.Get("pattern").Get("String").Expect(from);
        step.Get("content").Expect(to);
    }

    private TextTemplate ReadTemplate(JsonField? postProcessor)
    {
        if (postProcessor is not { } field)
            return TextTemplate.Bare;
        field.Get("type").Expect("TemplateProcessing");
        List<string> prefix = [], suffix = [];
        var afterText = false;
        foreach (var item in field.Get("single").Items())
        {
            if (item.Find("SpecialToken") is { } special)
                (afterText ? suffix : prefix).Add(ReadTemplateToken(special.Get("id")));
            else if (item.Find("Sequence") is not null && !afterText)
                afterText = true;
            else
                item.Reject("a SpecialToken or the one Sequence");
        }

        if (!afterText)
            field.Get("single").Reject("a Sequence");
        return new TextTemplate(prefix, suffix);
    }

    private string ReadTemplateToken(JsonField name)
    {
        if (_pieces.Find(name.String()) == PieceTable.NotFound)
            name.Reject("a token of the vocabulary");
        return name.String();
    }
}
