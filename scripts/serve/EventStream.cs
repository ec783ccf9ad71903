using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace T5GemmaSharp.Serve;

/// <summary>Server-sent events, as OpenAI's clients read them: one JSON a <c>data</c> line, <c>[DONE]</c> at the end.</summary>
internal static class EventStream
{
    private static readonly byte[] Prefix = "data: "u8.ToArray();
    private static readonly byte[] End = "\n\n"u8.ToArray();
    private static readonly byte[] Done = "data: [DONE]\n\n"u8.ToArray();

    /// <summary>Sends events. Headers go out with the first one, so that what fails before it has its own status; what fails later is an event.</summary>
    public static async Task WriteAsync(HttpContext context, IAsyncEnumerable<object> events, ErrorTexts errors)
    {
        var response = context.Response;
        await using var reader = events.GetAsyncEnumerator(context.RequestAborted);
        var hasMore = await reader.MoveNextAsync();
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no"; // a proxy is to pass each event on
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            while (hasMore)
            {
                await SendAsync(response, reader.Current, context.RequestAborted);
                hasMore = await reader.MoveNextAsync();
            }
        }
        catch (Exception error) when (errors.IsHeard(context))
        {
            await SendAsync(response, errors.Of(error).Body, CancellationToken.None); // the request's own token may be what has ended it
            return;
        }

        await response.Body.WriteAsync(Done, context.RequestAborted);
    }

    private static async Task SendAsync(HttpResponse response, object value, CancellationToken cancellationToken)
    {
        byte[] message = [.. Prefix, .. JsonSerializer.SerializeToUtf8Bytes(value, value.GetType(), Json.Options), .. End];
        await response.Body.WriteAsync(message, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
