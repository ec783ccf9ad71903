using System.Collections.Concurrent;
using TorchSharp;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>
/// The one thread that runs a model. In every round it makes at most one pass of the encoder, for new answers, for rows or for a function in turn, and then one step of all
/// answers: so running answers wait for one bounded pass at most, and new ones for one step.
/// </summary>
internal sealed class ModelThread
{
    private const int GatheredShare = 4; // a quarter of the places
    private const int MostGatheringSteps = 4; // a free place is not kept empty for longer

    private readonly ConcurrentQueue<EngineRequest> _arrived = new();
    private readonly SemaphoreSlim _signal = new(0);
    private readonly List<GenerationWork> _newWorks = [];
    private readonly List<GenerationWork> _exclusiveWorks = [];
    private readonly Queue<CallWork> _calls = new();
    private readonly HostedModel _model;
    private readonly T5GemmaOptions _options;
    private readonly Action<EngineRequest, Exception?> _ended;
    private readonly Action<int> _stepped;
    private readonly RowCalls _rowCalls;
    private readonly RowBatch? _batch;
    private ExclusiveGeneration? _exclusive;
    private int _turn;
    private int _gatheringSteps;
    private volatile bool _isDraining;
    private volatile bool _hasEnded;
    private volatile Exception? _abortion;

    /// <summary>Prepares; nothing runs before <see cref="Run"/>.</summary>
    /// <param name="model">The model; it stays the caller's.</param>
    /// <param name="decoder">Runs the decoder for the batch; null where the model does not generate. It is disposed with the thread.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="ended">Ends a request, whole or with a fault; called on the model thread, or on that of a request that comes too late.</param>
    /// <param name="stepped">Hears of every decoding step and its rows.</param>
    public ModelThread(HostedModel model, IStepDecoder? decoder, T5GemmaOptions options, Action<EngineRequest, Exception?> ended, Action<int> stepped)
    {
        (_model, _options, _ended, _stepped) = (model, options, ended, stepped);
        _rowCalls = new RowCalls(options.MaxEncoderTokens, options.MaxBatchSize, ended);
        _batch = decoder is null ? null : new RowBatch(decoder, model.Tokenizer, model.Device, ended);
    }

    /// <summary>Answers that are being generated.</summary>
    public int Active { get; private set; }

    /// <summary>Hands a request over.</summary>
    public void Enqueue(EngineRequest request)
    {
        request.WhenLeft(Wake);
        _arrived.Enqueue(request);
        Wake();
        if (_hasEnded)
            FailArrived();
    }

    /// <summary>Ends the thread when nothing is left to do.</summary>
    public void Drain()
    {
        _isDraining = true;
        Wake();
    }

    /// <summary>Ends the thread now; what is left fails.</summary>
    public void Abort(Exception reason)
    {
        _abortion = reason;
        Wake();
    }

    /// <summary>The thread's work. It ends after <see cref="Drain"/> or <see cref="Abort"/>.</summary>
    /// <param name="started">Called when a request has left the queue.</param>
    public void Run(Action<EngineRequest> started)
    {
        using var noGrad = torch.no_grad();
        try
        {
            while (_abortion is null)
            {
                Take();
                DropLeft();
                var hasWorked = EncoderPass(started) | DecoderStep() | ExclusiveStep(started);
                Active = (_batch?.Count ?? 0) + (_exclusive is null ? 0 : 1);
                if (hasWorked)
                    continue;
                if (_isDraining && _arrived.IsEmpty)
                    return;
                _signal.Wait();
            }
        }
        finally
        {
            FailAll(_abortion ?? new T5GemmaUnavailableException("the model's thread has ended"));
            _exclusive?.Dispose();
            _batch?.Dispose();
            _hasEnded = true;
            FailArrived();
        }
    }

    // What has arrived after the end.
    private void FailArrived()
    {
        while (_arrived.TryDequeue(out var request))
            _ended(request, new T5GemmaUnavailableException("the service is stopping"));
    }

    private void Wake()
    {
        if (_signal.CurrentCount == 0)
            _signal.Release();
    }

    private void Take()
    {
        while (_arrived.TryDequeue(out var request))
        {
            switch (request)
            {
                case GenerationWork { IsExclusive: true } work:
                    _exclusiveWorks.Add(work);
                    break;
                case GenerationWork work:
                    _newWorks.Add(work);
                    break;
                case RowsWork rows:
                    _rowCalls.Add(rows);
                    break;
                case CallWork call:
                    _calls.Enqueue(call);
                    break;
            }
        }
    }

    private void DropLeft()
    {
        DropLeft(_newWorks);
        DropLeft(_exclusiveWorks);
        _rowCalls.DropLeft();
        _batch?.DropLeft();
    }

    private void DropLeft(List<GenerationWork> works)
    {
        foreach (var work in works.FindAll(work => work.HasLeft))
        {
            works.Remove(work);
            _ended(work, work.LeavingError());
        }
    }

    // One of three kinds, in turn.
    private bool EncoderPass(Action<EngineRequest> started)
    {
        for (var tried = 0; tried < 3; tried++)
        {
            _turn = (_turn + 1) % 3;
            var hasWorked = _turn switch
            {
                0 => Admit(started),
                1 => ComputeRows(),
                _ => Call(started),
            };
            if (hasWorked)
                return true;
        }

        return false;
    }

    private bool Admit(Action<EngineRequest> started)
    {
        var room = _options.MaxBatchSize - (_batch?.Count ?? 0);
        if (_batch is null || _newWorks.Count == 0 || room == 0)
            return false;
        // Under load a few places are gathered first: a pass for many sources takes little longer than one for a single one, and running answers wait for each.
        var isCrowded = room < _newWorks.Count && room < _options.MaxBatchSize / GatheredShare && _batch.Count > 0;
        if (isCrowded && _gatheringSteps++ < MostGatheringSteps)
            return false;
        _gatheringSteps = 0;
        var works = LengthBuckets.Take(_newWorks, work => work.SourceIds.Count, room, _options.MaxEncoderTokens);
        works.ForEach(started);
        _batch.Admit(works);
        return true;
    }

    private bool ComputeRows()
    {
        if (_rowCalls.Count == 0)
            return false;
        _rowCalls.Step(_model);
        return true;
    }

    private bool Call(Action<EngineRequest> started)
    {
        if (!_calls.TryDequeue(out var call))
            return false;
        started(call);
        var fault = call.HasLeft ? call.LeavingError() : null;
        if (fault is null)
        {
            try
            {
                using var scope = torch.NewDisposeScope();
                call.Run(_model);
            }
            catch (Exception error)
            {
                fault = error;
            }
        }

        _ended(call, fault);
        return true;
    }

    private bool DecoderStep()
    {
        if (_batch is null || _batch.Count == 0)
            return false;
        _stepped(_batch.Count);
        _batch.Step();
        return true;
    }

    private bool ExclusiveStep(Action<EngineRequest> started)
    {
        if (_exclusive is null)
        {
            if (_exclusiveWorks.Count == 0)
                return false;
            var work = _exclusiveWorks[0];
            _exclusiveWorks.RemoveAt(0);
            started(work);
            _exclusive = new ExclusiveGeneration(work, _model.Generator!, _model.Tokenizer); // only a model that generates gets such work
        }

        var fault = _exclusive.Work.HasLeft ? _exclusive.Work.LeavingError() : null;
        var isDone = fault is not null;
        try
        {
            isDone = isDone || _exclusive.Step();
        }
        catch (Exception error)
        {
            (fault, isDone) = (error, true);
        }

        if (isDone)
        {
            var ended = _exclusive.Work;
            _exclusive.Dispose();
            _exclusive = null;
            _ended(ended, fault);
        }

        return true;
    }

    private void FailAll(Exception reason)
    {
        Take();
        _batch?.FailAll(reason);
        _rowCalls.FailAll(reason);
        if (_exclusive is not null)
            _ended(_exclusive.Work, reason);
        foreach (var request in _newWorks.Concat(_exclusiveWorks).Concat<EngineRequest>(_calls))
            _ended(request, reason);
    }
}
