namespace T5GemmaSharp.Generation.Constraints.Vocabulary;

/// <summary>The constraints that were asked for last. Safe for any number of threads.</summary>
internal sealed class ConstraintCache
{
    /// <summary>Greatest number of constraints that are kept.</summary>
    public const int Capacity = 16;

    private readonly Lock _gate = new();
    private readonly LinkedList<(ConstraintKey Key, TokenConstraint Constraint)> _latest = [];

    /// <summary>Gives the constraint of a key, and compiles it if it is not there. Two threads may compile the same one; both get the first.</summary>
    public TokenConstraint GetOrAdd(ConstraintKey key, Func<TokenConstraint> compile) => Find(key) ?? Add(key, compile());

    private TokenConstraint? Find(ConstraintKey key)
    {
        lock (_gate)
        {
            for (var node = _latest.First; node is not null; node = node.Next)
            {
                if (node.Value.Key != key)
                    continue;
                _latest.Remove(node);
                _latest.AddFirst(node);
                return node.Value.Constraint;
            }

            return null;
        }
    }

    private TokenConstraint Add(ConstraintKey key, TokenConstraint constraint)
    {
        lock (_gate)
        {
            if (Find(key) is { } earlier)
                return earlier;
            _latest.AddFirst((key, constraint));
            if (_latest.Count > Capacity)
                _latest.RemoveLast();
            return constraint;
        }
    }
}
