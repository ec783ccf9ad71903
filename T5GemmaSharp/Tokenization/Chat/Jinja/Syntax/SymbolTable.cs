namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>The names that one scope reads and sets, as Jinja's compiler sees them before anything runs.</summary>
/// <remarks>A branch of an if belongs to the scope around it, and its names join that scope's at the end of the if.</remarks>
internal sealed class SymbolTable
{
    private readonly SymbolTable? _outer;
    private readonly SymbolTable? _trunk;
    private readonly Dictionary<string, bool> _startsUndefined = new(StringComparer.Ordinal);
    private readonly HashSet<string> _stored = new(StringComparer.Ordinal);

    /// <summary>Creates the table of a scope.</summary>
    /// <param name="outer">The scope around it; null for the template's.</param>
    public SymbolTable(SymbolTable? outer) => _outer = outer;

    private SymbolTable(SymbolTable trunk, SymbolTable? outer)
    {
        _trunk = trunk;
        _outer = outer;
    }

    /// <summary>The names that are set here before they are read here, and that no scope around knows.</summary>
    public IEnumerable<string> StartingUndefined => _startsUndefined.Where(item => item.Value).Select(item => item.Key);

    /// <summary>Notes a name that has a value from the start.</summary>
    public void Declare(string name)
    {
        _stored.Add(name);
        _startsUndefined[name] = false;
    }

    /// <summary>Notes that a name is read.</summary>
    public void Load(string name)
    {
        if (!IsKnown(name))
            _startsUndefined[name] = false;
    }

    /// <summary>Notes that a name is set.</summary>
    public void Store(string name)
    {
        _stored.Add(name);
        if (!IsKnownHere(name))
            _startsUndefined[name] = _outer is null || !_outer.IsKnown(name);
    }

    /// <summary>Starts a branch of an if.</summary>
    public SymbolTable Branch() => new(this, _outer);

    /// <summary>Takes over the names of all branches of an if. What only some of them set keeps its value from outside.</summary>
    public void Join(IReadOnlyList<SymbolTable> branches)
    {
        var counts = branches.SelectMany(branch => branch._stored).Where(name => !IsStoredHere(name)).CountBy(name => name).ToList();
        foreach (var branch in branches)
        {
            foreach (var (name, startsUndefined) in branch._startsUndefined)
                _startsUndefined[name] = startsUndefined;
            _stored.UnionWith(branch._stored);
        }

        foreach (var (name, count) in counts)
        {
            if (count < branches.Count)
                _startsUndefined[name] = false;
        }
    }

    private bool IsKnown(string name) => IsKnownHere(name) || (_outer?.IsKnown(name) ?? false);

    private bool IsKnownHere(string name) => _startsUndefined.ContainsKey(name) || (_trunk?.IsKnownHere(name) ?? false);

    private bool IsStoredHere(string name) => _stored.Contains(name) || (_trunk?.IsStoredHere(name) ?? false);
}
