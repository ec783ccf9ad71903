using System.Security.Cryptography;

namespace T5GemmaSharp.Serve;

/// <summary><c>GET /</c>: a page to try the model. It loads nothing from elsewhere, and the browser is told so.</summary>
internal static class Page
{
    private const string Resource = "page.html";

    private static readonly Lazy<string> Text = new(() =>
    {
        using var reader = new StreamReader(typeof(Page).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"{Resource}: is not in the program; scripts/Directory.Build.props puts it there"));
        return reader.ReadToEnd();
    });

    public static Task WriteAsync(HttpContext context)
    {
        var nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(Text.Value.Replace("{{nonce}}", nonce, StringComparison.Ordinal), context.RequestAborted);
    }
}
