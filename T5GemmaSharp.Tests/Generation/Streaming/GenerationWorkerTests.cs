using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Generation.Streaming;

public sealed class GenerationWorkerTests
{
    private static readonly GenerationConfig Settings = new() { MaxNewTokens = 12, EosTokenId = [] };
    private static readonly int[] SourceIds = [7, 11, 5, 9];

    private T5GemmaForConditionalGeneration _model = null!;
    private T5GemmaTokenizer _tokenizer = null!;

    [OneTimeSetUp]
    public void Build()
    {
        _tokenizer = TinyTokenizer.Create();
        var config = TinyModels.Config with { TieWordEmbeddings = false, InitializerRange = 3 };
        _model = TinyModels.LanguageModel(config with { Decoder = config.Decoder with { VocabSize = TinyTokenizer.Pieces.Count } });
    }

    [OneTimeTearDown]
    public void Free() => _model.Dispose();

    [Test]
    public async Task StreamAsync_Tokens_EqualGenerate()
    {
        var expected = Expected(Settings);
        using var worker = new GenerationWorker(_model, _tokenizer);
        var tokens = await Collect(worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings }));
        Assert.That(tokens.Select(token => token.Id), Is.EqualTo(expected));
        Assert.That(tokens.Select(token => token.FinishReason), Is.EqualTo(Enumerable.Repeat((FinishReason?)null, 11).Append(FinishReason.Length)));
        Assert.That(tokens.Select(token => token.Route), Is.EqualTo(Enumerable.Repeat((DecodingRoute?)null, 11).Append(new DecodingRoute(DecodingEngine.CpuKernels, Reason: null))));
    }

    [Test]
    public async Task StreamAsync_Draft_EqualsGenerate()
    {
        using var worker = new GenerationWorker(_model, _tokenizer);
        var tokens = await Collect(worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings with { PromptLookupNumTokens = 3 } }));
        Assert.That(tokens.Select(token => token.Id), Is.EqualTo(Expected(Settings)));
    }

    [Test]
    public async Task StreamAsync_LogProbabilities_AreThoseOfTheScoredTarget()
    {
        using var worker = new GenerationWorker(_model, _tokenizer);
        var tokens = await Collect(worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings }));
        var scores = await worker.RunAsync(model =>
        {
            using var source = model.Encode(new() { InputIds = torch.tensor(SourceIds, [1, SourceIds.Length], dtype: ScalarType.Int64) });
            return model.ScoreTargets(source, torch.tensor(tokens.Select(token => token.Id).ToArray(), [1, tokens.Count])).LogProbabilities[0].data<float>().ToArray();
        });
        Assert.That(tokens.Select(token => token.LogProbability), Is.EqualTo(scores).Within(1e-4));
    }

    [Test]
    public async Task StreamAsync_ManyAtOnce_TakeTurnsAndDoNotMix()
    {
        using var worker = new GenerationWorker(_model, _tokenizer);
        var sampled = Settings with { DoSample = true };
        var requests = Enumerable.Range(0, 6).Select(seed => new StreamRequest { InputIds = SourceIds, Config = sampled, Controls = new() { Seed = seed } }).ToArray();
        var alone = new List<long[]>();
        foreach (var request in requests)
            alone.Add([.. (await Collect(worker.StreamAsync(request))).Select(token => token.Id)]);
        var together = await Task.WhenAll(requests.Select(request => Task.Run(() => Collect(worker.StreamAsync(request)))));
        Assert.That(together.Select(tokens => tokens.Select(token => token.Id)), Is.EqualTo(alone));
    }

    [Test]
    public async Task StreamAsync_StopString_EndsTheTextBeforeIt()
    {
        var whole = _tokenizer.Decode(Expected(Settings).Select(id => (int)id), skipSpecialTokens: true);
        var stop = whole.Substring(whole.Length / 2, 1);
        using var worker = new GenerationWorker(_model, _tokenizer);
        var tokens = await Collect(worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings with { StopStrings = [stop] } }));
        Assert.That(string.Concat(tokens.Select(token => token.Text)), Is.EqualTo(whole[..whole.IndexOf(stop, StringComparison.Ordinal)]));
        Assert.That(tokens[^1].FinishReason, Is.EqualTo(FinishReason.StopString));
    }

    [Test]
    public async Task StreamAsync_Cancelled_EndsWithinAStepAndLeavesNothing()
    {
        using var worker = new GenerationWorker(_model, _tokenizer);
        await Collect(worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings })); // what is made once
        var before = await worker.RunAsync(_ => LiveTensors.Count);
        using var cancellation = new CancellationTokenSource();
        var count = 0;
        Assert.That(
            async () =>
            {
                await foreach (var token in worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings with { MaxNewTokens = 100_000 } }, cancellation.Token))
                {
                    if (++count == 3)
                        await cancellation.CancelAsync();
                }
            },
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(count, Is.LessThan(100), "a reader may lag behind by the capacity of its channel");
        Assert.That(await worker.RunAsync(_ => LiveTensors.Count), Is.EqualTo(before));
    }

    [Test]
    public async Task StreamAsync_ReaderLeaves_FreesItsGeneration()
    {
        using var worker = new GenerationWorker(_model, _tokenizer);
        await Collect(worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings }));
        var before = await worker.RunAsync(_ => LiveTensors.Count);
        await foreach (var token in worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings with { MaxNewTokens = 100_000 } }))
            break;
        Assert.That(async () => await worker.RunAsync(_ => LiveTensors.Count), Is.EqualTo(before).After(2000, 20));
    }

    [Test]
    public async Task StreamAsync_SlowReader_StopsItsOwnGenerationOnly()
    {
        using var worker = new GenerationWorker(_model, _tokenizer);
        var steps = 0;
        var hook = _model.LmHead.register_forward_hook((_, _, _, logits) =>
        {
            steps++;
            return logits;
        });
        await using (var slow = worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings with { MaxNewTokens = 100_000 } }).GetAsyncEnumerator())
        {
            await slow.MoveNextAsync();
            Assert.That(await Collect(worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings })), Has.Count.EqualTo(12));
            await Task.Delay(200);
            Assert.That(steps, Is.LessThan(100));
        }

        hook.remove();
    }

    [Test]
    public void StreamAsync_BadRequest_IsThrownToTheReader()
    {
        using var worker = new GenerationWorker(_model, _tokenizer);
        Assert.That(() => worker.StreamAsync(new()), Throws.ArgumentException.With.Message.Contains("got neither"));
        Assert.That(() => Collect(worker.StreamAsync(new() { InputIds = SourceIds, Config = new() { NumBeams = 2 } })), Throws.TypeOf<GenerationConfigException>());
        Assert.That(() => Collect(worker.StreamAsync(new() { InputIds = [999] })), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Collect(worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings })), Throws.Nothing, "the worker goes on");
    }

    [Test]
    public async Task Dispose_WhileStreaming_EndsTheStreamWithAnException()
    {
        var worker = new GenerationWorker(_model, _tokenizer);
        await using var stream = worker.StreamAsync(new() { InputIds = SourceIds, Config = Settings with { MaxNewTokens = 100_000 } }).GetAsyncEnumerator();
        await stream.MoveNextAsync();
        worker.Dispose();
        Assert.That(
            async () =>
            {
                while (await stream.MoveNextAsync())
                {
                    // Tokens that had been made are still read.
                }
            },
            Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => worker.StreamAsync(new() { InputIds = SourceIds }), Throws.TypeOf<ObjectDisposedException>());
    }

    private long[] Expected(GenerationConfig config)
    {
        using var scope = NewDisposeScope();
        return _model.Generate(new() { InputIds = torch.tensor(SourceIds, [1, SourceIds.Length], dtype: ScalarType.Int64) }, config).Sequences[0].ToLongs()[1..];
    }

    private static async Task<List<GeneratedToken>> Collect(IAsyncEnumerable<GeneratedToken> tokens)
    {
        var list = new List<GeneratedToken>();
        await foreach (var token in tokens)
            list.Add(token);
        return list;
    }
}
