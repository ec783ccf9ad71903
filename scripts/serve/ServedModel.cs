using Microsoft.Extensions.Options;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Serve;

/// <summary>The model by its name, and its tokenizer for those who only count.</summary>
internal sealed class ServedModel(T5GemmaEngine engine, IOptions<T5GemmaOptions> options)
{
    private readonly Lazy<T5GemmaTokenizer> _tokenizer = new(() => T5GemmaTokenizer.FromPretrained(options.Value.ModelPath));

    public string Id => engine.ModelId;

    public T5GemmaTokenizer Tokenizer => _tokenizer.Value;

    /// <summary>When the service was started, in seconds since 1970.</summary>
    public long Created { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Takes the field <c>model</c>; a request without it means the only one there is.</summary>
    /// <exception cref="ApiException">404: it names another one.</exception>
    public void Check(JsonFields fields) => Check(fields.Text("model") ?? Id);

    public void Check(string name)
    {
        if (name != Id)
            throw new ApiException(StatusCodes.Status404NotFound, ApiException.InvalidRequest, "model_not_found", "model", $"model: expected {Id}, got {name}");
    }
}
