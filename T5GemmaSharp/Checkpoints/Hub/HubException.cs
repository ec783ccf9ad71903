using System.Net;

namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>A download from the hub failed. Messages hold neither tokens nor signed addresses.</summary>
public sealed class HubException : IOException
{
    internal HubException(HubFault fault, string message, HttpStatusCode? statusCode = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Fault = fault;
        StatusCode = statusCode;
    }

    /// <summary>What went wrong.</summary>
    public HubFault Fault { get; }

    /// <summary>The hub's answer, or null when the fault is none of its answers.</summary>
    public HttpStatusCode? StatusCode { get; }
}
