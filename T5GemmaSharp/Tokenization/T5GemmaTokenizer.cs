using System.Collections.Frozen;
using Microsoft.ML.Tokenizers;
using T5GemmaSharp.Tokenization.Bpe;
using T5GemmaSharp.Tokenization.Chat;
using T5GemmaSharp.Tokenization.Decoding;
using T5GemmaSharp.Tokenization.Formats;

namespace T5GemmaSharp.Tokenization;

/// <summary>Gemma's byte-fallback BPE tokenizer, id for id as Hugging Face's.</summary>
/// <remarks>
/// HF: <c>GemmaTokenizerFast</c>. Immutable and thread-safe. Positions are UTF-16 code units, and a lone surrogate is read as U+FFFD.
/// The members of the base class add bos and eos as the tokenizer's files say.
/// </remarks>
public sealed partial class T5GemmaTokenizer : Tokenizer
{
    private readonly TokenizerFiles _files;
    private readonly PieceTable _pieces;
    private readonly TextEncoder _encoder;
    private readonly TokenDecoder _decoder;
    private readonly FrozenSet<int> _addedTokens;

    private T5GemmaTokenizer(TokenizerFiles files, bool? addBos, bool? addEos)
    {
        _files = files;
        var definition = TokenizerDefinition.Read(files, addBos, addEos);
        _pieces = definition.Tables.Pieces;
        _encoder = new TextEncoder(definition.Tables);
        _decoder = new TokenDecoder(definition.Tables);
        _addedTokens = definition.Tables.AddedTokens.Select(token => token.Id).ToFrozenSet();
        (BosId, EosId, PadId, UnkId) = (definition.BosId, definition.EosId, definition.PadId, definition.UnkId);
        (AddsBos, AddsEos) = (definition.AddsBos, definition.AddsEos);
        EndOfTurnId = TokenToId("<end_of_turn>");
        PaddingSide = definition.Settings.PaddingSide ?? PaddingSide.Right;
        TruncationSide = definition.Settings.TruncationSide ?? TruncationSide.Right;
        ModelMaxLength = definition.Settings.ModelMaxLength;
        _specialTokens = [.. definition.Tables.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Content)];
        _chatTemplates = new Lazy<IReadOnlyDictionary<string, ChatTemplate>>(() => ChatTemplateFiles.Read(files));
    }

    /// <summary>Number of ids, from 0 without holes.</summary>
    public int VocabularySize => _pieces.Count;

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

    /// <summary>Side of the truncation in the tokenizer's files; right when they do not say.</summary>
    public TruncationSide TruncationSide { get; }

    /// <summary>Longest input in tokens by the tokenizer's files (HF: <c>model_max_length</c>); null when they set no limit. Nothing is cut unless <see cref="BatchEncodingOptions.MaxLength"/> asks for it.</summary>
    public int? ModelMaxLength { get; }

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">
    /// A folder with <c>tokenizer.json</c> or else <c>tokenizer.model</c>, and optionally <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c>;
    /// or one of the first two files, by its name.
    /// </param>
    /// <param name="addBos">Whether texts get bos unless a call says otherwise. Null (default): as the files say; a <c>tokenizer.model</c> alone does not say it.</param>
    /// <param name="addEos">Whether texts get eos unless a call says otherwise. Null (default): as the files say.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="DirectoryNotFoundException">There is neither a folder nor a file of this name.</exception>
    /// <exception cref="FileNotFoundException">The folder has neither <c>tokenizer.json</c> nor <c>tokenizer.model</c>.</exception>
    /// <exception cref="TokenizerFormatException">A file is broken or is not a Gemma tokenizer; the message names the field.</exception>
    public static T5GemmaTokenizer FromPretrained(string path, bool? addBos = null, bool? addEos = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new T5GemmaTokenizer(TokenizerFiles.Of(path), addBos, addEos);
    }

    /// <summary>Reads a tokenizer from memory, for example from an embedded resource.</summary>
    /// <param name="tokenizerJson">The bytes of a <c>tokenizer.json</c>.</param>
    /// <param name="tokenizerConfigJson">The bytes of a <c>tokenizer_config.json</c>; null when there is none.</param>
    /// <exception cref="ArgumentNullException"><paramref name="tokenizerJson"/> is null.</exception>
    /// <exception cref="TokenizerFormatException">A file is broken or is not a Gemma tokenizer; the message names the field.</exception>
    public static T5GemmaTokenizer FromJson(byte[] tokenizerJson, byte[]? tokenizerConfigJson = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizerJson);
        return new T5GemmaTokenizer(TokenizerFiles.Of(TokenizerFiles.TokenizerJson, tokenizerJson, tokenizerConfigJson), addBos: null, addEos: null);
    }

    /// <summary>Reads a tokenizer from the bytes of a SentencePiece model.</summary>
    /// <param name="tokenizerModel">The bytes of a <c>tokenizer.model</c>.</param>
    /// <param name="addBos">Whether texts get bos unless a call says otherwise: the format does not say it.</param>
    /// <param name="addEos">Whether texts get eos unless a call says otherwise.</param>
    /// <exception cref="ArgumentNullException"><paramref name="tokenizerModel"/> is null.</exception>
    /// <exception cref="TokenizerFormatException">The file is broken or is not a Gemma tokenizer; the message names the field.</exception>
    public static T5GemmaTokenizer FromSentencePiece(byte[] tokenizerModel, bool addBos, bool addEos)
    {
        ArgumentNullException.ThrowIfNull(tokenizerModel);
        return new T5GemmaTokenizer(TokenizerFiles.Of(TokenizerFiles.TokenizerModel, tokenizerModel, tokenizerConfig: null), addBos, addEos);
    }

    /// <summary>Id of a piece, written with ▁ for a space; null when it is not in the vocabulary.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    public int? TokenToId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _pieces.Find(token) is >= 0 and var id ? id : null;
    }

    /// <summary>Piece of an id, written with ▁ for a space; null when the id is outside the vocabulary.</summary>
    public string? IdToToken(int id) => _pieces.Contains(id) ? _pieces[id].ToString() : null;

    /// <summary>Whether decoding may leave the token out.</summary>
    public bool IsSpecial(int id) => _decoder.IsSpecial(id);

    /// <summary>Whether the token is cut out of the raw text before BPE, so that only its literal text becomes it.</summary>
    /// <remarks>HF: a key of <c>added_tokens_decoder</c>. Gemma's <c>&lt;unused0&gt;</c> and its like are added tokens without being special.</remarks>
    public bool IsAddedToken(int id) => _addedTokens.Contains(id);

    /// <summary>Writes the tokenizer's files into a folder, unchanged. Each file appears whole or not at all.</summary>
    /// <param name="folder">The folder; created if it is missing.</param>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is empty.</exception>
    /// <exception cref="IOException">A file cannot be written, or a source file is gone.</exception>
    public void SavePretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        _files.SaveTo(folder);
    }
}
