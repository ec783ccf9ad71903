using TorchSharp;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>Requests for numbers of rows: a batch at a time, in which requests take turns.</summary>
/// <param name="maxTokens">Most tokens of a batch, padding included.</param>
/// <param name="maxRows">Most rows of a batch.</param>
/// <param name="ended">Ends a request: whole, or with a fault.</param>
internal sealed class RowCalls(int maxTokens, int maxRows, Action<RowsWork, Exception?> ended)
{
    private readonly List<RowsWork> _works = [];

    public int Count => _works.Count;

    public void Add(RowsWork work) => _works.Add(work);

    /// <summary>Computes one batch. A fault ends the requests whose rows are in it, each alone where it can be told.</summary>
    public void Step(HostedModel model)
    {
        DropLeft();
        if (_works.Count == 0)
            return;
        var batch = Take();
        try
        {
            Run(model, batch);
        }
        catch (Exception) when (batch.Count > 1)
        {
            foreach (var item in batch)
                RunAlone(model, item);
        }
        catch (Exception error)
        {
            End(batch[0].Work, error);
        }
    }

    /// <summary>Removes requests whose caller has left.</summary>
    public void DropLeft()
    {
        foreach (var work in _works.FindAll(work => work.HasLeft))
            End(work, work.LeavingError());
    }

    /// <summary>Ends all requests with a fault.</summary>
    public void FailAll(Exception error)
    {
        foreach (var work in _works.ToArray())
            End(work, error);
    }

    private void Run(HostedModel model, List<(RowsWork Work, int Row)> batch)
    {
        using var scope = torch.NewDisposeScope();
        var numbers = batch[0].Work.Function.Run(model, [.. batch.Select(item => item.Work.Rows[item.Row])]);
        for (var index = 0; index < batch.Count; index++)
        {
            if (batch[index].Work.Set(batch[index].Row, numbers[index]))
                End(batch[index].Work, error: null);
        }
    }

    private void RunAlone(HostedModel model, (RowsWork Work, int Row) item)
    {
        if (!_works.Contains(item.Work))
            return; // another of its rows has failed
        try
        {
            Run(model, [item]);
        }
        catch (Exception error)
        {
            End(item.Work, error);
        }
    }

    // The first request fills the batch as far as it can, and comes last the next time.
    private List<(RowsWork Work, int Row)> Take()
    {
        var first = _works[0];
        var longest = 0;
        var batch = new List<(RowsWork Work, int Row)>();
        foreach (var work in _works.Where(work => work.Function == first.Function))
        {
            while (work.Next is { } row && Fits(work.Rows[row].Count))
            {
                longest = Math.Max(longest, work.Rows[row].Count);
                batch.Add((work, work.Take()));
            }
        }

        _works.RemoveAt(0);
        _works.Add(first);
        return batch;

        bool Fits(int length) => batch.Count == 0 || (batch.Count < maxRows && (batch.Count + 1L) * Math.Max(longest, length) <= maxTokens);
    }

    private void End(RowsWork work, Exception? error)
    {
        if (_works.Remove(work))
            ended(work, error);
    }
}
