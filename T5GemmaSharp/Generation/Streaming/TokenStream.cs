using System.Threading.Channels;
using T5GemmaSharp.Generation.Decoding;
using T5GemmaSharp.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Streaming;

/// <summary>One stream: its generation, which only the model thread touches, and the channel to its reader.</summary>
internal sealed class TokenStream : IModelWork
{
    private readonly T5GemmaForConditionalGeneration _model;
    private readonly StreamRequest _request;
    private readonly CancellationToken _cancellation;
    private readonly Channel<GeneratedToken> _tokens;
    private readonly TokenText _text;
    private readonly GenerationConfig _config;
    private readonly int _capacity;
    private IDecoding? _decoding;
    private long _promptLength;
    private long _emitted;
    private volatile bool _isAbandoned;

    public TokenStream(T5GemmaForConditionalGeneration model, T5GemmaTokenizer tokenizer, StreamRequest request, int capacity, CancellationToken cancellation)
    {
        (_model, _request, _capacity, _cancellation) = (model, request, capacity, cancellation);
        _config = model.GenerationConfig.Override(request.Config);
        _text = new TokenText(tokenizer, _config, request.SkipSpecialTokens);
        _tokens = Channel.CreateUnbounded<GeneratedToken>();
        Controls = (request.Controls ?? new GenerationControls()) with { Tokenizer = tokenizer, RecordsLogProbabilities = true };
    }

    public ChannelReader<GeneratedToken> Reader => _tokens.Reader;

    /// <summary>Back-pressure: a reader that is slow stops its generation, not those of others.</summary>
    public bool IsReady => _isAbandoned || _cancellation.IsCancellationRequested || _tokens.Reader.Count < _capacity;

    private GenerationControls Controls { get; }

    /// <summary>Says that nobody reads any more.</summary>
    public void Abandon() => _isAbandoned = true;

    public bool Advance()
    {
        try
        {
            if (_isAbandoned)
                return End(error: null);
            _cancellation.ThrowIfCancellationRequested();
            if (_decoding is null)
                Begin();
            else
                _decoding.Step();
            return Emit() && End(error: null);
        }
        catch (Exception error)
        {
            // Every fault is the reader's to see; the thread and the other streams go on.
            return End(error);
        }
    }

    public void Stop(Exception reason) => End(reason);

    private void Begin()
    {
        using var scope = NewDisposeScope();
        var device = _model.Device;
        var inputs = new GenerationInputs
        {
            InputIds = _request.InputIds is { } ids ? Row(ids, device) : null,
            Source = _request.Source,
            DecoderInputIds = _request.DecoderInputIds is { } prompt ? Row(prompt, device) : null,
        };
        if (_config.NumBeams is > 1 || _config.NumReturnSequences is > 1)
            throw new GenerationConfigException([$"stream: expected one beam and one result, got {_config.NumBeams ?? 1} beams and {_config.NumReturnSequences ?? 1} results"]);
        if (_request.Source is { BatchSize: not 1 } source)
            throw new GenerationConfigException([$"stream: expected a source of one row, got {source.BatchSize}"]);
        _decoding = GenerationStart.Begin(_model, inputs, _config, Controls);
        _promptLength = _emitted = _decoding.Sequences.size(1);
    }

    // Whether the stream has ended.
    private bool Emit()
    {
        using var scope = NewDisposeScope();
        var sequences = _decoding!.Sequences; // begun before
        if (sequences.size(1) == _emitted)
            return _decoding.IsFinished;
        var ids = sequences.narrow(1, _emitted, sequences.size(1) - _emitted).cpu().data<long>().ToArray();
        var logProbabilities = _decoding.LogProbabilities.TakeLast(ids.Length).ToArray();
        for (var index = 0; index < ids.Length; index++)
        {
            var isLast = _decoding.IsFinished && index == ids.Length - 1;
            var text = _text.Append(ids[index], isLast);
            var reason = isLast ? _text.ReasonAfter(ids[index], _promptLength, sequences.size(1)) : (FinishReason?)null;
            _tokens.Writer.TryWrite(new GeneratedToken(ids[index], text, logProbabilities[index], reason) { Route = isLast ? _decoding.Route : null });
        }

        _emitted = sequences.size(1);
        return _decoding.IsFinished;
    }

    private bool End(Exception? error)
    {
        _decoding?.Dispose();
        _decoding = null;
        _tokens.Writer.TryComplete(error);
        return true;
    }

    private static Tensor Row(IReadOnlyList<int> ids, Device device)
        => torch.tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Count], dtype: ScalarType.Int64, device: device);
}
