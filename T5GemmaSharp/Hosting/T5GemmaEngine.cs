using System.Diagnostics;
using Microsoft.Extensions.Logging;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Hosting.Telemetry;

namespace T5GemmaSharp.Hosting;

/// <summary>A model of a service: its thread, its queue and its state. It starts with the host, or else with the first request. Thread-safe.</summary>
public sealed class T5GemmaEngine : IDisposable
{
    private readonly T5GemmaOptions _options;
    private readonly EngineTelemetry _telemetry;
    private readonly ILogger _logger;
    private readonly Func<HostedModel> _load;
    private readonly Lock _lifetime = new();
    private readonly TaskCompletionSource<LoadedModel> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ServiceRate _rate = new();
    private volatile T5GemmaEngineState _state;
    private ModelThread? _thread;
    private int _waiting;
    private bool _hasStarted;
    private volatile bool _isStopping;

    internal T5GemmaEngine(string name, T5GemmaOptions options, EngineTelemetry telemetry, ILogger logger, Func<HostedModel>? load = null)
    {
        (Name, _options, _telemetry, _logger, _load) = (name, options, telemetry, logger, load ?? (() => HostedModel.Load(options)));
        ModelId = options.ModelId ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.ModelPath.Length == 0 ? "." : options.ModelPath)));
        telemetry.Add(this);
    }

    /// <summary>Name in the service; empty: the model without a name.</summary>
    public string Name { get; }

    /// <summary>Name in answers.</summary>
    public string ModelId { get; }

    /// <summary>Where the model is in its life.</summary>
    public T5GemmaEngineState State => _state;

    /// <summary>Why it has failed; null: it has not.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Who computes the decoder's steps of requests that share them; null before the model is loaded and where it does not generate.</summary>
    public DecodingRoute? Route { get; private set; }

    /// <summary>Requests that wait.</summary>
    public int WaitingRequests => Volatile.Read(ref _waiting);

    /// <summary>Answers that are being generated.</summary>
    public int ActiveRequests => _thread?.Active ?? 0;

    internal T5GemmaOptions Options => _options;

    /// <summary>Stops at once; requests that are not answered fail. A host stops it in good order before.</summary>
    public void Dispose()
    {
        StopAsync(new CancellationToken(canceled: true)).GetAwaiter().GetResult();
    }

    /// <summary>Begins to load the model, unless that has begun.</summary>
    internal void Start()
    {
        lock (_lifetime)
        {
            if (_hasStarted || _isStopping)
                return;
            _hasStarted = true;
            _state = T5GemmaEngineState.Loading;
            new Thread(Run) { IsBackground = true, Name = $"T5Gemma {Name}" }.Start();
        }
    }

    /// <summary>Waits until the model is ready.</summary>
    /// <exception cref="T5GemmaUnavailableException">It could not be loaded, or the service is stopping.</exception>
    internal async Task<HostedModel> LoadedAsync(CancellationToken cancellationToken)
    {
        Start();
        return (await _loaded.Task.WaitAsync(_options.RequestTimeout, cancellationToken).ConfigureAwait(false)).Model;
    }

    /// <summary>Refuses new requests, lets the accepted ones end and stops the thread.</summary>
    /// <param name="cancellationToken">Ends the patience early; what is left fails then.</param>
    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_lifetime)
        {
            if (!_hasStarted)
            {
                (_isStopping, _state) = (true, T5GemmaEngineState.Stopped);
                return;
            }

            if (!_isStopping)
                EngineLog.Stopping(_logger, ModelId, WaitingRequests, ActiveRequests);
            _isStopping = true;
            if (_state is T5GemmaEngineState.Ready)
                _state = T5GemmaEngineState.Draining;
            _thread?.Drain();
        }

        try
        {
            await _ended.Task.WaitAsync(_options.DrainTimeout, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception patience) when (patience is TimeoutException or OperationCanceledException)
        {
            EngineLog.Aborting(_logger, ModelId);
            _thread?.Abort(new T5GemmaUnavailableException("the service has stopped before the answer was whole"));
            await _ended.Task.ConfigureAwait(false); // the step in progress
        }
    }

    /// <summary>Accepts a request: there is room in the queue, the model is loaded, and the request is well formed.</summary>
    /// <typeparam name="T">The kind of request.</typeparam>
    /// <param name="create">Makes the request, on the caller's thread.</param>
    /// <param name="cancellationToken">The caller's token.</param>
    /// <exception cref="T5GemmaQueueFullException">There is no room.</exception>
    /// <exception cref="T5GemmaUnavailableException">The model could not be loaded, or the service is stopping.</exception>
    internal async Task<T> SubmitAsync<T>(Func<HostedModel, T> create, CancellationToken cancellationToken)
        where T : EngineRequest
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_isStopping)
            throw new T5GemmaUnavailableException("the service is stopping");
        if (Interlocked.Increment(ref _waiting) > _options.QueueCapacity)
        {
            Interlocked.Decrement(ref _waiting);
            _telemetry.Refused(this);
            EngineLog.QueueFull(_logger, ModelId, _options.QueueCapacity);
            throw new T5GemmaQueueFullException(_options.QueueCapacity, _rate.TimeOf(_options.QueueCapacity));
        }

        try
        {
            var model = await LoadedAsync(cancellationToken).ConfigureAwait(false);
            var request = create(model);
            _telemetry.Arrived(this, request);
            _thread!.Enqueue(request); // a loaded model has a thread
            return request;
        }
        catch
        {
            Interlocked.Decrement(ref _waiting);
            throw;
        }
    }

    private void Run()
    {
        HostedModel? model = null;
        try
        {
            EngineLog.Loading(_logger, ModelId, _options.ModelPath);
            var start = Stopwatch.GetTimestamp();
            model = _load();
            var decoder = model.Generator is { } generator ? new ModuleStepDecoder(generator, _options.MaxBatchSize) : null;
            Route = decoder?.Route;
            var thread = new ModelThread(model, decoder, _options, Ended, rows => _telemetry.Stepped(this, rows));
            _state = T5GemmaEngineState.WarmingUp;
            if (_options.WarmUp)
                FirstPass.Run(model, decoder);
            lock (_lifetime)
            {
                _thread = thread;
                _state = _isStopping ? T5GemmaEngineState.Draining : T5GemmaEngineState.Ready;
                if (_isStopping)
                    thread.Drain();
            }

            EngineLog.Ready(_logger, ModelId, Stopwatch.GetElapsedTime(start).TotalSeconds, model.Model.GetType().Name, model.Device.ToString(), Route);
            _loaded.TrySetResult(new LoadedModel(model));
            thread.Run(Started);
            _state = T5GemmaEngineState.Stopped;
            EngineLog.Stopped(_logger, ModelId);
        }
        catch (Exception error)
        {
            // A thread's exception would end the process; this one is for the requests and the health check.
            Failure = error;
            EngineLog.Failed(_logger, error, ModelId);
            _state = T5GemmaEngineState.Failed;
            _isStopping = true;
            _loaded.TrySetException(new T5GemmaUnavailableException($"the model {ModelId} could not be loaded: {error.Message}", error));
            _ = _loaded.Task.Exception; // seen: without requests nobody else looks
        }
        finally
        {
            model?.Dispose();
            _ended.TrySetResult();
        }
    }

    private void Started(EngineRequest request)
    {
        if (!request.IsWaiting)
            return;
        request.IsWaiting = false;
        Interlocked.Decrement(ref _waiting);
        _telemetry.Started(this, request);
    }

    private void Ended(EngineRequest request, Exception? error)
    {
        Started(request);
        _rate.Count(request.Arrival, Stopwatch.GetTimestamp());
        _telemetry.Ended(this, request, error);
        var milliseconds = Stopwatch.GetElapsedTime(request.Arrival).TotalMilliseconds;
        if (error is null or OperationCanceledException or TimeoutException)
            EngineLog.RequestEnded(_logger, ModelId, request.Operation, milliseconds, error?.GetType().Name ?? "answered");
        else
            EngineLog.RequestFailed(_logger, error, ModelId, request.Operation, milliseconds);
        if (error is null)
            request.Complete();
        else
            request.Fail(error);
        request.Dispose();
    }

    private sealed record LoadedModel(HostedModel Model);
}
