using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>A filter: <c>value | filter(arguments)</c>.</summary>
internal delegate object? FilterFunction(RenderContext context, object? value, CallArguments arguments);
