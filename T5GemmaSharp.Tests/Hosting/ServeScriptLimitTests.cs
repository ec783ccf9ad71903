using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using NUnit.Framework;

namespace T5GemmaSharp.Tests.Hosting;

/// <summary>What <c>scripts/serve.cs</c> does for those without the key, in a crowd, and at its end.</summary>
public sealed class ServeScriptLimitTests
{
    private const string Completions = "/v1/completions";
    private const string Key = "a key";
    private const int LongAnswer = 4000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // It never ends by itself: the end token is not allowed before its length is reached.
    private static object Endless(bool stream) => new { prompt = "hello", min_new_tokens = LongAnswer, max_tokens = LongAnswer, stream };

    [Test]
    public async Task Get_WithoutTheKey_IsRefused()
    {
        using var service = await ServeProcess.StartAsync("--Serve:ApiKey", Key);
        using var refusal = await service.Client.GetAsync("/v1/models");
        Assert.That(refusal.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(await refusal.Content.ReadAsStringAsync(), Does.Contain("\"code\":\"invalid_api_key\""));
        Assert.That((await service.Client.GetAsync("/metrics")).StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That((await service.Client.GetAsync("/health/live")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        service.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key + "s");
        Assert.That((await service.Client.GetAsync("/v1/models")).StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        service.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        Assert.That((await service.Client.GetAsync("/v1/models")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Post_FullQueue_IsRefusedBeforeAnythingIsSentAndRoomComesBackWhenClientsLeave()
    {
        using var service = await ServeProcess.StartAsync("--T5Gemma:MaxBatchSize", "1", "--T5Gemma:QueueCapacity", "1", "--T5Gemma:MaxOutputTokens", $"{LongAnswer}");
        using var leave = new CancellationTokenSource();
        var running = PostAsync(service, leave.Token);
        await UntilAsync(async () => await service.MetricAsync("t5gemma_requests_active{") == 1);
        var waiting = PostAsync(service, leave.Token);
        await UntilAsync(async () => await service.MetricAsync("t5gemma_requests_waiting{") == 1);
        foreach (var stream in new[] { false, true })
        {
            using var refusal = await service.Client.PostAsJsonAsync(Completions, Endless(stream));
            Assert.That(refusal.StatusCode, Is.EqualTo(HttpStatusCode.TooManyRequests));
            Assert.That(refusal.Headers.RetryAfter?.Delta, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(1)));
        }

        await leave.CancelAsync();
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(async () => await waiting, Throws.InstanceOf<OperationCanceledException>());
        await UntilAsync(async () => await service.MetricAsync("t5gemma_requests_active{") == 0);
        await service.PostAsync(Completions, new { prompt = "hello" });
    }

    [Test]
    public async Task Stream_ClientLeaves_EndsItsAnswerAndIsNoFault()
    {
        using var service = await ServeProcess.StartAsync("--T5Gemma:MaxOutputTokens", $"{LongAnswer}");
        using (var request = new HttpRequestMessage(HttpMethod.Post, Completions) { Content = JsonContent.Create(Endless(stream: true)) })
        using (var response = await service.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        using (var body = await response.Content.ReadAsStreamAsync())
            Assert.That(await body.ReadAsync(new byte[6]), Is.Positive);
        await UntilAsync(async () => await service.MetricAsync("t5gemma_requests_active{") == 0);
        Assert.That(await service.MetricAsync("t5gemma_tokens_total{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"t5gemma\",gen_ai_request_model=\"g2p\",gen_ai_response_model=\"g2p\",gen_ai_token_type=\"output\"}"), Is.Null.Or.LessThan(LongAnswer));
        service.Stop();
        Assert.That(await service.EndAsync(Patience), Is.Zero);
        Assert.That(await service.Output, Does.Contain("stopped").And.Not.Contain("fail:"));
    }

    [Test]
    public async Task Stop_RunningAnswers_EndFirstAndNewOnesAreRefused()
    {
        using var service = await ServeProcess.StartAsync("--T5Gemma:MaxOutputTokens", "40");
        var running = Enumerable.Range(0, 8).Select(_ => service.Client.PostAsJsonAsync(Completions, new { prompt = new[] { "hello", "cat" }, n = 8, temperature = 1 })).ToArray();
        await UntilAsync(async () => await service.MetricAsync("t5gemma_requests_active{") > 0);
        service.Stop();
        foreach (var answer in await Task.WhenAll(running))
            Assert.That(answer.StatusCode, Is.AnyOf(HttpStatusCode.OK, HttpStatusCode.TooManyRequests));
        Assert.That(await service.EndAsync(Patience), Is.Zero);
    }

    [Test]
    public async Task Stop_EndlessAnswer_IsCutAtTheLimitAndMeanwhileOthersAreRefused()
    {
        using var service = await ServeProcess.StartAsync("--T5Gemma:MaxOutputTokens", $"{LongAnswer}", "--T5Gemma:DrainTimeout", "00:00:03");
        var running = service.Client.PostAsJsonAsync(Completions, Endless(stream: false));
        await UntilAsync(async () => await service.MetricAsync("t5gemma_requests_active{") == 1);
        var clock = Stopwatch.StartNew();
        service.Stop();
        await UntilAsync(async () => (await service.Client.GetAsync("/health/ready")).StatusCode == HttpStatusCode.ServiceUnavailable);
        using var refusal = await service.Client.PostAsJsonAsync(Completions, new { prompt = "hello" });
        Assert.That(refusal.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        using var cut = await running;
        Assert.That(cut.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(await service.EndAsync(Patience), Is.Zero);
        Assert.That(clock.Elapsed, Is.GreaterThan(TimeSpan.FromSeconds(2.5)));
    }

    private static Task<HttpResponseMessage> PostAsync(ServeProcess service, CancellationToken cancellationToken) => service.Client.PostAsJsonAsync(Completions, Endless(stream: false), cancellationToken);

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.That(clock.Elapsed, Is.LessThan(Patience));
            await Task.Delay(20);
        }
    }
}
