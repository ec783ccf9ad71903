namespace T5GemmaSharp.Generation.Constraints;

/// <summary>How <see cref="TokenConstraint.FromJsonSchema"/> reads a schema.</summary>
public sealed record JsonSchemaOptions
{
    private const int MaxDepth = 64; // schemas are read by methods that call themselves

    /// <summary>Where the text may have spaces. Default: at most one after each colon and comma.</summary>
    public JsonWhitespace Whitespace { get; init; } = JsonWhitespace.AfterSeparators;

    /// <summary>Most arrays and objects inside one another where the schema allows any value, at most 64. Default 3.</summary>
    public int MaxFreeFormDepth { get; init; } = 3;

    /// <summary>How often a reference may stand inside itself, at most 64; deeper, what needs it is left out. Default 3.</summary>
    public int MaxRecursion { get; init; } = 3;

    /// <summary>Most characters of a string that has no <c>maxLength</c>, <c>pattern</c>, <c>format</c>, <c>enum</c> or <c>const</c>, property names included. Null (default): no limit.</summary>
    public int? MaxStringLength { get; init; }

    internal void Validate()
    {
        if (!Enum.IsDefined(Whitespace))
            throw new ArgumentOutOfRangeException(nameof(Whitespace), Whitespace, "expected a value of JsonWhitespace");
        ArgumentOutOfRangeException.ThrowIfNegative(MaxFreeFormDepth);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxFreeFormDepth, MaxDepth);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxRecursion);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxRecursion, MaxDepth);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxStringLength ?? 0, nameof(MaxStringLength));
    }
}
