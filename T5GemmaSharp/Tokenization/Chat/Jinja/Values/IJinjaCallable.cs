namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>A value that can be called.</summary>
internal interface IJinjaCallable
{
    /// <summary>Calls it.</summary>
    /// <exception cref="ChatTemplateException">The arguments do not fit, or the call fails.</exception>
    object? Call(RenderContext context, CallArguments arguments);
}
