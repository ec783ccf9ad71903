using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace T5GemmaSharp.Serve;

/// <summary>Asks for the key where there is one. Only <c>/health</c> and the page are free.</summary>
internal sealed class ApiKeys(RequestDelegate next, IOptions<ServeOptions> options)
{
    private const string Scheme = "Bearer ";

    private readonly byte[]? _expected = options.Value.ApiKey is { Length: > 0 } key ? Hash(key) : null;

    public async Task InvokeAsync(HttpContext context)
    {
        if (_expected is null || IsFree(context.Request.Path) || Matches(context.Request.Headers.Authorization.ToString()))
        {
            await next(context);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = "Bearer";
        await Json.WriteAsync(context.Response, new ApiException(StatusCodes.Status401Unauthorized, ApiException.InvalidRequest, "invalid_api_key", null, "Authorization: expected Bearer and the service's key").Body);
    }

    // Hashes are of one length, so that the time tells nothing of the key's.
    private bool Matches(string header) => header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && CryptographicOperations.FixedTimeEquals(Hash(header[Scheme.Length..].Trim()), _expected);

    private static bool IsFree(PathString path) => path == "/" || path.StartsWithSegments("/health", StringComparison.Ordinal);

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
