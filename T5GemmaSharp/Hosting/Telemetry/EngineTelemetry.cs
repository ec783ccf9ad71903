using System.Diagnostics;
using System.Diagnostics.Metrics;
using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Hosting.Clients;

namespace T5GemmaSharp.Hosting.Telemetry;

/// <summary>Measures the requests of a service, by the GenAI conventions of OpenTelemetry where they have a name.</summary>
internal sealed class EngineTelemetry : IDisposable
{
    // The bounds that the conventions advise, in seconds.
    private static readonly double[] RequestSeconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    private static readonly double[] FirstTokenSeconds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    private static readonly double[] TokenSeconds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

    private readonly Meter _meter;
    private readonly ActivitySource _source = new(T5GemmaTelemetry.ActivitySourceName);
    private readonly bool _ownsMeter;
    private readonly Histogram<double> _requestDuration;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _perToken;
    private readonly Histogram<double> _queueDuration;
    private readonly Histogram<int> _batchRows;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _refused;
    private readonly List<T5GemmaEngine> _engines = [];

    /// <summary>Creates the instruments.</summary>
    /// <param name="meters">The container's factory; null: a meter of its own.</param>
    public EngineTelemetry(IMeterFactory? meters = null)
    {
        _ownsMeter = meters is null;
        _meter = meters?.Create(T5GemmaTelemetry.MeterName) ?? new Meter(T5GemmaTelemetry.MeterName);
        _requestDuration = Seconds("gen_ai.server.request.duration", "Time from the arrival of a request to its end.", RequestSeconds);
        _firstToken = Seconds("gen_ai.server.time_to_first_token", "Time from the arrival of a request to its first token.", FirstTokenSeconds);
        _perToken = Seconds("gen_ai.server.time_per_output_token", "Time of a token after the first one.", TokenSeconds);
        _queueDuration = Seconds(TelemetryNames.QueueTime, "Time that a request waits.", RequestSeconds);
        _batchRows = _meter.CreateHistogram<int>("t5gemma.batch.rows", "{answer}", "Answers that share a decoding step.");
        _tokens = _meter.CreateCounter<long>("t5gemma.tokens", "{token}", "Tokens read and generated.");
        _refused = _meter.CreateCounter<long>("t5gemma.requests.refused", "{request}", "Requests that found the queue full.");
        _meter.CreateObservableUpDownCounter("t5gemma.requests.waiting", () => Observe(engine => engine.WaitingRequests), "{request}", "Requests that wait.");
        _meter.CreateObservableUpDownCounter("t5gemma.requests.active", () => Observe(engine => engine.ActiveRequests), "{request}", "Answers that are being generated.");
    }

    /// <summary>Observes an engine too.</summary>
    public void Add(T5GemmaEngine engine)
    {
        lock (_engines)
            _engines.Add(engine);
    }

    /// <summary>Begins the activity of a request, as a child of the caller's.</summary>
    public void Arrived(T5GemmaEngine engine, EngineRequest request)
    {
        request.Activity = _source.StartActivity($"{request.Operation} {engine.ModelId}", ActivityKind.Internal, default(ActivityContext), Tags(engine, request));
        if (request is not GenerationWork work || request.Activity is not { IsAllDataRequested: true } activity)
            return;
        activity.SetTag(TelemetryNames.MaxTokens, work.Settings.MaxLength - 1);
        if (!work.Settings.DoSample)
            return;
        activity.SetTag(TelemetryNames.Temperature, work.Settings.Temperature);
        activity.SetTag(TelemetryNames.TopP, work.Settings.TopP);
        activity.SetTag(TelemetryNames.TopK, work.Settings.TopK);
        activity.SetTag(TelemetryNames.Seed, work.Controls.Seed);
    }

    /// <summary>Counts a request that found no room.</summary>
    public void Refused(T5GemmaEngine engine) => _refused.Add(1, Tag(TelemetryNames.RequestModel, engine.ModelId));

    /// <summary>Counts a request that has begun.</summary>
    public void Started(T5GemmaEngine engine, EngineRequest request)
    {
        var waited = Stopwatch.GetElapsedTime(request.Arrival).TotalSeconds;
        _queueDuration.Record(waited, Tags(engine, request));
        request.Activity?.SetTag(TelemetryNames.QueueTime, waited);
    }

    /// <summary>Counts a decoding step.</summary>
    public void Stepped(T5GemmaEngine engine, int rows) => _batchRows.Record(rows, Tag(TelemetryNames.RequestModel, engine.ModelId));

    /// <summary>Measures a request that has ended.</summary>
    public void Ended(T5GemmaEngine engine, EngineRequest request, Exception? error)
    {
        var now = Stopwatch.GetTimestamp();
        var tags = Tags(engine, request);
        var outcome = error is null ? tags : [.. tags, Tag(TelemetryNames.ErrorType, error.GetType().FullName)];
        _requestDuration.Record(Stopwatch.GetElapsedTime(request.Arrival, now).TotalSeconds, outcome);
        _tokens.Add(request.InputTokens, [.. tags, Tag(TelemetryNames.TokenType, "input")]);
        var activity = request.Activity;
        activity?.SetTag(TelemetryNames.InputTokens, request.InputTokens);
        if (request is GenerationWork work)
            Measure(work, now, tags);
        if (activity is null)
            return;
        if (error is not null)
            activity.SetTag(TelemetryNames.ErrorType, error.GetType().FullName).SetStatus(ActivityStatusCode.Error, error.Message);
        activity.Dispose();
        Activity.Current = null; // of the model thread: ending an activity makes its parent current
    }

    public void Dispose()
    {
        _source.Dispose();
        if (_ownsMeter)
            _meter.Dispose();
    }

    private void Measure(GenerationWork work, long now, KeyValuePair<string, object?>[] tags)
    {
        _tokens.Add(work.TokenCount, [.. tags, Tag(TelemetryNames.TokenType, "output")]);
        work.Activity?.SetTag(TelemetryNames.OutputTokens, work.TokenCount);
        if (work.FinishReason is { } reason)
            work.Activity?.SetTag(TelemetryNames.FinishReasons, new[] { reason is FinishReason.EndOfSequence or FinishReason.StopString ? "stop" : "length" });
        if (work.FirstToken is not { } first)
            return;
        _firstToken.Record(Stopwatch.GetElapsedTime(work.Arrival, first).TotalSeconds, tags);
        if (work.TokenCount > 1)
            _perToken.Record(Stopwatch.GetElapsedTime(first, now).TotalSeconds / (work.TokenCount - 1), tags);
    }

    private Histogram<double> Seconds(string name, string description, double[] bounds)
        => _meter.CreateHistogram(name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    private List<Measurement<int>> Observe(Func<T5GemmaEngine, int> value)
    {
        lock (_engines)
            return _engines.ConvertAll(engine => new Measurement<int>(value(engine), Tag(TelemetryNames.RequestModel, engine.ModelId), Tag(TelemetryNames.Model, engine.Name)));
    }

    private static KeyValuePair<string, object?>[] Tags(T5GemmaEngine engine, EngineRequest request) =>
    [
        Tag(TelemetryNames.Operation, request.Operation),
        Tag(TelemetryNames.ProviderName, Provider.Name),
        Tag(TelemetryNames.RequestModel, engine.ModelId),
        Tag(TelemetryNames.ResponseModel, engine.ModelId),
    ];

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);
}
