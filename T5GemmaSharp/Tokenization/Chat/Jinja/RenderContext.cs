using System.Runtime.CompilerServices;

namespace T5GemmaSharp.Tokenization.Chat.Jinja;

/// <summary>One render of a template: where it is, what it may still spend, and which characters are stand-ins.</summary>
internal sealed class RenderContext(string templateName, RenderLimits limits, TimeProvider clock, TextMarks? marks)
{
    /// <summary>Characters that a vectorized pass takes in the time of a step.</summary>
    public const int CharactersPerStep = 64;

    private const int CharactersPerSlowStep = 8;

    private long _steps;
    private long _characters;

    /// <summary>The line being rendered, from 1.</summary>
    public int Line { get; set; } = 1;

    /// <summary>The clock that the template sees.</summary>
    public TimeProvider Clock { get; } = clock;

    /// <summary>A fault at the current line.</summary>
    public ChatTemplateException Fail(string problem) => ChatTemplateException.At(templateName, Line, problem);

    /// <summary>What the template itself complains of.</summary>
    public ChatTemplateException Raise(string message) => ChatTemplateException.Raised(templateName, Line, Plain(message));

    /// <summary>Counts work.</summary>
    /// <exception cref="ChatTemplateException">The template works longer than it may.</exception>
    public void Step(long count = 1)
    {
        Afford(count);
        _steps += count;
    }

    /// <summary>Counts a vectorized pass over a text.</summary>
    public void Pass(int length) => Step(length / CharactersPerStep);

    /// <summary>Counts a pass over a text, character by character.</summary>
    public void PassSlowly(int length) => Step(length / CharactersPerSlowStep);

    /// <summary>Checks that so much work may follow, without counting it.</summary>
    /// <exception cref="ChatTemplateException">It may not.</exception>
    public void Afford(long count)
    {
        if (count > limits.Steps - _steps)
            throw Fail($"the template takes more than {limits.Steps} steps");
    }

    /// <summary>Counts work that may nest.</summary>
    /// <exception cref="ChatTemplateException">The template works longer or nests deeper than it may.</exception>
    public void StepInto()
    {
        Step();
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Fail("the template or a value nests too deep");
    }

    /// <summary>Counts the characters of a text that is made; called before it is made where it may be large.</summary>
    /// <exception cref="ChatTemplateException">The text, or all texts together, are longer than they may be.</exception>
    public void Produce(long length)
    {
        CheckLength(length);
        _characters += length;
        if (_characters > limits.Characters)
            throw Fail($"the template makes texts of more than {limits.Characters} characters");
    }

    /// <summary>Checks the length of a text that grows.</summary>
    /// <exception cref="ChatTemplateException">It is longer than a text may be.</exception>
    public void CheckLength(long length)
    {
        if (length > limits.TextLength)
            throw Fail($"the template makes a text of more than {limits.TextLength} characters");
    }

    /// <summary>A text with the characters that its stand-ins stand for. Positions stay the same.</summary>
    public string Plain(string text)
    {
        if (marks is null)
            return text;
        Pass(text.Length);
        return marks.Plain(text);
    }

    /// <summary>A character, or the one that it stands for.</summary>
    public char Plain(char character) => marks?.Plain(character) ?? character;

    /// <summary>A character like another: a stand-in if that is one.</summary>
    public char MarkedLike(char character, char other) => marks is not null && marks.IsMark(other) ? marks.Mark(character) : character;

    /// <summary>Whether two texts say the same.</summary>
    public bool SameText(string left, string right) => left.Length == right.Length && Plain(left) == Plain(right);
}
