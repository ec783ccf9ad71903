using NUnit.Framework;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Tests.Tokenization.Chat;

/// <summary>What Jinja has and this library has not is refused by name.</summary>
public sealed class ChatTemplateRefusalTests
{
    [TestCase("{% include 'a' %}", "'include'")]
    [TestCase("{% extends 'a' %}", "'extends'")]
    [TestCase("{% block a %}{% endblock %}", "'block'")]
    [TestCase("{% import 'a' as b %}", "'import'")]
    [TestCase("{% from 'a' import b %}", "'from'")]
    [TestCase("{% with x = 1 %}{% endwith %}", "'with'")]
    [TestCase("{% filter upper %}{% endfilter %}", "'filter'")]
    [TestCase("{% call m() %}{% endcall %}", "'call'")]
    [TestCase("{% autoescape true %}{% endautoescape %}", "'autoescape'")]
    [TestCase("{% print 1 %}", "'print'")]
    [TestCase("{% do x %}", "'do'")]
    [TestCase("{% endfor %}", "'endfor'")]
    [TestCase("{% for x in y recursive %}{% endfor %}", "recursive")]
    [TestCase("{% set x | trim %}{% endset %}", "set block")]
    [TestCase("{% break %}", "'break'")]
    [TestCase("{% for x in y %}{% macro m() %}{% continue %}{% endmacro %}{% endfor %}", "'continue'")]
    [TestCase("{% macro m(a, a) %}{% endmacro %}", "'a'")]
    [TestCase("{% macro m(a=1, b) %}{% endmacro %}", "'b'")]
    [TestCase("{% macro m() %}{{ caller() }}{% endmacro %}", "'caller'")]
    [TestCase("{% macro m() %}{{ varargs }}{% endmacro %}", "'varargs'")]
    [TestCase("{{ self.x }}", "'self'")]
    [TestCase("{{ cycler('a') }}", "'cycler'")]
    [TestCase("{{ joiner() }}", "'joiner'")]
    [TestCase("{{ lipsum() }}", "'lipsum'")]
    [TestCase("{{ f(*x) }}", "'*'")]
    [TestCase("{{ f(**x) }}", "'**'")]
    [TestCase("{{ f(a=1, a=2) }}", "'a'")]
    [TestCase("{{ x[1, 2] }}", "tuple")]
    [TestCase("{{ x | batch(2) }}", "'batch'")]
    [TestCase("{{ x | groupby('a') }}", "'groupby'")]
    [TestCase("{{ x | format(1) }}", "'format'")]
    [TestCase("{{ x | my.filter }}", "'.'")]
    [TestCase("{{ x | map('batch') }}", "'batch'")]
    [TestCase("{{ x | select('upper') }}", "'upper'")]
    [TestCase("{{ x | rejectattr('a', 'escaped') }}", "'escaped'")]
    [TestCase("{{ x is lower }}", "'lower'")]
    [TestCase("{{ 0x10 }}", "'x10'")]
    [TestCase("{{ 99999999999999999999 }}", "64 bits")]
    [TestCase("{{ '\\N{DASH}' }}", "\\N")]
    [TestCase("{{ '\\ud83d' }}", "\\u")]
    [TestCase("{{ é }}", "'é'")]
    [TestCase("{{ a ? b }}", "'?'")]
    [TestCase("{{ a; b }}", "';'")]
    [TestCase("{{ 'a }}", "string")]
    [TestCase("{{ (1] }}", "')'")]
    [TestCase("{{ 1) }}", "')'")]
    [TestCase("{# a", "comment")]
    [TestCase("{% raw %} a", "endraw")]
    [TestCase("{{ a", "'}}'")]
    [TestCase("{% if a", "'%}'")]
    [TestCase("{% if a %}", "'endif'")]
    public void Parse_NotSupported_SaysWhat(string source, string expected)
        => Assert.That(() => ChatTemplate.Parse(source), Throws.TypeOf<ChatTemplateException>().With.Message.Contains(expected).And.Property("Line").EqualTo(1));

    [TestCase("{{ 'a'.encode() }}", "'encode'")]
    [TestCase("{{ '%s' % 1 }}", "'%'")]
    [TestCase("{{ 'a'.format(1) }}", "'format'")]
    [TestCase("{{ [].copy() }}", "'copy'")]
    [TestCase("{{ [].append(1) }}", "append")]
    [TestCase("{{ {}.update({}) }}", "update")]
    [TestCase("{{ ''.__class__.__mro__ }}", "__class__")]
    [TestCase("{{ (1).bit_length() }}", "'bit_length'")]
    [TestCase("{{ range(3).start }}", "'start'")]
    [TestCase("{{ range }}", "function")]
    [TestCase("{{ namespace() }}", "Namespace")]
    [TestCase("{{ '<'|safe + '<' }}", "Markup")]
    [TestCase("{{ '<'|safe|upper }}", "safe")]
    [TestCase("{{ 'ß'|upper }}", "U+00DF")]
    [TestCase("{{ 'ΑΣ'|lower }}", "U+03A3")]
    [TestCase("{{ '٣'|int }}", "digits")]
    [TestCase("{{ 'ff'|int(base=16) }}", "base")]
    [TestCase("{{ strftime_now('%c') }}", "%c")]
    [TestCase("{{ 9223372036854775807 + 1 }}", "64 bits")]
    [TestCase("{{ 2 ** 64 }}", "64 bits")]
    [TestCase("{{ (-2) ** 0.5 }}", "complex")]
    [TestCase("{{ {(1,): 2} }}", "tuple")]
    [TestCase("{{ 'a' is sameas 'a' }}", "sameas")]
    [TestCase("{{ 'a'.replace('', 'b') }}", "empty")]
    [TestCase("{{ 'a b'.rsplit() }}", "rsplit")]
    [TestCase("{% for x in [1] %}{{ loop.changed(x) }}{% endfor %}", "loop.changed")]
    [TestCase("{% for x in [1] %}{{ loop([1]) }}{% endfor %}", "recursive")]
    [TestCase("{{ [1]|map('bat' ~ 'ch')|list }}", "'batch'")]
    public void Render_NotSupported_SaysWhat(string source, string expected)
    {
        var template = ChatTemplate.Parse(source);
        Assert.That(
            () => template.Render(new Dictionary<string, object?>()),
            Throws.TypeOf<ChatTemplateException>().With.Message.Contains(expected).And.Property("Line").EqualTo(1));
    }
}
