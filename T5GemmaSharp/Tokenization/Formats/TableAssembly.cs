using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>The last step of both file formats: tables from a vocabulary and its merges, with the checks that do not depend on the format.</summary>
internal static class TableAssembly
{
    /// <summary>Builds the tables.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="vocabularyField">Where the file keeps its vocabulary.</param>
    /// <param name="mergesField">Where the file keeps its merges.</param>
    /// <param name="pieces">The vocabulary.</param>
    /// <param name="addedTokens">The added tokens.</param>
    /// <param name="merges">The merges in order of rank.</param>
    /// <param name="template">What the file puts around a text; null when it does not say.</param>
    /// <exception cref="TokenizerFormatException">The ids have holes or doubles, a byte has no piece, or a merge uses a byte.</exception>
    public static TokenizerTables Assemble(
        string file,
        string vocabularyField,
        string mergesField,
        PieceTableBuilder pieces,
        AddedTokenList addedTokens,
        IReadOnlyList<Merge> merges,
        TextTemplate? template)
    {
        var table = Build(file, vocabularyField, pieces);
        var byteTokens = new ByteTokens(table);
        CheckMerges(file, mergesField, merges, byteTokens);
        return new TokenizerTables
        {
            Pieces = table,
            ByteTokens = byteTokens,
            ByteIds = FindByteIds(file, vocabularyField, table),
            AddedTokens = addedTokens.Tokens,
            Merges = merges,
            Template = template,
        };
    }

    private static PieceTable Build(string file, string field, PieceTableBuilder pieces)
    {
        try
        {
            return pieces.Build();
        }
        catch (FormatException exception)
        {
            throw new TokenizerFormatException(file, field, exception.Message, exception);
        }
    }

    private static int[] FindByteIds(string file, string field, PieceTable pieces)
    {
        var ids = new int[256];
        for (var value = 0; value < ids.Length; value++)
        {
            ids[value] = pieces.Find(ByteTokens.NameOf(value));

            // Gemma's file has the piece "\t" where <0x09> would be: an ASCII character with a piece of its own never needs its byte.
            if (ids[value] == PieceTable.NotFound && value < 0x80)
                ids[value] = pieces.Find([(char)value]);
            if (ids[value] == PieceTable.NotFound)
                throw new TokenizerFormatException(file, field, $"expected a piece for every byte, {ByteTokens.NameOf(value)} is missing");
        }

        return ids;
    }

    // The ranges of tokens rest on it: a byte in the result is always a byte of a character without a piece.
    private static void CheckMerges(string file, string field, IReadOnlyList<Merge> merges, ByteTokens bytes)
    {
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right, product) = merges[rank];
            if ((bytes.ValueOf(left) ?? bytes.ValueOf(right) ?? bytes.ValueOf(product)) is { } value)
                throw new TokenizerFormatException(file, $"{field}[{rank}]", $"expected pieces of text, got the byte {ByteTokens.NameOf(value)}");
        }
    }
}
