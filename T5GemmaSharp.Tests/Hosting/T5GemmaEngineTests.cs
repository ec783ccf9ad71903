using Microsoft.Extensions.AI;
using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Hosting.Clients;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Hosting;

public sealed class T5GemmaEngineTests
{
    private static readonly ChatOptions Endless = new() { MaxOutputTokens = 1024 };

    [Test]
    public async Task SubmitAsync_MoreThanTheQueueHolds_IsRefusedAtOnceAndTheOthersAreAnswered()
    {
        using var engine = HostedTestModels.Engine(Options(queueCapacity: 2));
        using var client = new T5GemmaChatClient(engine);
        await using var busy = await BusyThread.Of(engine);
        Task<ChatResponse>[] accepted = [client.GetResponseAsync("abc"), client.GetResponseAsync("bcd")];
        var refused = (await Assert.ThrowsAsync<T5GemmaQueueFullException>(() => client.GetResponseAsync("abc")))!; // the assertion returns it
        Assert.That(refused.RetryAfter, Is.InRange(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)));
        Assert.That(refused.Message, Does.Contain("2 requests"));
        Assert.That(engine.WaitingRequests, Is.EqualTo(2));
        busy.Release();
        await Task.WhenAll(accepted);
        Assert.That(engine.WaitingRequests, Is.Zero);
        Assert.That(() => client.GetResponseAsync("abc"), Throws.Nothing, "there is room again");
    }

    [Test]
    public async Task SubmitAsync_RefusedRequests_LeaveTheirPlaceInTheQueue()
    {
        using var engine = HostedTestModels.Engine(Options(queueCapacity: 1));
        using var client = new T5GemmaChatClient(engine);
        for (var request = 0; request < 3; request++)
            Assert.That(() => client.GetResponseAsync(new string('a', 300_000)), Throws.ArgumentException);
        Assert.That((await client.GetResponseAsync("abc")).Text, Is.Not.Null);
    }

    [Test]
    public async Task SubmitAsync_CancelledBeforeWhileWaitingWhileRunningAndAfter_EndsAtOnceAndTheEngineGoesOn()
    {
        using var engine = HostedTestModels.Engine(Options());
        using var client = new T5GemmaChatClient(engine);
        Assert.That(() => client.GetResponseAsync("abc", cancellationToken: new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());

        await using (var busy = await BusyThread.Of(engine))
        {
            using var waiting = new CancellationTokenSource();
            var request = client.GetResponseAsync("abc", cancellationToken: waiting.Token);
            await waiting.CancelAsync();
            Assert.That(() => request, Throws.InstanceOf<OperationCanceledException>(), "although the thread is busy");
        }

        using var running = new CancellationTokenSource();
        var stream = client.GetStreamingResponseAsync("abc", Endless, running.Token).GetAsyncEnumerator(CancellationToken.None);
        await stream.MoveNextAsync();
        await running.CancelAsync();
        Assert.That(
            async () =>
            {
                while (await stream.MoveNextAsync())
                {
                    // What had been made is still read.
                }
            },
            Throws.InstanceOf<OperationCanceledException>());
        await stream.DisposeAsync();

        using var after = new CancellationTokenSource();
        var answer = await client.GetResponseAsync("abc", cancellationToken: after.Token);
        await after.CancelAsync();
        Assert.That(answer.FinishReason, Is.EqualTo(ChatFinishReason.Length));
        Assert.That(() => engine.ActiveRequests + engine.WaitingRequests, Is.Zero.After(2000, 10));
    }

    [Test]
    public async Task SubmitAsync_TimeIsOver_ThrowsTimeout()
    {
        using var engine = HostedTestModels.Engine(Options());
        using var client = new T5GemmaChatClient(engine);
        await using var busy = await BusyThread.Of(engine);
        var options = new ChatOptions { AdditionalProperties = new() { ["timeout"] = 0.05 } };
        Assert.That(() => client.GetResponseAsync("abc", options), Throws.TypeOf<TimeoutException>().With.Message.Contains("0.05 s"), "although the thread is busy");
        busy.Release();
        Assert.That(() => engine.WaitingRequests, Is.Zero.After(2000, 10), "it has left the queue");
    }

    [Test]
    public async Task Write_ReaderThatDoesNotRead_HoldsNobodyUpAndLosesNothing()
    {
        using var engine = HostedTestModels.Engine(Options(maxBatchSize: 2));
        using var client = new T5GemmaChatClient(engine);
        var expected = await client.GetResponseAsync("abc", new ChatOptions { MaxOutputTokens = 200 });
        var slow = client.GetStreamingResponseAsync("abc", new ChatOptions { MaxOutputTokens = 200 }).GetAsyncEnumerator();
        await slow.MoveNextAsync();
        var text = slow.Current.Text;
        for (var request = 0; request < 4; request++)
            await client.GetResponseAsync("bcd");
        Assert.That(() => engine.ActiveRequests, Is.Zero.After(5000, 10), "the slow one's place is free again");
        while (await slow.MoveNextAsync())
            text += slow.Current.Text;
        await slow.DisposeAsync();
        Assert.That(text, Is.EqualTo(expected.Text));
    }

    [Test]
    public async Task Step_ProcessorThatFails_EndsItsRequestAlone()
    {
        using var engine = HostedTestModels.Engine(Options());
        using var client = new T5GemmaChatClient(engine);
        var expected = (await client.GetResponseAsync("bcd")).Text;
        var output = new WholeOutput();
        await using (var busy = await BusyThread.Of(engine))
        {
            _ = Submit(engine, output, new GenerationControls { LogitsProcessors = [new Failing(length: 4)] });
            var other = client.GetResponseAsync("bcd");
            busy.Release();
            Assert.That(() => output.Result, Throws.InvalidOperationException.With.Message.EqualTo("on purpose"));
            Assert.That((await other).Text, Is.EqualTo(expected));
        }
    }

    [Test]
    public async Task Step_ModelThatFails_EndsTheRequestsThatFailAloneTooAndNoOthers()
    {
        var model = HostedTestModels.Generator();
        using var engine = HostedTestModels.Engine(Options(), () => HostedTestModels.Hosted(model));
        using var client = new T5GemmaChatClient(engine);
        string[] texts = ["abc", "bcd", "aab"];
        var expected = new List<string>();
        foreach (var text in texts)
            expected.Add((await client.GetResponseAsync(text)).Text);
        var mostRows = 1L;
        var hook = model.LmHead.register_forward_hook((_, input, _, output) => input.size(0) > Volatile.Read(ref mostRows) ? throw new InvalidOperationException("on purpose") : output);
        var together = await Task.WhenAll(texts.Select(text => client.GetResponseAsync(text)));
        Assert.That(together.Select(answer => answer.Text), Is.EqualTo(expected), "one by one it works");
        Volatile.Write(ref mostRows, 0);
        Assert.That(() => client.GetResponseAsync("abc"), Throws.InvalidOperationException.With.Message.EqualTo("on purpose"));
        hook.remove();
        Assert.That((await client.GetResponseAsync("abc")).Text, Is.EqualTo(expected[0]), "the engine lives on");
    }

    [Test]
    public async Task StopAsync_RunningAndWaitingRequests_AreAnsweredAndNewOnesRefused()
    {
        using var engine = HostedTestModels.Engine(Options(maxBatchSize: 1));
        using var client = new T5GemmaChatClient(engine);
        var busy = await BusyThread.Of(engine);
        Task<ChatResponse>[] accepted = [client.GetResponseAsync("abc"), client.GetResponseAsync("bcd")];
        var stopping = engine.StopAsync(CancellationToken.None);
        Assert.That(engine.State, Is.EqualTo(T5GemmaEngineState.Draining));
        Assert.That(() => client.GetResponseAsync("abc"), Throws.TypeOf<T5GemmaUnavailableException>());
        await busy.DisposeAsync();
        await stopping;
        Assert.That((await Task.WhenAll(accepted)).Select(answer => answer.Usage!.OutputTokenCount), Is.All.EqualTo(12));
        Assert.That(engine.State, Is.EqualTo(T5GemmaEngineState.Stopped));
    }

    [Test]
    public async Task StopAsync_PatienceEnds_FailsWhatIsLeft()
    {
        var options = Options();
        options.DrainTimeout = TimeSpan.Zero;
        options.MaxOutputTokens = 1_000_000;
        using var engine = HostedTestModels.Engine(options);
        using var client = new T5GemmaChatClient(engine);
        await using var stream = client.GetStreamingResponseAsync("abc", new ChatOptions { MaxOutputTokens = 1_000_000 }).GetAsyncEnumerator();
        await stream.MoveNextAsync();
        await engine.StopAsync(CancellationToken.None);
        Assert.That(
            async () =>
            {
                while (await stream.MoveNextAsync())
                {
                    // What had been made is still read.
                }
            },
            Throws.TypeOf<T5GemmaUnavailableException>());
    }

    [Test]
    public async Task Start_ModelThatCannotBeLoaded_FailsRequestsWithTheCause()
    {
        using var engine = HostedTestModels.Engine(load: () => throw new IOException("no disk"));
        using var client = new T5GemmaChatClient(engine);
        var error = (await Assert.ThrowsAsync<T5GemmaUnavailableException>(() => client.GetResponseAsync("abc")))!; // the assertion returns it
        Assert.That(error.InnerException, Is.TypeOf<IOException>());
        Assert.That(engine.Failure, Is.SameAs(error.InnerException));
        Assert.That(engine.State, Is.EqualTo(T5GemmaEngineState.Failed));
        await engine.StopAsync(CancellationToken.None);
    }

    [Test]
    public async Task Requests_OfAllKinds_LeaveNoTensor()
    {
        using var engine = HostedTestModels.Engine(Options());
        using var client = new T5GemmaChatClient(engine);
        using var embeddings = new T5GemmaEmbeddingGenerator(engine);
        await Round();
        var before = await HostedTestModels.LiveCount(engine);
        for (var round = 0; round < 3; round++)
            await Round();
        Assert.That(await HostedTestModels.LiveCount(engine), Is.EqualTo(before));

        async Task Round()
        {
            var sampled = new ChatOptions { Temperature = 1, Seed = 5, StopSequences = ["zz"], AdditionalProperties = new() { ["repetition_penalty"] = 1.1, ["encoder_repetition_penalty"] = 1.1 } };
            var beams = new ChatOptions { AdditionalProperties = new() { ["num_beams"] = 2 } };
            await Task.WhenAll(client.GetResponseAsync("abc"), client.GetResponseAsync("abc abc", sampled), client.GetResponseAsync("a", beams));
            await embeddings.GenerateAsync(["abc", "a b c d"]);
            await foreach (var update in client.GetStreamingResponseAsync("abc", Endless))
                break;
        }
    }

    private static T5GemmaOptions Options(int queueCapacity = 64, int maxBatchSize = 32)
    {
        var options = HostedTestModels.Options();
        (options.QueueCapacity, options.MaxBatchSize) = (queueCapacity, maxBatchSize);
        return options;
    }

    private static Task<GenerationWork> Submit(T5GemmaEngine engine, IGenerationOutput output, GenerationControls controls) => engine.SubmitAsync(
        model => GenerationRequests.Create(model.Generator!, engine.Options, new ChatRequest([5, 6, 7], new GenerationConfig(), controls, Timeout.InfiniteTimeSpan), output, CancellationToken.None),
        CancellationToken.None);

    private sealed class Failing(int length) : LogitsProcessor
    {
        public override Tensor Process(Tensor inputIds, Tensor scores) => inputIds.size(1) < length ? scores : throw new InvalidOperationException("on purpose");
    }
}
