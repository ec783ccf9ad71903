namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>A built-in function, or a method of a value.</summary>
internal sealed class JinjaFunction(Func<RenderContext, CallArguments, object?> body) : IJinjaCallable
{
    /// <inheritdoc/>
    public object? Call(RenderContext context, CallArguments arguments) => body(context, arguments);
}
