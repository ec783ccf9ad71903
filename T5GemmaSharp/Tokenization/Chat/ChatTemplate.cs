using T5GemmaSharp.Tokenization.Chat.Jinja;

namespace T5GemmaSharp.Tokenization.Chat;

/// <summary>Turns a conversation into the text that a model was trained on.</summary>
/// <remarks>
/// HF: a <c>chat_template</c>, which is Jinja. Gemma's own turn format is built in; other templates are rendered by a strict subset of Jinja that refuses
/// what it does not know, by name and line. Parsed once, immutable and thread-safe.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly GemmaTurnFormat? _turnFormat;
    private readonly Lazy<JinjaProgram>? _program;

    private ChatTemplate(string name, string? source, GemmaTurnFormat? turnFormat)
    {
        Name = name;
        Source = source;
        _turnFormat = turnFormat;
        if (turnFormat is null && source is not null)
            _program = new Lazy<JinjaProgram>(() => JinjaProgram.Parse(name, source));
    }

    /// <summary>Gemma's turn format: bos, then user and model turns in alternation. There is no system turn.</summary>
    public static ChatTemplate Gemma { get; } = new("gemma", source: null, new GemmaTurnFormat("gemma", beginsWithBos: true));

    /// <summary>The template's name in messages.</summary>
    public string Name { get; }

    /// <summary>The template's text; null for the built-in format.</summary>
    public string? Source { get; }

    /// <summary>Whether the text is rendered by the built-in turn format.</summary>
    internal bool IsBuiltIn => _turnFormat is not null;

    /// <summary>Reads a template. One of Gemma's published templates gives the built-in format.</summary>
    /// <param name="source">The template's text.</param>
    /// <param name="name">Its name in messages.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ChatTemplateException">The template is broken or uses what is not supported; the message names it and the line.</exception>
    public static ChatTemplate Parse(string source, string name = "chat_template")
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(name);
        var template = ParseLater(source, name);
        _ = template._program?.Value;
        return template;
    }

    /// <summary>Reads a template whose faults show when it is used.</summary>
    internal static ChatTemplate ParseLater(string source, string name) => new(name, source, KnownTemplates.Find(source, name));

    /// <summary>Renders a conversation.</summary>
    /// <remarks>HF: <c>apply_chat_template(conversation, tokenize=False)</c>.</remarks>
    /// <param name="turns">The conversation.</param>
    /// <param name="options">What the template is told besides.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">A turn or a part of one is null, or a variable has a wrong type or takes the place of <c>messages</c> or <c>add_generation_prompt</c>.</exception>
    /// <exception cref="ChatTemplateException">The template is broken, fails, exceeds a limit, or refuses the conversation.</exception>
    public string Apply(IReadOnlyList<ChatTurn> turns, ChatTemplateOptions options) => Apply(turns, options, marks: null);

    /// <summary>Renders from variables, for messages with other fields than role and content.</summary>
    /// <param name="variables">
    /// The variables, at least <c>messages</c>. Values are texts, truth values, integers, floats, null, <see cref="System.Text.Json.JsonElement"/>,
    /// dictionaries with texts as keys, and sequences of these.
    /// </param>
    /// <param name="timeProvider">The clock behind <c>strftime_now</c>; null: the system's.</param>
    /// <exception cref="ArgumentNullException"><paramref name="variables"/> is null.</exception>
    /// <exception cref="ArgumentException">A variable is of another type.</exception>
    /// <exception cref="ChatTemplateException">The template is broken, fails, exceeds a limit, or refuses the conversation.</exception>
    public string Render(IReadOnlyDictionary<string, object?> variables, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(variables);
        return _turnFormat?.Render(variables) ?? _program!.Value.Render(variables, timeProvider ?? TimeProvider.System); // one of the two is set
    }

    /// <summary>Renders a conversation whose contents are not trusted.</summary>
    /// <param name="turns">The conversation.</param>
    /// <param name="options">What the template is told besides.</param>
    /// <param name="specialTokens">Texts that must not become tokens where a content wrote them, or a part of them.</param>
    internal ChatRendering Apply(IReadOnlyList<ChatTurn> turns, ChatTemplateOptions options, IReadOnlyCollection<string> specialTokens)
    {
        ArgumentNullException.ThrowIfNull(turns);
        var marks = TextMarks.Create(specialTokens, [.. turns.Select(turn => turn?.Content ?? ""), Source ?? ""]);
        return marks.Unmark(Apply(turns, options, marks));
    }

    private string Apply(IReadOnlyList<ChatTurn> turns, ChatTemplateOptions options, TextMarks? marks)
    {
        ArgumentNullException.ThrowIfNull(turns);
        ArgumentNullException.ThrowIfNull(options);
        for (var index = 0; index < turns.Count; index++)
        {
            if (turns[index] is not { Role: not null, Content: not null })
                throw new ArgumentException($"turns[{index}]: expected a role and a content, one of them is null", nameof(turns));
        }

        if (_turnFormat is not null)
            return _turnFormat.Write(turns, options.BosToken ?? "", options.AddGenerationPrompt, marks);
        return _program!.Value.Render(Variables(turns, options, marks), options.TimeProvider, marks); // set where there is no built-in format
    }

    private static Dictionary<string, object?> Variables(IReadOnlyList<ChatTurn> turns, ChatTemplateOptions options, TextMarks? marks)
    {
        var variables = new Dictionary<string, object?>(StringComparer.Ordinal) { ["tools"] = null, ["documents"] = null };
        if (options.BosToken is not null)
            variables["bos_token"] = options.BosToken;
        if (options.EosToken is not null)
            variables["eos_token"] = options.EosToken;
        foreach (var (name, value) in options.Variables ?? new Dictionary<string, object?>())
            variables[name] = value;
        if (variables.ContainsKey("messages") || variables.ContainsKey("add_generation_prompt"))
            throw new ArgumentException("options.Variables: expected none named messages or add_generation_prompt, they have arguments of their own", nameof(options));
        variables["add_generation_prompt"] = options.AddGenerationPrompt;
        variables["messages"] = turns.Select(turn => new Dictionary<string, object?>
        {
            ["role"] = turn.Role,
            ["content"] = marks?.Mark(turn.Content) ?? turn.Content,
        }).ToList();
        return variables;
    }
}
