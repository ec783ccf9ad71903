using System.Net;
using System.Net.Http.Headers;

namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>Requests to a hub and to where it redirects. The token goes to the hub's own address only.</summary>
internal sealed class HubConnection : IDisposable
{
    private const int MaxRedirects = 10;
    private const string LinkedTag = "X-Linked-ETag";

    private readonly Uri _endpoint;
    private readonly string? _token;
    private readonly TimeSpan _stallTimeout;
    private readonly HttpClient _client;

    public HubConnection(Uri endpoint, string? token, TimeSpan stallTimeout)
    {
        if (endpoint is not { IsAbsoluteUri: true, Scheme: "https" or "http", Query: "", UserInfo: "" })
            throw new ArgumentException("the hub's endpoint: expected an http or https address without user and query, got another one", nameof(endpoint));
        if (token is not null && !token.All(c => c is > ' ' and < '\x7F'))
            throw new ArgumentException("the hub's token: expected printable ASCII without spaces, got other characters", nameof(token));
        _endpoint = endpoint;
        _token = string.IsNullOrEmpty(token) ? null : token;
        _stallTimeout = stallTimeout;

        // Redirects are followed here, because the token must not follow them. No proxy leads to the machine itself.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = !endpoint.IsLoopback, ConnectTimeout = stallTimeout, AutomaticDecompression = DecompressionMethods.None };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("T5GemmaSharp", typeof(HubConnection).Assembly.GetName().Version?.ToString(3)));
    }

    /// <summary>The hub's address for messages, without a slash at the end.</summary>
    public string Address => _endpoint.AbsoluteUri.TrimEnd('/');

    /// <summary>The answer to a request: 200, 206 or 416.</summary>
    /// <param name="pathAndQuery">Below the endpoint, escaped.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="offset">The first byte wanted.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The answer, and the tag of the file's contents if the hub names it.</returns>
    /// <exception cref="HubException">The hub refuses.</exception>
    /// <exception cref="TransientHubException">It may be better next time.</exception>
    public async Task<(HttpResponseMessage Response, string? Tag)> GetAsync(string pathAndQuery, HubSubject subject, long offset, CancellationToken cancellationToken)
    {
        var address = new Uri(Address + pathAndQuery);
        string? tag = null;
        for (var hops = 0; hops <= MaxRedirects; hops++)
        {
            var response = await SendAsync(address, subject, offset, cancellationToken).ConfigureAwait(false);
            if (IsHub(address))
                tag ??= TagOf(response);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable)
                return (response, tag);
            using (response)
                address = Redirection(response, address) ?? throw Explain(response, address, subject);
        }

        throw new HubException(HubFault.UnexpectedAnswer, $"{subject}: expected at most {MaxRedirects} redirects, got more.");
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendAsync(Uri address, HubSubject subject, long offset, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (_token is not null && IsHub(address))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        if (offset > 0)
            request.Headers.Range = new RangeHeaderValue(offset, null);
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(_stallTimeout);
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stall.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException exception)
        {
            throw new TransientHubException(HubFault.Unavailable, $"{subject}: no answer from {address.Authority} ({exception.HttpRequestError})", innerException: exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientHubException(HubFault.Unavailable, $"{subject}: no answer from {address.Authority} within {_stallTimeout.TotalSeconds} s", innerException: exception);
        }
    }

    private static Uri? Redirection(HttpResponseMessage response, Uri address)
    {
        var isRedirect = response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
        if (!isRedirect || response.Headers.Location is not { } location)
            return null;
        var target = new Uri(address, location);
        var isDowngrade = address.Scheme == Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttps;
        return isDowngrade || target.Scheme is not ("https" or "http")
            ? throw new HubException(HubFault.UnexpectedAnswer, $"{address.Authority} redirects to {target.Scheme}://{target.Authority}: expected an address that is no less secure.", response.StatusCode)
            : target;
    }

    // A storage host's refusal means that its signed address has expired; the hub gives a new one.
    private Exception Explain(HttpResponseMessage response, Uri address, HubSubject subject)
    {
        var status = response.StatusCode;
        if (status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || (int)status >= 500 || !IsHub(address))
        {
            var fault = status == HttpStatusCode.TooManyRequests ? HubFault.RateLimited : HubFault.Unavailable;
            return new TransientHubException(fault, $"{subject}: {address.Authority} answers with status {(int)status}", status, RetryAfter(response));
        }

        return subject.Explain(status, response.Headers, Address, hasToken: _token is not null);
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response) =>
        response.Headers.RetryAfter is { } header ? header.Delta ?? (header.Date - DateTimeOffset.UtcNow) : null;

    private static string? TagOf(HttpResponseMessage response)
    {
        var tag = response.Headers.TryGetValues(LinkedTag, out var values) ? values.First() : response.Headers.ETag?.Tag;
        return tag?.Trim('"');
    }

    private bool IsHub(Uri address) => Uri.Compare(address, _endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;
}
