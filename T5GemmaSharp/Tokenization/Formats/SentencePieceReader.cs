using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>Reads a SentencePiece <c>tokenizer.model</c> into the tables that Hugging Face's converter makes of it.</summary>
internal static class SentencePieceReader
{
    // A piece of n characters has n - 1 splits to look up; Gemma's longest has 31 characters.
    private const int MaximumPieceLength = 256;

    private static readonly string[] TurnMarkers = ["<start_of_turn>", "<end_of_turn>"];

    /// <summary>Reads the tables of one file.</summary>
    /// <param name="bytes">The file's bytes.</param>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="settings">What other files of the folder add.</param>
    /// <exception cref="TokenizerFormatException">The file is broken, or a setting is not Gemma's.</exception>
    public static TokenizerTables Read(ReadOnlySpan<byte> bytes, string file, TokenizerSettings settings)
    {
        var model = SentencePieceModel.Read(bytes, file);
        var texts = model.Pieces.Select(piece => piece.Text).ToArray();
        var scores = model.Pieces.Select(piece => piece.Score).ToArray();
        RenameTabByte(texts, scores);

        var pieces = new PieceTableBuilder();
        for (var id = 0; id < texts.Length; id++)
        {
            if (texts[id].Length > MaximumPieceLength)
                throw new TokenizerFormatException(file, $"pieces[{id}].piece", $"expected at most {MaximumPieceLength} characters, got {texts[id].Length}");
            if (!pieces.TryAdd(texts[id], id))
                throw new TokenizerFormatException(file, $"pieces[{id}].piece", $"expected a text of its own, got that of piece {pieces.Find(texts[id])}: \"{texts[id]}\"");
        }

        var merges = MergeGenerator.Generate(pieces, texts, scores);
        var addedTokens = new AddedTokenList(pieces);
        for (var id = 0; id < texts.Length; id++)
        {
            if (model.Pieces[id].Type is SentencePieceType.Control or SentencePieceType.Unknown)
                addedTokens.Add(id, texts[id], isSpecial: true);
            else if (model.Pieces[id].Type == SentencePieceType.UserDefined)
                addedTokens.Add(id, texts[id], isSpecial: TurnMarkers.Contains(texts[id]));
        }

        settings.AddTokensTo(addedTokens);
        return TableAssembly.Assemble(file, "pieces", "merges", pieces, addedTokens, merges, template: null);
    }

    // Gemma's text pieces have no tab: Hugging Face's converter makes one of the byte.
    private static void RenameTabByte(string[] texts, float[] scores)
    {
        var tab = Array.IndexOf(texts, ByteTokens.NameOf('\t'));
        if (tab < 0 || texts.Contains("\t"))
            return;
        (texts[tab], scores[tab]) = ("\t", 0f);
    }
}
