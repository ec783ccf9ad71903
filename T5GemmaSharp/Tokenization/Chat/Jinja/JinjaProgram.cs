using T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

namespace T5GemmaSharp.Tokenization.Chat.Jinja;

/// <summary>A parsed template. Immutable, so that several threads can render it.</summary>
internal sealed class JinjaProgram
{
    private readonly string _name;
    private readonly IReadOnlyList<Statement> _statements;
    private readonly ScopeAnalysis _scopes;

    private JinjaProgram(string name, IReadOnlyList<Statement> statements)
    {
        _name = name;
        _statements = statements;
        _scopes = new ScopeAnalysis(statements);
    }

    /// <summary>Parses a template.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="source">Its text.</param>
    /// <exception cref="ChatTemplateException">The template is broken or uses what is not supported.</exception>
    public static JinjaProgram Parse(string name, string source) => new(name, TemplateParser.Parse(name, source));

    /// <summary>Renders the template.</summary>
    /// <param name="variables">Its variables.</param>
    /// <param name="clock">The clock that it sees.</param>
    /// <param name="marks">The stand-ins among the characters of the variables; null when there are none.</param>
    /// <param name="limits">What it may spend; null: the defaults.</param>
    /// <exception cref="ArgumentException">A variable is of a type that templates do not have.</exception>
    /// <exception cref="ChatTemplateException">The template fails or exceeds a limit.</exception>
    public string Render(IReadOnlyDictionary<string, object?> variables, TimeProvider clock, TextMarks? marks = null, RenderLimits? limits = null)
    {
        var context = new RenderContext(_name, limits ?? RenderLimits.Default, clock, marks);
        var scope = new Scope(parent: null);
        foreach (var (name, value) in variables)
            scope.Set(name, VariableConverter.Convert(context, value, name));
        return new StatementRunner(context, _scopes).RunBody(_statements, scope);
    }
}
