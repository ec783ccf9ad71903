using System.Globalization;
using System.Text.Json;

namespace T5GemmaSharp.Tokenization;

/// <summary>Reads Hugging Face's <c>tokenizer.json</c>, checking every setting that the BPE engine takes for granted.</summary>
internal sealed class TokenizerJsonReader
{
    private const int MaximumId = 1 << 24;
    private static readonly JsonDocumentOptions StrictJson = new() { AllowDuplicateProperties = false };

    private readonly string _file;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    private TokenizerJsonReader(string file) => _file = file;

    /// <summary>Reads the tables of one file.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="file">The file's name, for messages.</param>
    /// <exception cref="TokenizerFormatException">The file is not valid JSON, a field is missing or mistyped, or a setting is not Gemma's.</exception>
    public static TokenizerTables Read(ReadOnlyMemory<byte> json, string file)
    {
        using var document = ParseDocument(json, file);
        try
        {
            return new TokenizerJsonReader(file).Read(new JsonField(file, "", document.RootElement));
        }
        catch (InvalidOperationException exception)
        {
            // JsonElement.GetString refuses text that is no valid UTF-16, such as a lone surrogate escape.
            throw new TokenizerFormatException(file, "text", exception.Message, exception);
        }
    }

    /// <summary>Parses a JSON file, refusing duplicate keys.</summary>
    public static JsonDocument ParseDocument(ReadOnlyMemory<byte> json, string file)
    {
        try
        {
            return JsonDocument.Parse(json, StrictJson);
        }
        catch (JsonException exception)
        {
            throw new TokenizerFormatException(file, "file", $"expected valid JSON, got: {exception.Message}", exception);
        }
    }

    private TokenizerTables Read(JsonField root)
    {
        var model = root.Get("model");
        CheckModel(model);
        CheckNormalizer(root.Get("normalizer"));
        CheckPreTokenizer(root.Find("pre_tokenizer"));
        CheckDecoder(root.Get("decoder"));

        ReadVocabulary(model.Get("vocab"));
        var addedTokens = root.Find("added_tokens") is { } list ? list.Items().Select(ReadAddedToken).ToList() : [];
        var pieces = OrderPieces();
        var (prefix, suffix) = ReadTemplate(root.Find("post_processor"));
        return new TokenizerTables
        {
            Pieces = pieces,
            Ids = _ids,
            AddedTokens = addedTokens,
            Merges = model.Get("merges").Items().Select(ReadMerge).ToList(),
            ByteIds = FindByteIds(),
            TemplatePrefix = prefix,
            TemplateSuffix = suffix,
        };
    }

    private static void CheckModel(JsonField model)
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

    private void ReadVocabulary(JsonField vocabulary)
    {
        foreach (var (piece, id) in vocabulary.Properties())
            _ids.Add(piece, id.Integer(minimum: 0, maximum: MaximumId));
    }

    private AddedToken ReadAddedToken(JsonField token)
    {
        foreach (var name in new[] { "normalized", "lstrip", "rstrip", "single_word" })
            token.Find(name)?.Expect(false);
        var content = token.Get("content").String();
        if (content.Length == 0)
            token.Get("content").Reject("a text that is not empty");
        var id = token.Get("id").Integer(minimum: 0, maximum: MaximumId);
        if (!_ids.TryAdd(content, id) && _ids[content] != id)
            token.Get("id").Reject($"{_ids[content]}, the id of the same text in model.vocab or earlier in added_tokens");
        return new AddedToken(id, content, token.Find("special")?.Boolean() ?? false);
    }

    private string[] OrderPieces()
    {
        var pieces = new string[_ids.Count];
        foreach (var (piece, id) in _ids)
        {
            if (id >= pieces.Length)
                throw new TokenizerFormatException(_file, "model.vocab", $"expected ids 0 to {pieces.Length - 1} without holes, got {id} for {Quote(piece)}");
            if (pieces[id] is not null)
                throw new TokenizerFormatException(_file, "model.vocab", $"expected one piece an id, got {Quote(pieces[id])} and {Quote(piece)} for {id}");
            pieces[id] = piece;
        }

        return pieces;
    }

    private (int Left, int Right, int Product) ReadMerge(JsonField merge)
    {
        var (left, right) = SplitMerge(merge);
        return (Find(merge, left), Find(merge, right), Find(merge, left + right));
    }

    // Older files write "a b", newer ones ["a", "b"], which also allows pieces with spaces.
    private static (string Left, string Right) SplitMerge(JsonField merge)
    {
        var parts = merge.Kind == JsonValueKind.Array
            ? merge.Items().Select(part => part.String()).ToArray()
            : merge.String().Split(' ');
        if (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0)
            merge.Reject("two pieces");
        return (parts[0], parts[1]);
    }

    private int Find(JsonField merge, string piece)
    {
        if (!_ids.TryGetValue(piece, out var id))
            merge.Reject($"pieces of model.vocab, which lacks {Quote(piece)}");
        return id;
    }

    private int[] FindByteIds()
    {
        var byteIds = new int[256];
        for (var value = 0; value < byteIds.Length; value++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

            // Gemma's file has the piece "\t" where <0x09> would be: an ASCII character with a piece of its own never needs its byte.
            if (!_ids.TryGetValue(name, out byteIds[value])
                && !(value < 0x80 && _ids.TryGetValue(((char)value).ToString(), out byteIds[value])))
            {
                throw new TokenizerFormatException(_file, "model.vocab", $"expected a piece for every byte, {name} is missing");
            }
        }

        return byteIds;
    }

    private (IReadOnlyList<string> Prefix, IReadOnlyList<string> Suffix) ReadTemplate(JsonField? postProcessor)
    {
        if (postProcessor is not { } field)
            return ([], []);
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
        return (prefix, suffix);
    }

    private string ReadTemplateToken(JsonField name)
    {
        if (!_ids.ContainsKey(name.String()))
            name.Reject("a token of the vocabulary");
        return name.String();
    }

    private static string Quote(string piece) => JsonSerializer.Serialize(piece);
}
