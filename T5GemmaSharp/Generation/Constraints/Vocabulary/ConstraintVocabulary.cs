using System.Runtime.CompilerServices;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Generation.Constraints.Vocabulary;

/// <summary>What constraints need of a tokenizer, made once for each tokenizer, and the constraints that were compiled for it.</summary>
internal sealed class ConstraintVocabulary
{
    private static readonly ConditionalWeakTable<T5GemmaTokenizer, ConstraintVocabulary> OfTokenizers = [];

    private ConstraintVocabulary(T5GemmaTokenizer tokenizer)
    {
        Texts = new TokenTexts(tokenizer);
        Trie = new TokenTrie(Texts);
        PadId = tokenizer.PadId;
    }

    public TokenTexts Texts { get; }

    public TokenTrie Trie { get; }

    public int? PadId { get; }

    public ConstraintCache Constraints { get; } = new();

    public static ConstraintVocabulary Of(T5GemmaTokenizer tokenizer) => OfTokenizers.GetValue(tokenizer, static key => new ConstraintVocabulary(key));
}
