using System.Text.Json;
using System.Text.Json.Serialization;

namespace T5GemmaSharp.Configuration;

/// <summary>Parameters of the rotary position embedding.</summary>
/// <remarks>HF: <c>rope_parameters</c> (5.x); a 4.x file's <c>rope_theta</c> and <c>rope_scaling</c> are read into it.</remarks>
public sealed record RopeParameters
{
    /// <summary>Base of the geometric sequence of wave lengths; default 10,000.</summary>
    public double RopeTheta { get; init; } = 10_000.0;

    /// <summary><c>default</c>, or <c>linear</c> to divide all frequencies by <see cref="Factor"/>.</summary>
    public string RopeType { get; init; } = "default";

    /// <summary>Divisor of the frequencies for <c>linear</c>; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Factor { get; init; }

    /// <summary>Keys that this library does not read; kept so that saving loses nothing.</summary>
    [JsonExtensionData]
    [JsonInclude] // the source generator cannot fill an init-only extension bag
    public IDictionary<string, JsonElement>? AdditionalProperties { get; internal set; }
}
