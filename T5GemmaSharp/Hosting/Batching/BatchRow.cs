using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Tokenization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>A row of the batch: a request, the choice of its tokens and its text.</summary>
internal sealed class BatchRow : IDisposable
{
    private readonly RowDecoding _decoding;
    private readonly TokenText _text;

    public BatchRow(GenerationWork work, T5GemmaTokenizer tokenizer, Device device)
    {
        Work = work;
        _decoding = new RowDecoding(work.Settings, work.Controls, work.SourceIds, work.StartId, device);
        _text = new TokenText(tokenizer, work.Config, work.SkipSpecialTokens);
    }

    public GenerationWork Work { get; }

    /// <summary>Whether the most probable token is always taken.</summary>
    public bool TakesBest => _decoding.TakesBest;

    public long NewestId => _decoding.Ids[^1];

    /// <summary>Whether nothing is left to do.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Why it failed; null: it has not.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Takes the next token. A fault is this row's alone.</summary>
    /// <param name="best">The most probable token.</param>
    /// <param name="logits">[1, V], float32; may be changed.</param>
    public void Advance(long best, Tensor logits)
    {
        try
        {
            using var scope = TorchSharp.torch.NewDisposeScope();
            var id = TakesBest ? best : _decoding.Choose(logits);
            IsDone = _decoding.Append(id);
            var text = _text.Append(id, IsDone);
            Work.Write(new OutputToken(id, text, IsDone ? _text.ReasonAfter(id, promptLength: 1, _decoding.Ids.Count) : null));
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    /// <summary>Ends the row with a fault.</summary>
    public void Fail(Exception error) => (Error, IsDone) = (error, true);

    public void Dispose() => _decoding.Dispose();
}
