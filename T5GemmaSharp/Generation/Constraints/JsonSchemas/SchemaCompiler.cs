using System.Text.Json;
using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>Turns a schema into the set of the texts that fit it.</summary>
internal sealed class SchemaCompiler
{
    private const int MaxDepth = 200; // schemas inside one another, references followed

    private readonly JsonSchemaOptions _options;
    private readonly SchemaReferences _references;
    private readonly ObjectSchema _objects;
    private readonly ArraySchema _arrays;
    private readonly StringSchema _strings;
    private readonly int _maxSchemas;
    private int _depth;
    private int _schemas;

    private SchemaCompiler(JsonElement root, JsonSchemaOptions options, int maxSchemas)
    {
        (_options, _maxSchemas) = (options, maxSchemas);
        Text = new JsonText(options);
        _references = new SchemaReferences(root, options.MaxRecursion);
        (_objects, _arrays, _strings) = (new ObjectSchema(this), new ArraySchema(this), new StringSchema(Text));
    }

    /// <summary>How values are written.</summary>
    public JsonText Text { get; }

    /// <summary>Any value, where the schema says nothing.</summary>
    public Expression AnyValue => Text.AnyValue(_options.MaxFreeFormDepth);

    /// <summary>Any object, where the schema says no more.</summary>
    public Expression AnyObject => Text.AnyObject(_options.MaxFreeFormDepth);

    /// <summary>Any item of an array of any items.</summary>
    public Expression AnyItem => _options.MaxFreeFormDepth == 0 ? Expression.Nothing : Text.AnyValue(_options.MaxFreeFormDepth - 1);

    /// <summary>Longest name that the schema does not give.</summary>
    public int? MaxNameLength => _options.MaxStringLength;

    /// <summary>Compiles a schema.</summary>
    /// <exception cref="ConstraintException">It is broken or not supported.</exception>
    public static Expression Compile(string schema, JsonSchemaOptions options, int maxSchemas)
    {
        using var document = Read(() => JsonDocument.Parse(schema, new JsonDocumentOptions { AllowDuplicateProperties = false }));
        var root = new SchemaNode(document.RootElement, "#");
        var expression = Read(() => new SchemaCompiler(document.RootElement, options, maxSchemas).Compile(root));
        return expression.IsNothing
            ? throw root.Error($"no value fits the schema (references may stand {options.MaxRecursion} times inside themselves)")
            : expression;
    }

    /// <summary>Compiles a part of the schema.</summary>
    public Expression Compile(SchemaNode node)
    {
        if (_depth == MaxDepth)
            throw node.Error($"schemas are nested deeper than {MaxDepth}");
        if (++_schemas > _maxSchemas)
            throw node.Error($"with its references followed the schema has more than {_maxSchemas} parts ({nameof(ConstraintOptions)}.{nameof(ConstraintOptions.MaxStates)})");
        _depth++;
        try
        {
            return node.Element.ValueKind switch
            {
                JsonValueKind.True => AnyValue,
                JsonValueKind.False => Expression.Nothing,
                JsonValueKind.Object => CompileObject(node),
                var kind => throw node.Error($"expected a schema (an object, true or false), got {kind}"),
            };
        }
        finally
        {
            _depth--;
        }
    }

    /// <summary>Names what System.Text.Json refuses.</summary>
    private static T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException)
        {
            throw new ConstraintException("schema", $"not JSON: {fault.Message}", fault);
        }
        catch (InvalidOperationException fault) // found only when the string or name is read
        {
            throw new ConstraintException("schema", $"a string has half of a surrogate pair: {fault.Message}", fault);
        }
    }

    private Expression CompileObject(SchemaNode node)
    {
        var keywords = SchemaKeywords.Of(node);
        if (node.Find("$ref") is { } reference)
        {
            SchemaKeywords.DemandAlone(node, keywords, "$ref");
            return _references.Follow(reference, Compile);
        }

        foreach (var keyword in keywords.Where(keyword => keyword is "anyOf" or "oneOf"))
        {
            SchemaKeywords.DemandAlone(node, keywords, keyword);
            return Expression.AnyOf([.. new SchemaNode(node.Element.GetProperty(keyword), $"{node.Path}/{keyword}").Items().Select(Compile)]);
        }

        foreach (var keyword in keywords.Where(keyword => keyword is "enum" or "const"))
        {
            SchemaKeywords.DemandAlone(node, keywords, keyword, "type");
            return new JsonLiterals(Text).Compile(node, keyword, SchemaKeywords.TypesOf(node, keywords));
        }

        var types = SchemaKeywords.TypesOf(node, keywords);
        return types.Count == 0 ? AnyValue : Expression.AnyOf([.. types.Select(type => OfType(node, type))]);
    }

    private Expression OfType(SchemaNode node, string type) => type switch
    {
        "string" => _strings.Compile(node),
        "number" => JsonText.Number,
        "integer" => IntegerSchema.Compile(node),
        "boolean" => JsonText.Boolean,
        "null" => JsonText.Null,
        "object" => _objects.Compile(node),
        _ => _arrays.Compile(node),
    };
}
