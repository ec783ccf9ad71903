using T5GemmaSharp.Hosting;

namespace T5GemmaSharp.Serve;

/// <summary>Turns what goes wrong into answers that OpenAI's clients understand.</summary>
internal sealed class ErrorResponses(RequestDelegate next, ErrorTexts errors)
{
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= StatusCodes.Status400BadRequest, ContentType: null })
                await Json.WriteAsync(context.Response, Plain(context).Body);
        }
        catch (Exception error)
        {
            if (!errors.IsHeard(context))
            {
                if (!context.Response.HasStarted)
                    context.Response.StatusCode = ClientClosedRequest; // nobody reads it; the metrics do
                return;
            }

            if (context.Response.HasStarted)
                throw;
            var refusal = errors.Of(error);
            context.Response.Clear();
            context.Response.StatusCode = refusal.Status;
            if (error is T5GemmaQueueFullException full)
                context.Response.Headers.RetryAfter = full.RetryAfter.TotalSeconds.ToString("F0");
            await context.Response.WriteAsJsonAsync(refusal.Body, Json.Options, CancellationToken.None); // the request's own token may be what has ended it
        }
    }

    private static ApiException Plain(HttpContext context)
    {
        var request = $"{context.Request.Method} {context.Request.Path}";
        return context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => new ApiException(StatusCodes.Status404NotFound, ApiException.InvalidRequest, "unknown_url", null, $"{request}: there is nothing here"),
            StatusCodes.Status405MethodNotAllowed => new ApiException(StatusCodes.Status405MethodNotAllowed, ApiException.InvalidRequest, "method_not_allowed", null, $"{request}: expected {context.Response.Headers.Allow}"),
            var status => new ApiException(status, ApiException.InvalidRequest, null, null, $"{request}: refused"),
        };
    }
}
