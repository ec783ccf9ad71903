using System.Text.RegularExpressions;
using T5GemmaSharp.Tokenization.Chat.Jinja.Python;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>Cuts a template into text and tags, with the whitespace control of <c>trim_blocks</c> and <c>lstrip_blocks</c>.</summary>
internal sealed partial class TemplateLexer
{
    private readonly string _name;
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;

    private TemplateLexer(string name, string source)
    {
        _name = name;
        _source = source;
    }

    // What was read last ended a line, so that a tag may stand at the start of one.
    private bool AtLineStart => _position == 0 || _source[_position - 1] == '\n';

    /// <summary>The tokens of a template, an end token last.</summary>
    /// <exception cref="ChatTemplateException">A tag, string or comment does not end, or a character is out of place.</exception>
    public static List<Token> Read(string name, string source)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n'))
            source = source[..^1];
        var lexer = new TemplateLexer(name, source);
        while (lexer._position < source.Length)
            lexer.ReadNext();
        lexer.Add(TokenKind.End, "");
        return lexer._tokens;
    }

    private void ReadNext()
    {
        var tag = FindTag(_position);
        if (tag < 0)
        {
            AddText(_source[_position..]);
            _position = _source.Length;
            return;
        }

        var raw = RawBegin().Match(_source, tag);
        var sign = SignAt(tag + 2);
        AddTextBefore(tag, sign, mayStripLine: _source[tag + 1] != '{');
        MoveTo(tag + 2 + (sign == '\0' ? 0 : 1));
        if (raw.Success)
            ReadRaw(raw);
        else if (_source[tag + 1] == '#')
            ReadComment();
        else
            ReadCode(isBlock: _source[tag + 1] == '%');
    }

    private int FindTag(int start)
    {
        while (true)
        {
            var brace = _source.IndexOf('{', start);
            if (brace < 0 || brace + 1 >= _source.Length)
                return -1;
            if (_source[brace + 1] is '{' or '%' or '#')
                return brace;
            start = brace + 1;
        }
    }

    private char SignAt(int index) => index < _source.Length && _source[index] is '-' or '+' ? _source[index] : '\0';

    private void AddTextBefore(int end, char sign, bool mayStripLine)
    {
        var text = _source.AsSpan(_position, end - _position);
        if (sign == '-')
        {
            text = text[..PythonSpaces.TrimmedEnd(text)];
        }
        else if (sign == '\0' && mayStripLine)
        {
            var line = text.LastIndexOf('\n') + 1;
            if ((line > 0 || AtLineStart) && PythonSpaces.TrimmedEnd(text[line..]) == 0)
                text = text[..line];
        }

        AddText(text.ToString());
        MoveTo(end);
    }

    private void ReadComment()
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
            throw Fail("a comment without '#}'");
        var sign = end > _position ? SignAt(end - 1) : '\0';
        EndTag(end + 2, sign, trimsLine: true);
    }

    private void ReadRaw(Match begin)
    {
        MoveTo(begin.Index + begin.Length);
        var end = RawEnd().Match(_source, _position);
        if (!end.Success)
            throw Fail("a raw block without endraw");
        AddTextBefore(end.Index, SignAt(end.Index + 2), mayStripLine: true);
        MoveTo(end.Index + end.Length);
    }

    private void ReadCode(bool isBlock)
    {
        var brackets = new Stack<char>();
        Add(isBlock ? TokenKind.BlockBegin : TokenKind.VariableBegin, "");
        while (true)
        {
            MoveTo(_position + PythonSpaces.LeadingLength(_source.AsSpan(_position)));
            if (_position >= _source.Length)
                throw Fail(isBlock ? "a tag without '%}'" : "a tag without '}}'");
            if (brackets.Count == 0 && TryEndCode(isBlock))
                return;
            var start = _position;
            var token = CodeLexer.Read(_source, ref _position, _line, out var problem);
            if (problem is not null)
                throw Fail(problem);
            if (token.Kind == TokenKind.Operator)
                Balance(brackets, token.Text[0]);
            _tokens.Add(token);
            _line += _source.AsSpan(start, _position - start).Count('\n');
        }
    }

    private bool TryEndCode(bool isBlock)
    {
        var mark = isBlock ? "%}" : "}}";
        var sign = SignAt(_position) is '+' && !isBlock ? '\0' : SignAt(_position);
        var start = _position + (sign == '\0' ? 0 : 1);
        if (!_source.AsSpan(start).StartsWith(mark, StringComparison.Ordinal))
            return false;
        Add(isBlock ? TokenKind.BlockEnd : TokenKind.VariableEnd, "");
        EndTag(start + 2, sign, trimsLine: isBlock);
        return true;
    }

    // A tag's end eats all whitespace behind it, or one line break, or nothing.
    private void EndTag(int end, char sign, bool trimsLine)
    {
        if (sign == '-')
            end += PythonSpaces.LeadingLength(_source.AsSpan(end));
        else if (sign == '\0' && trimsLine && end < _source.Length && _source[end] == '\n')
            end++;
        MoveTo(end);
    }

    private void Balance(Stack<char> brackets, char text)
    {
        var opening = "([{".IndexOf(text, StringComparison.Ordinal);
        if (opening >= 0)
        {
            brackets.Push(")]}"[opening]);
        }
        else if (text is ')' or ']' or '}')
        {
            if (!brackets.TryPop(out var expected) || expected != text)
                throw Fail(expected == '\0' ? $"unexpected '{text}'" : $"expected '{expected}', got '{text}'");
        }
    }

    private void MoveTo(int position)
    {
        _line += _source.AsSpan(_position, position - _position).Count('\n');
        _position = position;
    }

    private void AddText(string text)
    {
        if (text.Length > 0)
            Add(TokenKind.Data, text);
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, _line));

    private ChatTemplateException Fail(string problem) => ChatTemplateException.At(_name, _line, problem);

    [GeneratedRegex(@"\G\{%[-+]?[\s\x1c-\x1f]*raw[\s\x1c-\x1f]*(?:-%\}[\s\x1c-\x1f]*|%\})", RegexOptions.CultureInvariant)]
    private static partial Regex RawBegin();

    [GeneratedRegex(@"\{%[-+]?[\s\x1c-\x1f]*endraw[\s\x1c-\x1f]*(?:\+%\}|-%\}[\s\x1c-\x1f]*|%\}\n?)", RegexOptions.CultureInvariant)]
    private static partial Regex RawEnd();
}
