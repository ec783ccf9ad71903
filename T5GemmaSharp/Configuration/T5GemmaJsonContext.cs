using System.Text.Json.Serialization;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Configuration;

/// <summary>JSON contracts made at compile time, so that trimmed and ahead-of-time compiled programs can read configurations.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(FloatConverter)])]
[JsonSerializable(typeof(T5GemmaConfig))]
[JsonSerializable(typeof(T5GemmaModuleConfig))]
[JsonSerializable(typeof(GenerationConfig))]
[JsonSerializable(typeof(LoraConfig))]
[JsonSerializable(typeof(Dictionary<string, int>))]
internal sealed partial class T5GemmaJsonContext : JsonSerializerContext;
