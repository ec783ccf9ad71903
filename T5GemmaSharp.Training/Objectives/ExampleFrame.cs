using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Training.Objectives;

/// <summary>The tokens around the text of an example.</summary>
internal sealed class ExampleFrame
{
    private static readonly DenoiserMode[] Modes = Enum.GetValues<DenoiserMode>();

    private readonly int[][] _encoderStarts; // by mode

    public ExampleFrame(T5GemmaTokenizer tokenizer, DenoisingOptions options)
    {
        EosId = tokenizer.EosId ?? throw new InvalidOperationException("the labels end with eos, the tokenizer has none");
        int[] bos = !options.EncoderBos ? [] : [tokenizer.BosId ?? throw new InvalidOperationException("options.EncoderBos: the tokenizer has no bos")];
        _encoderStarts = [.. Modes.Select(mode => (int[])[.. bos, .. ModeIds(tokenizer, options, mode)])];
        EncoderEnd = options.EncoderEos ? [EosId] : [];
    }

    /// <summary>The last label.</summary>
    public int EosId { get; }

    /// <summary>What stands behind the encoder's text.</summary>
    public IReadOnlyList<int> EncoderEnd { get; }

    /// <summary>What stands in front of the encoder's text.</summary>
    public IReadOnlyList<int> EncoderStart(DenoiserMode mode) => _encoderStarts[(int)mode];

    private static int[] ModeIds(T5GemmaTokenizer tokenizer, DenoisingOptions options, DenoiserMode mode) => options.ModeTokens switch
    {
        ModeTokens.None => [],
        ModeTokens.Text => tokenizer.Encode(TextOf(mode), addBos: false, addEos: false),
        ModeTokens.Unused => [options.Sentinels.ModeId(mode)],
        _ => throw new ArgumentOutOfRangeException(nameof(options), options.ModeTokens, "options.ModeTokens: expected None, Text or Unused"),
    };

    // UL2 20B's names: natural language understanding, natural language generation, sequence to sequence.
    private static string TextOf(DenoiserMode mode) => mode switch
    {
        DenoiserMode.Regular => "[NLU]",
        DenoiserMode.Extreme => "[NLG]",
        _ => "[S2S]",
    };
}
