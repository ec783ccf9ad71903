namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>The values of a call's arguments.</summary>
/// <param name="Positional">Those without a name.</param>
/// <param name="Named">Those with one.</param>
internal sealed record CallArguments(IReadOnlyList<object?> Positional, IReadOnlyList<(string Name, object? Value)> Named)
{
    /// <summary>No arguments.</summary>
    public static CallArguments Empty { get; } = new([], []);

    /// <summary>Gives each argument to a parameter.</summary>
    /// <param name="context">The render under way.</param>
    /// <param name="function">The function's name, for messages.</param>
    /// <param name="required">How many of the parameters must be given.</param>
    /// <param name="parameters">The parameters' names.</param>
    /// <exception cref="ChatTemplateException">There are too many or too few arguments, or a name is unknown.</exception>
    public BoundArguments Bind(RenderContext context, string function, int required, params ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length)
            throw context.Fail($"{function} takes at most {parameters.Length} arguments, got {Positional.Count}");
        var values = new object?[parameters.Length];
        var given = new bool[parameters.Length];
        for (var index = 0; index < Positional.Count; index++)
            (values[index], given[index]) = (Positional[index], true);
        foreach (var (name, value) in Named)
        {
            var index = parameters.IndexOf(name);
            if (index < 0)
                throw context.Fail($"{function} has no argument '{name}'");
            if (given[index])
                throw context.Fail($"{function} got the argument '{name}' twice");
            (values[index], given[index]) = (value, true);
        }

        var missing = Array.IndexOf(given, false);
        if (missing >= 0 && missing < required)
            throw context.Fail($"{function} needs the argument '{parameters[missing]}'");
        return new BoundArguments(context, function, values, given);
    }

    /// <summary>The arguments behind the first ones.</summary>
    public CallArguments Skip(int count) => new([.. Positional.Skip(count)], Named);
}
