using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace T5GemmaSharp.Adapters;

/// <summary>Chooses modules of a model: by the ends of their names, by a regular expression, or every linear layer below the head.</summary>
/// <remarks>PEFT: the values of <c>target_modules</c> and <c>exclude_modules</c>.</remarks>
[JsonConverter(typeof(ModuleSelectionConverter))]
public sealed class ModuleSelection
{
    internal const string AllLinearName = "all-linear";

    private readonly Lazy<Regex>? _expression;

    private ModuleSelection(IReadOnlyList<string>? names, string? pattern)
    {
        (Names, Pattern) = (names, pattern);
        _expression = pattern is null ? null : new(() => ModulePattern.Whole(pattern));
    }

    /// <summary>Every linear layer except those of a head. In a file: <c>all-linear</c>.</summary>
    public static ModuleSelection AllLinear { get; } = new(names: null, pattern: null);

    /// <summary>The seven projections of a layer: <c>q_proj</c>, <c>k_proj</c>, <c>v_proj</c>, <c>o_proj</c>, <c>gate_proj</c>, <c>up_proj</c>, <c>down_proj</c>.</summary>
    public static ModuleSelection Projections { get; } = Named("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

    /// <summary>Names, or the ends of names from a dot on; null: not chosen by names.</summary>
    public IReadOnlyList<string>? Names { get; }

    /// <summary>Regular expression that a whole name matches; null: not chosen by one.</summary>
    public string? Pattern { get; }

    /// <summary>Chooses modules by name.</summary>
    /// <param name="names">Whole names or their last parts, such as <c>q_proj</c> or <c>encoder.layers.0.mlp.up_proj</c>.</param>
    public static ModuleSelection Named(params IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return new([.. names], pattern: null);
    }

    /// <summary>Chooses modules whose whole name matches.</summary>
    /// <param name="pattern">A regular expression of .NET, which common ones of Python are too.</param>
    public static ModuleSelection Matching(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return new(names: null, pattern);
    }

    /// <inheritdoc/>
    public override string ToString() => Names is null ? Pattern ?? AllLinearName : $"[{string.Join(", ", Names)}]";

    /// <summary>Whether a module is chosen by its name or by the expression; false for all with <see cref="AllLinear"/>, which looks at more than names.</summary>
    internal bool Contains(string module) => _expression?.Value.IsMatch(module) ?? Names?.Any(name => IsEnd(module, name)) ?? false;

    /// <summary>Whether a name is that of a module or its last parts.</summary>
    internal static bool IsEnd(string module, string name) => module == name || module.EndsWith($".{name}", StringComparison.Ordinal);

    /// <summary>What is wrong with the selection.</summary>
    internal IEnumerable<string> Faults(string field)
    {
        if (Names is { Count: 0 })
            yield return $"{field}: expected at least one name, got none";
        if (Names?.Any(string.IsNullOrEmpty) == true)
            yield return $"{field}: expected names, got an empty one";
        if (Pattern is not null && ModulePattern.Fault(Pattern) is { } fault)
            yield return $"{field}: {fault}";
    }
}
