namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>Parses what values are assigned to.</summary>
internal sealed class TargetParser(TokenCursor cursor)
{
    /// <summary>Parses the target of a loop: a name, or several for tuples.</summary>
    public AssignmentTarget ParseLoopTarget()
    {
        var target = ParseUnpacking();
        if (target.Names.Contains("loop"))
            throw cursor.Fail("'loop' cannot be the variable of a loop");
        return target;
    }

    /// <summary>Parses the target of a set: as that of a loop, or an attribute of a namespace.</summary>
    public AssignmentTarget ParseSetTarget()
    {
        if (!cursor.Following.IsOperator("."))
            return ParseUnpacking();
        var name = cursor.Expect(TokenKind.Name, "the name of a namespace").Text;
        cursor.ExpectOperator(".");
        return new AssignmentTarget.NamespaceAttribute(name, cursor.Expect(TokenKind.Name, "the name of an attribute").Text);
    }

    /// <summary>Parses a name that may be assigned to.</summary>
    public string ParseName()
    {
        var name = cursor.Expect(TokenKind.Name, "a name");
        if (name.Text is "true" or "True" or "false" or "False" or "none" or "None")
            throw cursor.Fail(name.Line, $"'{name.Text}' cannot be assigned to");
        return name.Text;
    }

    private AssignmentTarget ParseUnpacking()
    {
        var first = ParseOne();
        if (!cursor.Current.IsOperator(","))
            return first;
        List<AssignmentTarget> targets = [first];
        while (cursor.TakeOperator(","))
        {
            if (cursor.Current.Kind == TokenKind.BlockEnd || cursor.Current.IsOperator(")") || cursor.Current.IsName("in"))
                break;
            targets.Add(ParseOne());
        }

        return new AssignmentTarget.Unpacking(targets);
    }

    private AssignmentTarget ParseOne()
    {
        if (!cursor.TakeOperator("("))
            return new AssignmentTarget.Variable(ParseName());
        cursor.Enter();
        var target = ParseUnpacking();
        cursor.ExpectOperator(")");
        cursor.Leave();
        return target;
    }
}
