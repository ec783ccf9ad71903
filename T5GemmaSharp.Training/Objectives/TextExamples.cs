using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Training.Objectives;

/// <summary>Examples of raw text for a run: those of <see cref="TextWindows"/>, epoch after epoch.</summary>
/// <param name="corpus">The text.</param>
/// <param name="objective">What makes examples of it.</param>
/// <param name="seed">The run's seed.</param>
public sealed class TextExamples(ITextCorpus corpus, DenoisingObjective objective, ulong seed) : IExampleSource<Seq2SeqExample>
{
    private readonly Dictionary<Denoiser, int> _kinds = objective.Mixture.Parts.Select((part, kind) => (part.Denoiser, kind)).ToDictionary();
    private readonly Lock _planning = new();
    private Epoch? _last;

    /// <summary>Names of the examples' kinds, which are their denoisers.</summary>
    public IReadOnlyList<string> Kinds { get; } = [.. objective.Mixture.Parts.Select(part => part.Denoiser.ToString())];

    /// <inheritdoc/>
    public Seq2SeqExample this[int epoch, int index]
    {
        get
        {
            var (example, denoiser) = Plan(epoch).Windows[index];
            return example with { Kind = _kinds[denoiser] };
        }
    }

    /// <inheritdoc/>
    public int CountOf(int epoch) => Plan(epoch).Windows.Count;

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index) => Plan(epoch).Lengths[index];

    // A run walks through the epochs one after the other: one plan is enough.
    private Epoch Plan(int epoch)
    {
        if (_last is { } last && last.Number == epoch)
            return last;
        lock (_planning)
        {
            if (_last?.Number != epoch)
            {
                var windows = new TextWindows(corpus, objective, seed, epoch);
                _last = new Epoch(epoch, windows, [.. Enumerable.Range(0, windows.Count).Select(windows.LengthOf)]);
            }

            return _last;
        }
    }

    private sealed record Epoch(int Number, TextWindows Windows, ExampleLength[] Lengths);
}
