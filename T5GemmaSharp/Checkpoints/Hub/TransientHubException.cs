using System.Net;

namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>A failure that may be gone at the next attempt; it never leaves the library.</summary>
internal sealed class TransientHubException(HubFault fault, string message, HttpStatusCode? statusCode = null, TimeSpan? retryAfter = null, Exception? innerException = null)
    : Exception(message, innerException)
{
    public HubFault Fault { get; } = fault;

    public HttpStatusCode? StatusCode { get; } = statusCode;

    /// <summary>How long the server asks to wait; null: it does not say.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
