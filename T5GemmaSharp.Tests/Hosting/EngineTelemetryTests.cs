using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Hosting.Clients;
using T5GemmaSharp.Hosting.Telemetry;

namespace T5GemmaSharp.Tests.Hosting;

public sealed class EngineTelemetryTests
{
    [Test]
    public async Task Requests_AreMeasuredByTheConventions()
    {
        using var meters = new Meters();
        using var telemetry = new EngineTelemetry(meters);
        using var recorder = new Recorder(meters);
        using (var engine = HostedTestModels.Engine(telemetry: telemetry))
        {
            using var client = new T5GemmaChatClient(engine);
            using var embeddings = new T5GemmaEmbeddingGenerator(engine);
            var answer = await client.GetResponseAsync("abc");
            await embeddings.GenerateAsync(["abc", "dd"]);
            await TimeOut(engine, client, "abc");
            await engine.StopAsync(CancellationToken.None);
            recorder.Observe();
            var input = answer.Usage!.InputTokenCount!.Value;
            using (Assert.EnterMultipleScope())
            {
                Assert.That(recorder.Of("gen_ai.server.request.duration", "gen_ai.operation.name=chat"), Has.Count.EqualTo(2));
                Assert.That(recorder.Of("gen_ai.server.request.duration", "error.type=System.TimeoutException"), Has.Count.EqualTo(1));
                Assert.That(recorder.Of("gen_ai.server.request.duration", "gen_ai.operation.name=embeddings"), Has.Count.EqualTo(1));
                Assert.That(recorder.Of("gen_ai.server.request.duration", "gen_ai.request.model=tiny"), Has.Count.EqualTo(4));
                Assert.That(recorder.Of("gen_ai.server.time_to_first_token", "gen_ai.provider.name=t5gemma"), Has.Count.EqualTo(1));
                Assert.That(recorder.Of("gen_ai.server.time_per_output_token", ""), Has.Count.EqualTo(1));
                Assert.That(recorder.Of("t5gemma.tokens", "gen_ai.token.type=output").Sum(), Is.EqualTo(12));
                Assert.That(recorder.Of("t5gemma.tokens", "gen_ai.operation.name=chat", "gen_ai.token.type=input")[0], Is.EqualTo(input));
                Assert.That(recorder.Of("t5gemma.batch.rows", ""), Has.Count.EqualTo(11).And.All.EqualTo(1));
                Assert.That(recorder.Of("t5gemma.queue.duration", ""), Has.Count.EqualTo(4));
                Assert.That(recorder.Of("t5gemma.requests.waiting", "gen_ai.request.model=tiny"), Is.EqualTo(new[] { 0.0 }));
                Assert.That(recorder.Of("t5gemma.requests.active", ""), Is.EqualTo(new[] { 0.0 }));
            }
        }
    }

    [Test]
    public async Task Refusals_AreCounted()
    {
        using var meters = new Meters();
        using var telemetry = new EngineTelemetry(meters);
        using var recorder = new Recorder(meters);
        var options = HostedTestModels.Options();
        options.QueueCapacity = 1;
        using var engine = HostedTestModels.Engine(options, telemetry: telemetry);
        using var client = new T5GemmaChatClient(engine);
        await using var busy = await BusyThread.Of(engine);
        var accepted = client.GetResponseAsync("abc");
        Assert.That(() => client.GetResponseAsync("abc"), Throws.TypeOf<T5GemmaQueueFullException>());
        recorder.Observe();
        Assert.That(recorder.Of("t5gemma.requests.refused", "gen_ai.request.model=tiny"), Is.EqualTo(new[] { 1.0 }));
        Assert.That(recorder.Of("t5gemma.requests.waiting", ""), Is.EqualTo(new[] { 1.0 }));
        busy.Release();
        await accepted;
    }

    [Test]
    public async Task Activities_AreChildrenOfTheCallersAndSayWhatHappened()
    {
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == T5GemmaTelemetry.ActivitySourceName,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (ended)
                    ended.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var engine = HostedTestModels.Engine();
        using var client = new T5GemmaChatClient(engine);
        using var parent = new Activity("caller").Start();
        await client.GetResponseAsync("abc", new ChatOptions { Temperature = 0.5f, Seed = 3, MaxOutputTokens = 5 });
        Assert.That(Activity.Current, Is.SameAs(parent), "the caller's stays current");
        await TimeOut(engine, client, "abc");
        await engine.StopAsync(CancellationToken.None);
        Assert.That(ended.Select(activity => activity.DisplayName), Is.EquivalentTo(new[] { "chat tiny", "chat tiny", "test tiny" }));
        ended.RemoveAll(activity => activity.DisplayName == "test tiny");
        var (answered, failed) = (ended[0], ended[1]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answered.ParentSpanId, Is.EqualTo(parent.SpanId));
            Assert.That(answered.GetTagItem("gen_ai.usage.output_tokens"), Is.EqualTo(5));
            Assert.That(answered.GetTagItem("gen_ai.request.temperature"), Is.EqualTo(0.5));
            Assert.That(answered.GetTagItem("gen_ai.request.seed"), Is.EqualTo(3));
            Assert.That(answered.GetTagItem("gen_ai.response.finish_reasons"), Is.EqualTo(new[] { "length" }));
            Assert.That(failed.Status, Is.EqualTo(ActivityStatusCode.Error));
            Assert.That(failed.GetTagItem("error.type"), Is.EqualTo("System.TimeoutException"));
        }
    }

    [Test]
    public async Task Log_SaysWhatHappensAndNeverATextOfARequest()
    {
        var logger = new Lines();
        using var engine = HostedTestModels.Engine(logger: logger);
        using var client = new T5GemmaChatClient(engine);
        await client.GetResponseAsync("abcabc");
        await TimeOut(engine, client, "abcabc");
        await engine.StopAsync(CancellationToken.None);
        Assert.That(logger.Written, Has.Some.StartsWith("Information: T5Gemma tiny: ready after").And.Some.Contains("CpuKernels").And.Some.Contains("answered").And.Some.Contains("TimeoutException").And.Some.Contains("stopped"));
        Assert.That(logger.Written, Has.None.Contains("abcabc"));
    }

    // The thread is busy until the time is over.
    private static async Task TimeOut(T5GemmaEngine engine, T5GemmaChatClient client, string text)
    {
        await using var busy = await BusyThread.Of(engine);
        Assert.That(() => client.GetResponseAsync(text, new ChatOptions { AdditionalProperties = new() { ["timeout"] = 0.01 } }), Throws.TypeOf<TimeoutException>());
    }

    private sealed class Meters : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            options.Scope = this;
            var meter = new Meter(options);
            _meters.Add(meter);
            return meter;
        }

        public void Dispose() => _meters.ForEach(meter => meter.Dispose());
    }

    private sealed class Recorder : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly List<(string Name, double Value, string Tags)> _measured = [];

        public Recorder(IMeterFactory scope)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == T5GemmaTelemetry.MeterName && ReferenceEquals(instrument.Meter.Scope, scope))
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.Start();
        }

        public void Observe() => _listener.RecordObservableInstruments();

        public List<double> Of(string name, params string[] tags)
        {
            lock (_measured)
                return [.. _measured.Where(item => item.Name == name && tags.All(tag => item.Tags.Contains(tag, StringComparison.Ordinal))).Select(item => item.Value)];
        }

        public void Dispose() => _listener.Dispose();

        private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (_measured)
                _measured.Add((instrument.Name, value, string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))));
        }
    }

    private sealed class Lines : ILogger
    {
        private readonly List<string> _written = [];

        public IReadOnlyList<string> Written
        {
            get
            {
                lock (_written)
                    return [.. _written];
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_written)
                _written.Add($"{logLevel}: {formatter(state, exception)}");
        }
    }
}
