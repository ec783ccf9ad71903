using T5GemmaSharp.Tokenization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>The answers that are generated together. Rows join and leave between steps; a fault ends the rows that have it and no others.</summary>
/// <param name="decoder">Runs the model.</param>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="device">Where the logits are.</param>
/// <param name="ended">Ends a request: whole, or with a fault.</param>
internal sealed class RowBatch(IStepDecoder decoder, T5GemmaTokenizer tokenizer, Device device, Action<GenerationWork, Exception?> ended) : IDisposable
{
    private readonly List<BatchRow> _rows = [];

    public int Count => _rows.Count;

    /// <summary>Reads sources and takes their first tokens. Where that fails together it is tried one by one, so that one bad request fails alone.</summary>
    public void Admit(IReadOnlyList<GenerationWork> works)
    {
        try
        {
            AdmitTogether(works);
        }
        catch (Exception) when (works.Count > 1)
        {
            foreach (var work in works)
                Admit([work]);
        }
        catch (Exception error)
        {
            ended(works[0], error);
        }
    }

    /// <summary>Takes the next token of every row.</summary>
    public void Step()
    {
        DropLeft();
        if (_rows.Count == 0)
            return;
        using var scope = NewDisposeScope();
        try
        {
            Advance(0, decoder.Step(0, [.. _rows.Select(row => row.NewestId)]));
        }
        catch (Exception) when (_rows.Count > 1)
        {
            StepOneByOne();
        }
        catch (Exception error)
        {
            _rows[0].Fail(error);
        }

        RemoveDone();
    }

    /// <summary>Removes rows whose caller has left.</summary>
    public void DropLeft()
    {
        foreach (var row in _rows.Where(row => row.Work.HasLeft))
            row.Fail(row.Work.LeavingError());
        RemoveDone();
    }

    /// <summary>Ends all rows with a fault.</summary>
    public void FailAll(Exception error)
    {
        _rows.ForEach(row => row.Fail(error));
        RemoveDone();
    }

    public void Dispose() => decoder.Dispose();

    private void AdmitTogether(IReadOnlyList<GenerationWork> works)
    {
        using var scope = NewDisposeScope();
        var rows = new List<BatchRow>();
        Tensor logits;
        try
        {
            foreach (var work in works)
                rows.Add(new BatchRow(work, tokenizer, device));
            logits = decoder.Add([.. works.Select(work => work.SourceIds)], [.. works.Select(work => work.StartId)]);
        }
        catch
        {
            rows.ForEach(row => row.Dispose());
            throw;
        }

        var first = _rows.Count;
        _rows.AddRange(rows);
        Advance(first, logits);
        RemoveDone();
    }

    private void StepOneByOne()
    {
        for (var index = 0; index < _rows.Count; index++)
        {
            try
            {
                Advance(index, decoder.Step(index, [_rows[index].NewestId]));
            }
            catch (Exception error)
            {
                _rows[index].Fail(error);
            }
        }
    }

    private void Advance(int first, Tensor logits)
    {
        var count = (int)logits.size(0);
        // One look for all of them: most rows take the most probable token.
        var best = _rows.Skip(first).Take(count).Any(row => row.TakesBest) ? logits.argmax(-1).cpu().data<long>().ToArray() : new long[count];
        for (var index = 0; index < count; index++)
            _rows[first + index].Advance(best[index], _rows[first + index].TakesBest ? logits : logits.narrow(0, index, 1));
    }

    private void RemoveDone()
    {
        for (var index = _rows.Count - 1; index >= 0; index--)
        {
            var row = _rows[index];
            if (!row.IsDone)
                continue;
            decoder.RemoveAt(index);
            _rows[index] = _rows[^1];
            _rows.RemoveAt(_rows.Count - 1);
            row.Dispose();
            ended(row.Work, row.Error);
        }
    }
}
