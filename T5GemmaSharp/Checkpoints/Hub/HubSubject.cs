using System.Net;
using System.Net.Http.Headers;

namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>What a request is about, and what the hub's refusals mean for it.</summary>
/// <param name="Repository">Name of the repository.</param>
/// <param name="Revision">Branch, tag or commit.</param>
/// <param name="Path">The file; null for the list of files.</param>
internal sealed record HubSubject(string Repository, string Revision, string? Path)
{
    /// <summary>The fault that a refusal of the hub means.</summary>
    /// <param name="status">The status of its answer.</param>
    /// <param name="headers">The headers; <c>X-Error-Code</c> tells more than the status.</param>
    /// <param name="address">The hub.</param>
    /// <param name="hasToken">Whether a token was sent.</param>
    public HubException Explain(HttpStatusCode status, HttpResponseHeaders headers, string address, bool hasToken)
    {
        var code = Header(headers, "X-Error-Code");
        var remark = Header(headers, "X-Error-Message") is { } text ? $" The hub says: {SafetensorsFormatException.Quote(text)}." : "";
        var (fault, message) = (status, code) switch
        {
            (_, "GatedRepo") => (HubFault.Forbidden, Gated(address, hasToken)),
            (HttpStatusCode.Unauthorized, _) => (HubFault.Unauthorized, hasToken
                ? $"{Repository}: the hub does not accept the token, or there is no such repository. Check the name and the token (HF_TOKEN)."
                : $"{Repository}: the hub wants a token, or there is no such repository. Check the name; for a private or gated one give a token (option or HF_TOKEN)."),
            (HttpStatusCode.Forbidden, _) => (HubFault.Forbidden, Gated(address, hasToken)),
            (HttpStatusCode.NotFound, "RevisionNotFound") => (HubFault.RevisionNotFound, $"{Repository}: there is no branch, tag or commit {SafetensorsFormatException.Quote(Revision)}."),
            (HttpStatusCode.NotFound, "EntryNotFound") => (HubFault.FileNotFound, MissingFile()),
            (HttpStatusCode.NotFound, null) when Path is not null => (HubFault.FileNotFound, MissingFile()),
            (HttpStatusCode.NotFound, _) => (HubFault.RepositoryNotFound, $"{Repository}: {address} has no such repository at revision {SafetensorsFormatException.Quote(Revision)}. Names are OWNER/NAME."),
            _ => (HubFault.UnexpectedAnswer, $"{this}: expected a file or a known refusal from {address}, got status {(int)status}."),
        };
        return new HubException(fault, message + remark, status);
    }

    /// <inheritdoc/>
    public override string ToString() => Path is null ? $"{Repository}, list of files" : $"{Repository}/{SafetensorsFormatException.Quote(Path)}";

    private static string? Header(HttpResponseHeaders headers, string name) => headers.TryGetValues(name, out var values) ? values.First() : null;

    private string Gated(string address, bool hasToken) =>
        $"{Repository}: access is restricted. Accept its licence at {address}/{Repository} and "
        + (hasToken ? "check that the token's account is the one that did, and that the token may read gated repositories." : "give a token of that account (option or HF_TOKEN).");

    private string MissingFile() => $"{Repository}: there is no file {SafetensorsFormatException.Quote(Path ?? "")} at revision {SafetensorsFormatException.Quote(Revision)}.";
}
