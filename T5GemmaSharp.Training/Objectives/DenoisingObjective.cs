using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Training.Objectives;

/// <summary>Makes examples of windows of text: prefix language modelling, span corruption, and mixtures of them. Immutable and thread-safe.</summary>
public sealed class DenoisingObjective
{
    private readonly DenoisingOptions _options;
    private readonly ExampleFrame _frame;
    private readonly ReservedTokens _reserved;
    private readonly Dictionary<Denoiser, int> _windowLengths;

    /// <summary>Checks the settings and solves the windows' lengths.</summary>
    /// <param name="mixture">The denoisers, for example <c>DenoiserMixture.Parse("ul2")</c>.</param>
    /// <param name="tokenizer">The tokenizer of the text.</param>
    /// <param name="options">The other settings.</param>
    /// <exception cref="ArgumentException">
    /// A budget is too small, a sentinel or mode token is not an added token of the tokenizer, or the sentinels are too few under <see cref="SentinelOverflow.Error"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">The tokenizer has no eos or bos, or the table no mode tokens, and the options need it.</exception>
    public DenoisingObjective(DenoiserMixture mixture, T5GemmaTokenizer tokenizer, DenoisingOptions options)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(options);
        (Mixture, _options) = (mixture, options);
        _frame = new ExampleFrame(tokenizer, options);
        _reserved = new ReservedTokens(mixture, options, tokenizer);
        EosId = _frame.EosId;
        _windowLengths = mixture.Parts.ToDictionary(part => part.Denoiser, part => SolveWindow(part.Denoiser));
    }

    /// <summary>The denoisers and their weights.</summary>
    public DenoiserMixture Mixture { get; }

    /// <summary>Id of the last label.</summary>
    public int EosId { get; }

    /// <summary>The longest window of which the denoiser makes an example within the budgets.</summary>
    /// <param name="denoiser">A denoiser of the mixture.</param>
    /// <returns>Tokens of text.</returns>
    /// <exception cref="ArgumentException">The mixture does not have the denoiser.</exception>
    public int WindowLength(Denoiser denoiser)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        return _windowLengths.TryGetValue(denoiser, out var length)
            ? length
            : throw new ArgumentException($"denoiser: expected one of {Mixture}, got {denoiser}", nameof(denoiser));
    }

    /// <summary>Makes an example of a window. A finished example is never cut, so the window has to fit.</summary>
    /// <param name="window">Ids of the text: at least two, at most <see cref="WindowLength"/> of the denoiser that <see cref="DenoiserMixture.Draw"/> gives for the key.</param>
    /// <param name="key">Which example it is.</param>
    /// <exception cref="ArgumentException">The window is too short or too long, or has a token that stands for a span or a mode.</exception>
    public DenoisedExample Create(ReadOnlySpan<int> window, ExampleKey key)
    {
        var denoiser = Mixture.Draw(key);
        var longest = WindowLength(denoiser);
        if (window.Length < LengthSolver.ShortestWindow || window.Length > longest)
        {
            throw new ArgumentException(
                $"window: expected {LengthSolver.ShortestWindow} to {longest} tokens for {denoiser} and these budgets and sentinels, got {window.Length}; TextWindows cuts text to fit",
                nameof(window));
        }

        CheckText(window, nameof(window));
        var inputIds = new List<int>(_frame.EncoderStart(denoiser.Mode));
        var labels = new List<int>();
        denoiser.Write(window, _options.Sentinels.Sentinels, key, inputIds, labels);
        inputIds.AddRange(_frame.EncoderEnd);
        labels.Add(_frame.EosId);
        return new DenoisedExample(new Seq2SeqExample([.. inputIds], [.. labels]), denoiser);
    }

    /// <summary>The length of the example that <see cref="Create"/> makes of a window, without making it.</summary>
    /// <param name="window">Tokens of the window.</param>
    /// <param name="key">Which example it is.</param>
    internal ExampleLength LengthOf(int window, ExampleKey key)
    {
        var denoiser = Mixture.Draw(key);
        var size = denoiser.SizeOf(window, _options.Sentinels.Sentinels.Count, key);
        return new ExampleLength(FrameLength(denoiser) + size.Encoder, size.Decoder + 1); // 1 for eos
    }

    /// <summary>Checks that a text has no token that stands for a span or a mode.</summary>
    /// <exception cref="ArgumentException">It has one.</exception>
    internal void CheckText(ReadOnlySpan<int> text, string name) => _reserved.CheckText(text, name);

    private int SolveWindow(Denoiser denoiser)
    {
        var sentinels = _options.Sentinels.Sentinels.Count;
        if (sentinels < denoiser.MinimumSentinels)
            throw new ArgumentException($"options.Sentinels: {denoiser} needs at least {denoiser.MinimumSentinels} sentinels, the table has {sentinels}; give a longer SentinelTable");

        var frame = FrameLength(denoiser);
        var room = new ExampleSize(_options.EncoderBudget - frame, _options.DecoderBudget - 1, sentinels); // 1 for eos
        var length = LengthSolver.Solve(denoiser, room, _options.Overflow);
        if (length < LengthSolver.ShortestWindow)
        {
            throw new ArgumentException(
                $"options.EncoderBudget, options.DecoderBudget: not even {LengthSolver.ShortestWindow} tokens of text fit into {_options.EncoderBudget} and {_options.DecoderBudget} under {denoiser}, "
                + $"with {frame} added tokens in the encoder and eos in the labels; raise them");
        }

        return length;
    }

    private int FrameLength(Denoiser denoiser) => _frame.EncoderStart(denoiser.Mode).Count + _frame.EncoderEnd.Count;
}
