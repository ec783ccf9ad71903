using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>A test: <c>value is test(arguments)</c>.</summary>
internal delegate bool TestFunction(RenderContext context, object? value, CallArguments arguments);
