namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>Finds what Jinja's compiler does to names that a scope sets: until then, the scopes inside it do not see a variable of the same name outside.</summary>
internal sealed class ScopeAnalysis
{
    private readonly Dictionary<IReadOnlyList<Statement>, IReadOnlyList<string>> _undefined = new(ReferenceEqualityComparer.Instance);

    /// <summary>Analyzes a template.</summary>
    public ScopeAnalysis(IReadOnlyList<Statement> template) => Analyze(template, outer: null, []);

    /// <summary>The names that are undefined at the start of a scope, whatever they are outside.</summary>
    public IReadOnlyList<string> StartingUndefined(IReadOnlyList<Statement> body) => _undefined.GetValueOrDefault(body, []);

    private void Analyze(IReadOnlyList<Statement> body, SymbolTable? outer, IEnumerable<string> parameters)
    {
        var symbols = new SymbolTable(outer);
        foreach (var name in parameters)
            symbols.Declare(name);
        Visit(body, symbols);
        string[] undefined = [.. symbols.StartingUndefined];
        if (undefined.Length > 0)
            _undefined[body] = undefined;
        AnalyzeInner(body, symbols);
    }

    private static void Visit(IReadOnlyList<Statement> body, SymbolTable symbols)
    {
        foreach (var statement in body)
            Visit(statement, symbols);
    }

    private static void Visit(Statement statement, SymbolTable symbols)
    {
        switch (statement)
        {
            case Statement.Output output:
                Load(output.Value, symbols);
                break;
            case Statement.If choice:
                VisitIf(choice, place: 0, symbols);
                break;
            case Statement.For loop:
                Load(loop.Items, symbols);
                break;
            case Statement.Set set:
                Load(set.Value, symbols);
                Store(set.Target, symbols);
                break;
            case Statement.SetBlock set:
                Store(set.Target, symbols);
                break;
            case Statement.Macro macro:
                symbols.Store(macro.Name);
                break;
        }
    }

    // An if has three branches: the first body, the ifs that are its elifs, each of them read on its own, and the else.
    private static void VisitIf(Statement.If choice, int place, SymbolTable symbols)
    {
        Load(choice.Branches[place].Condition, symbols);
        SymbolTable[] branches = [symbols.Branch(), symbols.Branch(), symbols.Branch()];
        Visit(choice.Branches[place].Body, branches[0]);
        if (place == 0)
        {
            for (var other = 1; other < choice.Branches.Count; other++)
                VisitIf(choice, other, branches[1]);
            Visit(choice.Else, branches[2]);
        }

        symbols.Join(branches);
    }

    private void AnalyzeInner(IReadOnlyList<Statement> body, SymbolTable symbols)
    {
        foreach (var statement in body)
        {
            switch (statement)
            {
                case Statement.If choice:
                    foreach (var (_, branch) in choice.Branches)
                        AnalyzeInner(branch, symbols);
                    AnalyzeInner(choice.Else, symbols);
                    break;
                case Statement.For loop:
                    Analyze(loop.Body, symbols, [.. loop.Target.Names, "loop"]);
                    Analyze(loop.Else, symbols, []);
                    break;
                case Statement.SetBlock set:
                    Analyze(set.Body, symbols, []);
                    break;
                case Statement.Macro macro:
                    Analyze(macro.Body, symbols, macro.Parameters.Select(parameter => parameter.Name));
                    break;
                case Statement.Generation generation:
                    Analyze(generation.Body, symbols, []);
                    break;
            }
        }
    }

    private static void Store(AssignmentTarget target, SymbolTable symbols)
    {
        foreach (var name in target.Names)
            symbols.Store(name);
        if (target is AssignmentTarget.NamespaceAttribute attribute)
            symbols.Load(attribute.Namespace);
    }

    // Without recursion: a chain of operators may be as long as the template.
    private static void Load(Expression expression, SymbolTable symbols)
    {
        var rest = new Stack<Expression>([expression]);
        while (rest.TryPop(out var next))
        {
            if (next is Expression.Variable variable)
                symbols.Load(variable.Name);
            foreach (var part in next.Parts)
                rest.Push(part);
        }
    }
}
