using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace T5GemmaSharp.Serve;

/// <summary>How bodies are read and written.</summary>
internal static class Json
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>OpenAI's names, and letters of all languages as they are.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // the content type says that it is no page
    };

    /// <summary>Reads the body's object.</summary>
    /// <exception cref="ApiException">It is none, or its type is not <c>application/json</c>: a page of another site may send other types without being asked for its origin.</exception>
    public static async Task<JsonFields> ReadAsync(HttpRequest request)
    {
        if (!request.HasJsonContentType())
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, ApiException.InvalidRequest, "unsupported_media_type", null, $"Content-Type: expected application/json, got {request.ContentType ?? "none"}");
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        var bytes = body.GetBuffer().AsMemory(0, (int)body.Length); // bounded by MaxBodyBytes
        if (!Utf8.IsValid(bytes.Span))
            throw ApiException.Invalid("invalid_utf8", null, "body: expected UTF-8, got bytes that are none");
        try
        {
            using var document = JsonDocument.Parse(bytes, Strict);
            Check(document.RootElement);
            return new JsonFields(document.RootElement.Clone(), "");
        }
        catch (JsonException error)
        {
            throw ApiException.Invalid("invalid_json", null, $"body: {error.Message}");
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid("invalid_json", null, "body: expected texts of Unicode, got half of a surrogate pair");
        }
    }

    /// <summary>Writes a body.</summary>
    public static Task WriteAsync<T>(HttpResponse response, T value) => response.WriteAsJsonAsync(value, Options, response.HttpContext.RequestAborted);

    // An escape such as \ud800 is grammatical, but is no text; reading it throws.
    private static void Check(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    Check(item);
                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    Check(property.Value);
                }

                break;
        }
    }
}
