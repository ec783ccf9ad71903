using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Decoding;
using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>A generation of its own that takes turns with the batch, step by step. Beams change until the end, so their answer comes as a whole.</summary>
internal sealed class ExclusiveGeneration(GenerationWork work, T5GemmaForConditionalGeneration model, T5GemmaTokenizer tokenizer) : IDisposable
{
    private readonly TokenText _text = new(tokenizer, work.Config, work.SkipSpecialTokens);
    private IDecoding? _decoding;
    private long _emitted = 1;

    public GenerationWork Work => work;

    /// <summary>Makes a step.</summary>
    /// <returns>Whether the answer is whole.</returns>
    public bool Step()
    {
        using var scope = NewDisposeScope();
        if (_decoding is null)
            _decoding = Begin();
        else
            _decoding.Step();
        if (_decoding.IsFinished)
            Emit(Answer(_decoding), isWhole: true);
        else if (work.Settings.NumBeams == 1)
            Emit(Ids(_decoding.Sequences), isWhole: false);
        return _decoding.IsFinished;
    }

    public void Dispose() => _decoding?.Dispose();

    private IDecoding Begin()
    {
        var ids = torch.tensor(work.SourceIds.Select(id => (long)id).ToArray(), [1, work.SourceIds.Count], dtype: ScalarType.Int64, device: model.Device);
        return GenerationStart.Begin(model, new GenerationInputs { InputIds = ids }, work.Config, work.Controls);
    }

    private long[] Answer(IDecoding decoding)
    {
        if (work.Settings.NumBeams == 1)
            return Ids(decoding.Sequences);
        using var scope = NewDisposeScope();
        var output = decoding.Finish();
        foreach (var tensor in output.Tensors())
            scope.Attach(tensor);
        var ids = Ids(output.Sequences);
        var end = Array.FindIndex(ids, 1, id => work.Settings.EosTokenIds.Contains(id));
        return end < 0 ? ids : ids[..(end + 1)];
    }

    private void Emit(long[] ids, bool isWhole)
    {
        for (; _emitted < ids.Length; _emitted++)
        {
            var id = ids[_emitted];
            var isLast = isWhole && _emitted == ids.Length - 1;
            var text = _text.Append(id, isLast);
            work.Write(new OutputToken(id, text, isLast ? _text.ReasonAfter(id, promptLength: 1, ids.Length) : null));
        }
    }

    private static long[] Ids(Tensor sequences) => sequences[0].cpu().data<long>().ToArray();
}
