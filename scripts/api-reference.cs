// Writes the reference of the library's public types as Markdown, a file for each namespace, from the compiled library and its XML documentation.
//
//   dotnet run -c Release scripts/api-reference.cs -- T5GemmaSharp/docs/api
//
// The pages are part of the repository; a test fails when they are not those of the code.

#:project ../T5GemmaSharp/T5GemmaSharp.csproj
#:property TorchBackend=none
#:property TorchNativeInitializer=false

using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using T5GemmaSharp;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: dotnet run -c Release scripts/api-reference.cs -- FOLDER");
    return 2;
}

var library = typeof(T5GemmaConfig).Assembly;
var comments = new Comments(Path.ChangeExtension(library.Location, ".xml"));
Directory.CreateDirectory(args[0]);
foreach (var page in Directory.GetFiles(args[0], "*.md").Where(page => File.ReadLines(page).FirstOrDefault() == NamespacePage.FirstLine))
    File.Delete(page); // perhaps of a namespace that is no more

var index = new StringBuilder($"{NamespacePage.FirstLine}\n\n# Public types\n");
foreach (var group in library.GetExportedTypes().GroupBy(type => type.Namespace!).OrderBy(group => group.Key, StringComparer.Ordinal)) // the library has no type outside of a namespace
{
    Type[] types = [.. group.OrderBy(type => type.Name, StringComparer.Ordinal)];
    File.WriteAllText(Path.Combine(args[0], $"{group.Key}.md"), new NamespacePage(group.Key, types, comments).Render());
    var links = types.Select(type => type.Name.Split('`')[0]).Select(name => $"[{name}]({group.Key}.md#{name.ToLowerInvariant()})");
    index.Append($"\n## [{group.Key}]({group.Key}.md)\n\n{string.Join(" ·\n", links)}\n");
}

File.WriteAllText(Path.Combine(args[0], "README.md"), index.ToString());
return 0;

/// <summary>One page: the types of a namespace and their members.</summary>
internal sealed class NamespacePage(string name, Type[] types, Comments comments)
{
    public const string FirstLine = "<!-- Written by scripts/api-reference.cs: change the comments in the code. -->";

    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private readonly StringBuilder _text = new();

    public string Render()
    {
        _text.Append($"{FirstLine}\n\n# {name}\n");
        foreach (var type in types)
        {
            _text.Append($"\n## {type.Name.Split('`')[0]}\n\n`{Signatures.Of(type)}`\n\n{comments.Paragraphs(DocumentationId.Of(type), type)}");
            foreach (var member in type.GetMembers(Declared).Where(IsShown).OrderBy(Rank).ThenBy(DocumentationId.Of, StringComparer.Ordinal))
                _text.Append($"- `{Signatures.Of(member)}`{comments.Indented(DocumentationId.Of(member), member)}\n");
        }

        return _text.ToString();
    }

    // Without what the compiler adds to records, accessors, and nested types, which have a heading of their own.
    private static bool IsShown(MemberInfo member) => member switch
    {
        MethodBase method when !IsVisible(method) || method.IsDefined(typeof(CompilerGeneratedAttribute)) => false,
        MethodInfo method => (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) && method.GetBaseDefinition().DeclaringType != typeof(object),
        ConstructorInfo constructor => !constructor.IsStatic && constructor.GetParameters().Length > 0,
        PropertyInfo property => property.GetMethod is { } get && IsVisible(get) && property.Name != "EqualityContract",
        FieldInfo field => (field.IsPublic || field.IsFamily) && !field.IsSpecialName,
        EventInfo @event => @event.AddMethod is { IsPublic: true },
        _ => false,
    };

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    // Values of an enumeration by their numbers, all else by names.
    private static long Rank(MemberInfo member) => member switch
    {
        FieldInfo { IsLiteral: true, DeclaringType.IsEnum: true } value => Convert.ToInt64(value.GetRawConstantValue()),
        FieldInfo => 0,
        ConstructorInfo => 1,
        PropertyInfo => 2,
        EventInfo => 3,
        _ => 4,
    };
}

/// <summary>The library's XML documentation as Markdown.</summary>
internal sealed class Comments
{
    private readonly Dictionary<string, XElement> _members;

    public Comments(string path) =>
        _members = XDocument.Load(path, LoadOptions.PreserveWhitespace).Descendants("member").ToDictionary(member => member.Attribute("name")!.Value); // the compiler writes it

    /// <summary>Summary, remarks and type parameters, a paragraph each.</summary>
    public string Paragraphs(string id, MemberInfo member) => string.Concat(Lines(id, member).Select(line => line + "\n\n"));

    /// <summary>The same with parameters, result and exceptions, within a list.</summary>
    public string Indented(string id, MemberInfo member)
    {
        var text = string.Join('\n', Lines(id, member)).Replace("\n", "\n  ", StringComparison.Ordinal);
        return text.Length == 0 ? "" : $"  \n  {text}"; // two spaces: the line ends there
    }

    private IEnumerable<string> Lines(string id, MemberInfo member)
    {
        if (!_members.TryGetValue(id, out var element) || element.Element("inheritdoc") is not null)
        {
            if (member is PropertyInfo && PositionalParameters(member.DeclaringType!).FirstOrDefault(part => part.Attribute("name")?.Value == member.Name) is { } positional)
                yield return Text(positional);
            else if (member is not ConstructorInfo)
                yield return $"As {Origin(member)} says.";
            yield break;
        }

        // What belongs to the first line of a record stands at its properties.
        var isPositional = member is Type || PositionalParameters(member.DeclaringType!).Any(part => member is ConstructorInfo constructor && constructor.GetParameters()[0].Name == part.Attribute("name")?.Value);
        foreach (var name in new[] { "summary", "remarks" })
        {
            if (element.Element(name) is { } part && !(isPositional && member is ConstructorInfo))
                yield return Text(part);
        }

        foreach (var part in element.Elements("typeparam").Concat(isPositional ? [] : element.Elements("param")))
            yield return $"- `{part.Attribute("name")!.Value}`: {Text(part)}"; // the compiler checks it
        if (element.Element("returns") is { } returns)
            yield return $"- returns: {Text(returns)}";
        foreach (var part in element.Elements("exception"))
            yield return $"- {Short(part.Attribute("cref")!.Value)}: {Text(part)}"; // likewise
    }

    private IEnumerable<XElement> PositionalParameters(Type type) => _members.TryGetValue(DocumentationId.Of(type), out var element) ? element.Elements("param") : [];

    private static string Origin(MemberInfo member) => (member as MethodInfo ?? (member as PropertyInfo)?.GetMethod)?.GetBaseDefinition().DeclaringType is { } type && type != member.DeclaringType
        ? type.Name.Split('`')[0]
        : "the interface";

    private static string Text(XElement element) => Regex.Replace(string.Concat(element.Nodes().Select(Part)), @"\s+", " ").Trim().Replace("\u0001", "\n", StringComparison.Ordinal);

    private static string Part(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" or "seealso" } see => see.Attribute("cref") is { } target ? Short(target.Value) : see.Attribute("href")?.Value ?? $"`{see.Attribute("langword")?.Value}`",
        XElement { Name.LocalName: "paramref" or "typeparamref" } reference => $"`{reference.Attribute("name")?.Value}`",
        XElement { Name.LocalName: "c" or "code" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "item" } item => $"\u0001- {Text(item)}",
        XElement other => string.Concat(other.Nodes().Select(Part)) + " ",
        _ => "",
    };

    // T:Namespace.Type, M:Namespace.Type.Member(Parameters): the type's name for a type, type and member for a member of it.
    private static string Short(string id)
    {
        var parts = Regex.Replace(id[2..].Split('(')[0], @"`+\d+", "").Split('.');
        return id[0] == 'T' ? $"`{parts[^1]}`" : $"`{parts[^2]}.{parts[^1].Replace("#ctor", "new", StringComparison.Ordinal)}`";
    }
}

/// <summary>The names under which the compiler writes comments.</summary>
internal static class DocumentationId
{
    public static string Of(MemberInfo member) => member switch
    {
        Type type => $"T:{NameOf(type)}",
        FieldInfo field => $"F:{NameOf(field.DeclaringType!)}.{field.Name}",
        PropertyInfo property => $"P:{NameOf(property.DeclaringType!)}.{property.Name}{Parameters(property.GetIndexParameters())}",
        EventInfo @event => $"E:{NameOf(@event.DeclaringType!)}.{@event.Name}",
        ConstructorInfo constructor => $"M:{NameOf(constructor.DeclaringType!)}.#ctor{Parameters(constructor.GetParameters())}",
        MethodInfo method => $"M:{NameOf(method.DeclaringType!)}.{method.Name}{(method.IsGenericMethod ? $"``{method.GetGenericArguments().Length}" : "")}{Parameters(method.GetParameters())}"
            + (method.Name is "op_Implicit" or "op_Explicit" ? $"~{NameOf(method.ReturnType)}" : ""),
        _ => throw new NotSupportedException(member.ToString()),
    };

    private static string Parameters(ParameterInfo[] parameters) => parameters.Length == 0 ? "" : $"({string.Join(',', parameters.Select(parameter => NameOf(parameter.ParameterType)))})";

    private static string NameOf(Type type)
    {
        if (type.IsByRef)
            return NameOf(type.GetElementType()!) + "@";
        if (type.IsArray)
            return NameOf(type.GetElementType()!) + "[]";
        if (type.IsGenericParameter)
            return (type.DeclaringMethod is null ? "`" : "``") + type.GenericParameterPosition;
        if (!type.IsConstructedGenericType)
            return type.FullName!.Replace('+', '.');
        var definition = type.GetGenericTypeDefinition().FullName!.Replace('+', '.');
        return $"{definition.Split('`')[0]}{{{string.Join(',', type.GetGenericArguments().Select(NameOf))}}}";
    }
}

/// <summary>Declarations as C# writes them, without namespaces.</summary>
internal static class Signatures
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(int)] = "int", [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(uint)] = "uint",
        [typeof(float)] = "float", [typeof(double)] = "double", [typeof(string)] = "string", [typeof(object)] = "object", [typeof(char)] = "char",
    };

    private static readonly NullabilityInfoContext Nullability = new();

    public static string Of(MemberInfo member) => member switch
    {
        Type type => OfType(type),
        FieldInfo { IsLiteral: true, DeclaringType.IsEnum: true } value => $"{value.Name} = {Convert.ToInt64(value.GetRawConstantValue())}",
        FieldInfo { IsLiteral: true } constant => $"const {Name(constant.FieldType, null)} {constant.Name} = {Literal(constant.GetRawConstantValue(), constant.FieldType)}",
        FieldInfo field => $"{(field.IsStatic ? "static " : "")}{Name(field.FieldType, Nullability.Create(field))} {field.Name}",
        PropertyInfo property => $"{(property.GetMethod!.IsStatic ? "static " : "")}{Name(property.PropertyType, Nullability.Create(property), Elements(property))} "
            + $"{(property.GetIndexParameters() is { Length: > 0 } index ? $"this[{Parameters(index, false)}]" : property.Name)} {{ get;{Setter(property)} }}",
        EventInfo @event => $"event {Name(@event.EventHandlerType!, null)} {@event.Name}",
        ConstructorInfo constructor => $"{constructor.DeclaringType!.Name.Split('`')[0]}({Parameters(constructor.GetParameters(), false)})",
        MethodInfo method => $"{(method.IsStatic ? "static " : method.IsAbstract && !method.DeclaringType!.IsInterface ? "abstract " : "")}{Name(method.ReturnType, Nullability.Create(method.ReturnParameter), Elements(method.ReturnParameter))} "
            + $"{method.Name}{TypeArguments(method.IsGenericMethod ? method.GetGenericArguments() : [])}({Parameters(method.GetParameters(), method.IsDefined(typeof(ExtensionAttribute)))})",
        _ => throw new NotSupportedException(member.ToString()),
    };

    private static string OfType(Type type)
    {
        var isRecord = type.GetMethod("<Clone>$") is not null;
        var kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct"
            : (type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "") + (isRecord ? "record" : "class");
        var ancestors = type.IsEnum || type.IsValueType || type.BaseType == typeof(object) || type.BaseType is null ? "" : $" : {Name(type.BaseType, null)}";
        return $"{kind} {Name(type, null)}{ancestors}";
    }

    private static string Setter(PropertyInfo property)
    {
        if (property.SetMethod is not { IsPublic: true } set)
            return "";
        return set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? " init;" : " set;";
    }

    private static string Parameters(ParameterInfo[] parameters, bool isExtension) => string.Join(", ", parameters.Select((parameter, place) =>
        $"{(isExtension && place == 0 ? "this " : "")}{(parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? "ref " : parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "")}"
        + $"{Name(parameter.ParameterType, Nullability.Create(parameter), Elements(parameter))} {parameter.Name}{(parameter.HasDefaultValue ? $" = {Literal(parameter.DefaultValue, parameter.ParameterType)}" : "")}"));

    private static string Literal(object? value, Type type) => value switch
    {
        null => type.IsValueType && Nullable.GetUnderlyingType(type) is null ? "default" : "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        Enum name => $"{name.GetType().Name}.{name}",
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
    };

    // Names of tuple elements, in the order in which the tuples stand in the type.
    private static Queue<string?> Elements(ICustomAttributeProvider place) =>
        new(place.GetCustomAttributes(typeof(TupleElementNamesAttribute), false).Cast<TupleElementNamesAttribute>().SelectMany(names => names.TransformNames));

    private static string Name(Type type, NullabilityInfo? nullability, Queue<string?>? elements = null)
    {
        if (type.IsByRef)
            return Name(type.GetElementType()!, nullability?.ElementType, elements);
        if (Nullable.GetUnderlyingType(type) is { } value)
            return Name(value, null, elements) + "?";
        var mark = !type.IsValueType && nullability?.ReadState == NullabilityState.Nullable ? "?" : "";
        if (type.IsArray)
            return $"{Name(type.GetElementType()!, nullability?.ElementType, elements)}[]{mark}";
        if (Keywords.TryGetValue(type, out var keyword))
            return keyword + mark;
        var arguments = type.GetGenericArguments();
        var isTuple = type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true;
        var own = arguments.Select(_ => isTuple && elements?.Count > 0 ? " " + elements.Dequeue() : "").ToArray();
        var names = arguments.Select((argument, place) => Name(argument, nullability?.GenericTypeArguments.ElementAtOrDefault(place), elements) + own[place]).ToArray();
        if (isTuple)
            return $"({string.Join(", ", names)})";
        return type.Name.Split('`')[0] + (names.Length == 0 ? "" : $"<{string.Join(", ", names)}>") + mark;
    }

    private static string TypeArguments(Type[] arguments) => arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments.Select(argument => argument.Name))}>";
}
