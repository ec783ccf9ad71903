namespace T5GemmaSharp.Generation.Constraints.Vocabulary;

/// <summary>What a constraint was compiled from.</summary>
internal sealed record ConstraintKey(string Kind, string Text, ConstraintOptions Options, JsonSchemaOptions? SchemaOptions = null);
