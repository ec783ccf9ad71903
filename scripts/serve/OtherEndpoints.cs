using System.Runtime.InteropServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using T5GemmaSharp.Hosting;

namespace T5GemmaSharp.Serve;

/// <summary>Vectors, labels, tokens, and the names of models.</summary>
internal sealed class OtherEndpoints(IEmbeddingGenerator<string, Embedding<float>> embeddings, IT5GemmaClassifier classifier, ServedModel served, IOptions<T5GemmaOptions> model, IOptions<ServeOptions> limits)
{
    private const string List = "list";
    private const string Words = "words";

    /// <summary><c>POST /v1/embeddings</c></summary>
    public async Task EmbedAsync(HttpContext context)
    {
        var fields = await ReadAsync(context);
        var texts = Texts(fields);
        var format = fields.Text("encoding_format") ?? "float";
        if (format is not ("float" or "base64"))
            throw ApiException.Value("encoding_format", "float or base64", format);
        var options = new EmbeddingGenerationOptions { Dimensions = (int?)fields.Integer("dimensions", 1, int.MaxValue) };
        fields.Text("user"); // names the caller
        fields.RefuseOthers();
        var vectors = await embeddings.GenerateAsync(texts, options, context.RequestAborted);
        var tokens = vectors.Usage?.InputTokenCount ?? 0;
        await Json.WriteAsync(context.Response, new
        {
            Object = List,
            Data = vectors.Select((vector, index) => new { Object = "embedding", Index = index, Embedding = format == "float" ? (object)vector.Vector : Convert.ToBase64String(MemoryMarshal.AsBytes(vector.Vector.Span)) }),
            Model = served.Id,
            Usage = new TokenUsage(tokens, null, tokens),
        });
    }

    /// <summary><c>POST /classify</c>: labels of texts, or with <c>level</c> <c>words</c> of their words.</summary>
    public async Task ClassifyAsync(HttpContext context)
    {
        var fields = await ReadAsync(context);
        var texts = Texts(fields);
        var level = fields.Text("level") ?? "texts";
        fields.RefuseOthers();
        if (level is not ("texts" or Words))
            throw ApiException.Value("level", "texts or words", level);
        IEnumerable<object> data = level == Words
            ? (await classifier.ClassifyWordsAsync(texts, context.RequestAborted)).Select((words, index) => new { Index = index, Words = words })
            : (await classifier.ClassifyAsync(texts, context.RequestAborted)).Select((text, index) => new { Index = index, text.Labels, text.Scores });
        var labels = await classifier.GetLabelsAsync(context.RequestAborted);
        await Json.WriteAsync(context.Response, new { Object = List, Model = served.Id, Labels = labels, Data = data });
    }

    /// <summary><c>POST /tokenize</c>, with the fields of vLLM.</summary>
    public async Task TokenizeAsync(HttpContext context)
    {
        var fields = await ReadAsync(context);
        var prompt = JsonFields.Text(fields.Demand("prompt"), "prompt");
        bool? special = fields.Flag("add_special_tokens") == false ? false : null; // by default what the tokenizer's files say
        var withTexts = fields.Flag("return_token_strs") ?? false;
        fields.RefuseOthers();
        if (prompt.Length > model.Value.MaxInputCharacters)
            throw ApiException.Value("prompt", $"at most {model.Value.MaxInputCharacters} characters", $"{prompt.Length}");
        var ids = served.Tokenizer.Encode(prompt, special, special, parseSpecial: false);
        await Json.WriteAsync(context.Response, new { Count = ids.Length, MaxModelLen = model.Value.MaxInputTokens, Tokens = ids, TokenStrs = withTexts ? ids.Select(served.Tokenizer.IdToToken) : null });
    }

    /// <summary><c>GET /v1/models</c></summary>
    public Task ListAsync(HttpContext context) => Json.WriteAsync(context.Response, new { Object = List, Data = new[] { Card() } });

    /// <summary><c>GET /v1/models/NAME</c></summary>
    public Task ShowAsync(HttpContext context)
    {
        served.Check((string)context.Request.RouteValues["name"]!); // part of the route
        return Json.WriteAsync(context.Response, Card());
    }

    private async Task<JsonFields> ReadAsync(HttpContext context)
    {
        var fields = await Json.ReadAsync(context.Request);
        served.Check(fields);
        return fields;
    }

    private IReadOnlyList<string> Texts(JsonFields fields) => fields.Texts("input", limits.Value.MaxTexts) ?? throw ApiException.Invalid("missing_required_parameter", "input", "input: is required");

    private object Card() => new { served.Id, Object = "model", served.Created, OwnedBy = "t5gemmasharp" };
}
