using System.Collections.Frozen;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Training.Objectives;

/// <summary>The ids that an objective puts between the tokens of a text, and that the text therefore must not have.</summary>
internal sealed class ReservedTokens
{
    private readonly FrozenSet<int> _ids;
    private readonly T5GemmaTokenizer _tokenizer;

    /// <summary>Collects what the objective uses and checks it against the tokenizer.</summary>
    /// <exception cref="ArgumentException">An id is not that of an added token, or is bos, eos, pad or unk.</exception>
    public ReservedTokens(DenoiserMixture mixture, DenoisingOptions options, T5GemmaTokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        var usesSentinels = mixture.Parts.Any(part => part.Denoiser.MinimumSentinels > 0);
        IReadOnlyList<int> sentinels = usesSentinels ? options.Sentinels.Sentinels : [];
        IReadOnlyList<int> modes = options.ModeTokens == ModeTokens.Unused ? options.Sentinels.Modes : [];
        _ids = sentinels.Concat(modes).ToFrozenSet();
        for (var index = 0; index < sentinels.Count; index++)
            CheckId(sentinels[index], $"sentinel {index}");
        foreach (var mode in modes)
            CheckId(mode, "mode token");
    }

    /// <summary>Checks that a text has none of the ids.</summary>
    /// <param name="text">Ids of the text.</param>
    /// <param name="name">What the text is, for the message.</param>
    /// <exception cref="ArgumentException">It has one.</exception>
    public void CheckText(ReadOnlySpan<int> text, string name)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (_ids.Contains(text[index]))
            {
                throw new ArgumentException(
                    $"{name}: token {index} is {text[index]} ({_tokenizer.IdToToken(text[index])}), which stands for a span or a mode; take it out of the text, or give a SentinelTable without it",
                    nameof(text));
            }
        }
    }

    private void CheckId(int id, string name)
    {
        if (!_tokenizer.IsAddedToken(id))
        {
            throw new ArgumentException(
                $"options.Sentinels: {name} is {id} ({_tokenizer.IdToToken(id) ?? "outside the vocabulary"}), expected an added token of the tokenizer, which no merge makes; "
                + "give a SentinelTable of its unused tokens");
        }

        if (id == _tokenizer.BosId || id == _tokenizer.EosId || id == _tokenizer.PadId || id == _tokenizer.UnkId)
            throw new ArgumentException($"options.Sentinels: {name} is {id} ({_tokenizer.IdToToken(id)}), which has a meaning of its own; give a SentinelTable without it");
    }
}
