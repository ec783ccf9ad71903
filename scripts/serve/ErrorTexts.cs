using T5GemmaSharp.Hosting;

namespace T5GemmaSharp.Serve;

/// <summary>What callers are told of faults.</summary>
internal sealed class ErrorTexts(Draining draining, ILogger<ErrorTexts> log)
{
    /// <summary>Whether somebody is there to be told.</summary>
    public bool IsHeard(HttpContext context) => !draining.HasLeft(context);

    /// <summary>The answer to a fault; those that are not the caller's are logged, and their words stay here.</summary>
    public ApiException Of(Exception error)
    {
        switch (error)
        {
            case ApiException refusal:
                return refusal;
            case T5GemmaQueueFullException:
                return new ApiException(StatusCodes.Status429TooManyRequests, "rate_limit_error", "rate_limit_exceeded", null, error.Message);
            case T5GemmaUnavailableException:
                return Unavailable(error.Message);
            case OperationCanceledException when draining.IsDraining:
                return Unavailable("the service has stopped before the answer was whole");
            case TimeoutException:
                return new ApiException(StatusCodes.Status504GatewayTimeout, ApiException.ServerError, "timeout", null, error.Message);
            case BadHttpRequestException bad:
                return new ApiException(bad.StatusCode, ApiException.InvalidRequest, bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? "request_too_large" : null, null, bad.Message);
            case ArgumentException or NotSupportedException or FormatException:
                return ApiException.Invalid("invalid_value", null, error.Message);
            default:
                ServeLog.RequestFailed(log, error);
                return new ApiException(StatusCodes.Status500InternalServerError, ApiException.ServerError, null, null, "the request has failed; the service's log says why");
        }
    }

    private static ApiException Unavailable(string message) => new(StatusCodes.Status503ServiceUnavailable, ApiException.ServerError, "unavailable", null, message);
}
