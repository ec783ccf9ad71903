// Answers requests over HTTP, many at a time, with one model; the guide is T5GemmaSharp/docs/service.md.
//
//   dotnet run -c Release scripts/serve.cs -- --T5Gemma:ModelPath "$PWD/weights/g2p" --urls http://127.0.0.1:5080
//   curl "http://127.0.0.1:5080/answer?text=interlinked"          curl -N "http://127.0.0.1:5080/stream?text=interlinked"
//   curl "http://127.0.0.1:5080/vector?text=interlinked"          curl "http://127.0.0.1:5080/ready"

#:sdk Microsoft.NET.Sdk.Web
#:project ../T5GemmaSharp/T5GemmaSharp.csproj

using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.AI;
using T5GemmaSharp.Hosting;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddT5Gemma(builder.Configuration.GetSection("T5Gemma")); // every property of T5GemmaOptions: --T5Gemma:Name value, or the environment's T5Gemma__Name
builder.Services.AddHealthChecks().AddT5Gemma();
await using var app = builder.Build();

app.Use(async (context, next) =>
{
    try
    {
        await next();
    }
    catch (Exception fault) when (StatusOf(fault) is { } status && !context.Response.HasStarted)
    {
        if (fault is T5GemmaQueueFullException full)
            context.Response.Headers.RetryAfter = full.RetryAfter.TotalSeconds.ToString("F0");
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(fault.Message);
    }
});

app.MapHealthChecks("/live", new HealthCheckOptions { Predicate = check => check.Tags.Contains("live") });
app.MapHealthChecks("/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") }); // loaded, and a first pass made

app.MapGet("/answer", async (string text, int? tokens, IChatClient chat, CancellationToken cancellation) =>
{
    var answer = await chat.GetResponseAsync(text, new ChatOptions { MaxOutputTokens = tokens }, cancellation);
    return new { answer.Text, Reason = answer.FinishReason?.Value, answer.Usage?.InputTokenCount, answer.Usage?.OutputTokenCount };
});

app.MapGet("/stream", (string text, int? tokens, IChatClient chat, CancellationToken cancellation) => TypedResults.ServerSentEvents(
    chat.GetStreamingResponseAsync(text, new ChatOptions { MaxOutputTokens = tokens }, cancellation).Where(update => update.Text.Length > 0).Select(update => update.Text)));

app.MapGet("/vector", async (string text, IEmbeddingGenerator<string, Embedding<float>> embeddings, CancellationToken cancellation) =>
    (await embeddings.GenerateVectorAsync(text, cancellationToken: cancellation)).ToArray());

app.MapGet("/score", async (string text, string[] answer, IT5GemmaScorer scorer, CancellationToken cancellation) => await scorer.ScoreAsync(text, answer, cancellation));

await app.RunAsync();
return 0;

static int? StatusOf(Exception fault) => fault switch
{
    T5GemmaQueueFullException => StatusCodes.Status429TooManyRequests,
    T5GemmaUnavailableException => StatusCodes.Status503ServiceUnavailable,
    TimeoutException => StatusCodes.Status504GatewayTimeout,
    ArgumentException or NotSupportedException or FormatException => StatusCodes.Status400BadRequest,
    _ => null,
};
