namespace T5GemmaSharp.Training.Generation;

/// <summary>Passes answers on in the order of the input, as soon as none before them is missing.</summary>
internal sealed class OrderedAnswers(Action<Answer> release)
{
    private readonly SortedDictionary<int, List<Answer>> _waiting = [];
    private int _next;

    /// <summary>Takes the answers of a batch, all results of each of its prompts.</summary>
    public void Add(IEnumerable<Answer> answers)
    {
        foreach (var results in answers.GroupBy(answer => answer.Index))
            _waiting.Add(results.Key, [.. results]);
        while (_waiting.Remove(_next, out var ready))
        {
            ready.ForEach(release);
            _next++;
        }
    }

    /// <summary>Passes on what still waits for answers that will never come.</summary>
    public void ReleaseRest()
    {
        foreach (var answer in _waiting.Values.SelectMany(results => results))
            release(answer);
        _waiting.Clear();
    }
}
