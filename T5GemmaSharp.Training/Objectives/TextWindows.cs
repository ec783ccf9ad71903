using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Training.Objectives;

/// <summary>The examples of one epoch of raw text: window after window, each as long as its own denoiser takes. Immutable and thread-safe.</summary>
/// <remarks>
/// Example i is a function of the text, the objective, the seed, the epoch and i. Every token of the text is in one window; the last window may be shorter,
/// and is left out when it has a single token. The number of windows differs from epoch to epoch where the denoisers' windows differ.
/// </remarks>
public sealed class TextWindows
{
    private readonly ITextCorpus _corpus;
    private readonly DenoisingObjective _objective;
    private readonly ulong _seed;
    private readonly int _epoch;
    private readonly List<long> _starts; // of every window, and the end of the last

    /// <summary>Plans an epoch.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="objective">What makes examples of it.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <exception cref="ArgumentException">The text is too short for an example, or a document has a token that stands for a span or a mode.</exception>
    public TextWindows(ITextCorpus corpus, DenoisingObjective objective, ulong seed, int epoch)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        if (corpus.Length < LengthSolver.ShortestWindow)
            throw new ArgumentException($"corpus: expected at least {LengthSolver.ShortestWindow} tokens, got {corpus.Length}", nameof(corpus));
        for (var index = 0; index < corpus.Documents.Count; index++)
            objective.CheckText(corpus.Documents[index], $"document {index}");

        (_corpus, _objective, _seed, _epoch) = (corpus, objective, seed, epoch);
        _starts = [0];
        while (corpus.Length - _starts[^1] >= LengthSolver.ShortestWindow)
        {
            var denoiser = objective.Mixture.Draw(KeyOf(Count));
            _starts.Add(Math.Min(_starts[^1] + objective.WindowLength(denoiser), corpus.Length));
        }
    }

    /// <summary>Number of examples.</summary>
    public int Count => _starts.Count - 1;

    /// <summary>Example <paramref name="index"/> of the epoch.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such example.</exception>
    public DenoisedExample this[int index] => _objective.Create(Window(index), KeyOf(index));

    /// <summary>The length of an example, without reading its text.</summary>
    /// <param name="index">Index of the example.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such example.</exception>
    public ExampleLength LengthOf(int index) => _objective.LengthOf(WindowLength(index), KeyOf(index));

    /// <summary>The text of an example.</summary>
    /// <param name="index">Index of the example.</param>
    /// <returns>Ids of the window.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such example.</exception>
    public int[] Window(int index)
    {
        var length = WindowLength(index);
        return _corpus.Slice(_starts[index], length);
    }

    private int WindowLength(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return (int)(_starts[index + 1] - _starts[index]);
    }

    private ExampleKey KeyOf(int index) => new(_seed, _epoch, index);
}
