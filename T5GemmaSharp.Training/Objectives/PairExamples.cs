using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Training.Objectives;

/// <summary>Examples of pairs of texts, for example a question and its answer.</summary>
public static class PairExamples
{
    /// <summary>Makes an example of a pair.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="input">What the encoder reads; bos and eos as the tokenizer's files say.</param>
    /// <param name="target">What the decoder has to write; without bos, with eos.</param>
    /// <param name="parseSpecial">Whether text such as <c>&lt;eos&gt;</c> becomes the special token; false for text that is not trusted.</param>
    /// <exception cref="InvalidOperationException">The tokenizer has no eos.</exception>
    public static Seq2SeqExample Create(T5GemmaTokenizer tokenizer, string input, string target, bool parseSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new Seq2SeqExample(
            tokenizer.Encode(input, parseSpecial: parseSpecial),
            tokenizer.Encode(target, addBos: false, addEos: true, parseSpecial));
    }
}
