using NUnit.Framework;
using T5GemmaSharp.Tokenization.Chat;
using T5GemmaSharp.Tokenization.Chat.Jinja;

namespace T5GemmaSharp.Tests.Tokenization.Chat;

/// <summary>No template takes the process down, or keeps it for long.</summary>
public sealed class ChatTemplateHostileTests
{
    private const int Many = 100_000;
    private const string Damaging = "{}%#'\"()[]|.-\n~";

    private static readonly Dictionary<string, object?> Nothing = [];

    private static IEnumerable<TestCaseData> DeepTemplates()
    {
        yield return new TestCaseData("{{ " + Repeat("(", Many)).SetName("Deep_Parentheses");
        yield return new TestCaseData("{{ " + Repeat("[", Many) + Repeat("]", Many) + " }}").SetName("Deep_Lists");
        yield return new TestCaseData("{{ " + Repeat("{1:", Many)).SetName("Deep_Dicts");
        yield return new TestCaseData("{{ " + Repeat("-", Many) + "1 }}").SetName("Deep_Signs");
        yield return new TestCaseData("{{ " + Repeat("not ", Many) + "1 }}").SetName("Deep_Nots");
        yield return new TestCaseData("{{ " + Repeat("1 if 1 else ", Many) + "1 }}").SetName("Deep_Choices");
        yield return new TestCaseData("{{ " + Repeat("f(", Many)).SetName("Deep_Calls");
        yield return new TestCaseData("{{ " + Repeat("a[", Many)).SetName("Deep_Subscripts");
        yield return new TestCaseData("{{ x" + Repeat("|default(x", Many)).SetName("Deep_FilterArguments");
        yield return new TestCaseData(Repeat("{% if 1 %}", Many)).SetName("Deep_Ifs");
        yield return new TestCaseData(Repeat("{% for x in y %}", Many)).SetName("Deep_Loops");
        yield return new TestCaseData(Repeat("{% set x %}", Many)).SetName("Deep_SetBlocks");
        yield return new TestCaseData("{% for " + Repeat("(", Many)).SetName("Deep_Targets");
        yield return new TestCaseData("{{ 1" + Repeat(" + 1", Many) + " }}{{ 1" + Repeat(" and 1", Many) + " }}{{ x" + Repeat(".a", Many) + " }}").SetName("Deep_Chains");
        yield return new TestCaseData("{{ x" + Repeat("|default(1)", Many) + " }}").SetName("Deep_Filters");
        yield return new TestCaseData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").SetName("Deep_Macro");
        yield return new TestCaseData("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}").SetName("Deep_Macros");
        yield return new TestCaseData("{% set n = namespace(x=[]) %}{% for i in range(100000) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x }}").SetName("Deep_Value");
        yield return new TestCaseData("{% set n = namespace(x=[]) %}{% for i in range(100000) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x|tojson }}").SetName("Deep_ValueAsJson");
        yield return new TestCaseData("{% set n = namespace(x=[], y=[]) %}{% for i in range(100000) %}{% set n.x = [n.x] %}{% set n.y = [n.y] %}{% endfor %}{{ n.x == n.y }}").SetName("Deep_Equality");
        yield return new TestCaseData("{% set n = namespace(x=[], y=[]) %}{% for i in range(100000) %}{% set n.x = [n.x] %}{% set n.y = [n.y] %}{% endfor %}{{ n.x < n.y }}").SetName("Deep_Order");
    }

    [TestCaseSource(nameof(DeepTemplates))]
    public void Render_DeepNesting_IsANamedError(string source)
        => Assert.That(() => RenderInTime(source), Throws.TypeOf<ChatTemplateException>());

    [TestCase("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "steps")]
    [TestCase("{% for a in range(100000) %}{% for b in range(100000) %}{{ 1 }}{% endfor %}{% endfor %}", "steps")]
    [TestCase("{% for a in range(100000) if range(100000)|list %}{% endfor %}", "steps")]
    [TestCase("{{ range(1000000000000) }}", "100000")]
    [TestCase("{{ 'a' * 1000000000000 }}", "characters")]
    [TestCase("{{ [1] * 1000000000000 }}", "steps")]
    [TestCase("{% set n = namespace(x='a') %}{% for a in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}", "characters")]
    [TestCase("{% set n = namespace(x='a') %}{% for a in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}", "characters")]
    [TestCase("{% set n = namespace(x='aa') %}{% for a in range(99) %}{% set n.x = n.x|replace('a', n.x) %}{% endfor %}", "characters")]
    [TestCase("{% set n = namespace(x='aa') %}{% for a in range(99) %}{% set n.x = n.x|join(n.x) %}{% endfor %}", "characters")]
    [TestCase("{% set n = namespace(x=[1]) %}{% for a in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}", "steps")]
    [TestCase("{% set n = namespace(x=[1]) %}{% for a in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}", "")]
    [TestCase("{% set n = namespace(x=[1]) %}{% for a in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x|tojson }}", "")]
    [TestCase("{% set n = namespace(x=[1], y=[1]) %}{% for a in range(99) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}", "steps")]
    [TestCase("{% set a = 'a' * 10000000 %}{% for i in range(100000) %}{{ (a ~ 'b') in (a ~ a) }}{% endfor %}", "steps")]
    [TestCase("{% set a = 'a' * 10000000 %}{% for i in range(100000) %}{{ a == a ~ '' }}{% endfor %}", "")]
    [TestCase("{% set a = 'a' * 10000000 %}{% for i in range(100000) %}{% set b = a|trim('a') %}{% endfor %}", "steps")]
    [TestCase("{% set a = ' ' * 10000000 %}{% for i in range(100000) %}{% set b = a|trim %}{% endfor %}", "steps")]
    [TestCase("{% set a = 'x' * 10000000 %}{% for i in range(100000) %}{% set b = a|length %}{% endfor %}", "steps")]
    [TestCase("{% set a = 'x' * 10000000 %}{% for i in range(100000) %}{% set b = a|tojson %}{% endfor %}", "characters")]
    [TestCase("{% set a = 'x' * 10000000 %}{% for i in range(100000) %}{% set b = a|upper %}{% endfor %}", "")]
    [TestCase("{% set a = 'x' * 10000000 %}{% for i in range(100000) %}{% set b = a|int %}{% endfor %}", "steps")]
    [TestCase("{% set a = '9' * 10000000 %}{% for i in range(100000) %}{% set b = a|float %}{% endfor %}", "steps")]
    [TestCase("{% set a = 'x ' * 1000000 %}{% for i in range(100000) %}{% set b = a.split() %}{% endfor %}", "steps")]
    [TestCase("{% set a = 'x\\n' * 1000000 %}{% for i in range(100000) %}{% set b = a|indent %}{% endfor %}", "")]
    [TestCase("{% set a = 'x' * 10000000 %}{% for i in range(100000) %}{% set b = a[::-1] %}{% endfor %}", "")]
    [TestCase("{% set a = 'x' * 10000000 %}{% for i in range(100000) %}{% set b = a[i] %}{% endfor %}", "steps")]
    [TestCase("{% set a = 'x' * 10000000 %}{% for i in range(100000) %}{% set b = a|escape %}{% endfor %}", "characters")]
    [TestCase("{% set a = 'x' * 10000000 %}{% set d = {a: 1} %}{% for i in range(100000) %}{% set b = d[a] %}{% endfor %}", "steps")]
    [TestCase("{% set a = 'x' * 10000000 %}{% for i in range(100000) %}{% set b = a.startswith(a) %}{% endfor %}", "steps")]
    [TestCase("{% set a = range(100000)|list %}{% for i in range(100000) %}{% set b = a|sort|length %}{% endfor %}", "steps")]
    [TestCase("{% set a = range(100000)|list %}{% for i in range(100000) %}{% set b = a[::-1] %}{% endfor %}", "steps")]
    [TestCase("{% set a = range(100000)|list %}{% for i in range(100000) %}{% set b = a|sum %}{% endfor %}", "steps")]
    [TestCase("{% set a = range(100000)|list %}{% for i in range(100000) %}{% set b = -1 in a %}{% endfor %}", "steps")]
    [TestCase("{% set a = 'x' * 10000000 %}{% for i in range(100000) %}{% set b = [1]|map(attribute=a)|list %}{% endfor %}", "steps")]
    [TestCase("{% set a = 'x' * 10000000 %}{% for i in range(100000) %}{% set b = 'y'|trim(a) %}{% endfor %}", "steps")]
    [TestCase("{% set a = 'x' * 10000000 %}{% for i in range(100000) %}{% set b = [a]|string %}{% endfor %}", "characters")]
    [TestCase("{% set a = '%Y' * 1000000 %}{% for i in range(100000) %}{% set b = strftime_now(a) %}{% endfor %}", "characters")]
    [TestCase("{% for i in range(100000) %}{% for j in range(1000) %}{% set x = (j / 7)|round(300) %}{% endfor %}{% endfor %}", "steps")]
    [TestCase("{{ [1]|tojson(indent=1000000000) }}", "indent")]
    [TestCase("{{ 'a\\nb'|indent(1000000000) }}", "indent")]
    [TestCase("{{ 2.5|round(1000000000) }}", "precision")]
    [TestCase("{{ 3 ** 99999999999 }}", "64 bits")]
    public void Render_EndlessWork_IsANamedError(string source, string expected)
        => Assert.That(() => RenderInTime(source), Throws.TypeOf<ChatTemplateException>().With.Message.Contains(expected));

    [Test]
    public void Render_SmallStack_IsANamedError()
    {
        // So deep a level that its frames do not fit even where the compiler has made them small.
        const string Level = "{% for a in [1] %}{% for b in [1] %}{% for c in [1] %}{% for d in [1] %}{{ (m(n - 1) ~ '')|trim|default('') }}{% endfor %}{% endfor %}{% endfor %}{% endfor %}";
        Exception? thrown = null;
        var template = ChatTemplate.Parse($"{{% macro m(n) %}}{{% if n %}}{Level}{{% endif %}}{{% endmacro %}}{{{{ m(150) }}}}");
        var thread = new Thread(Render, maxStackSize: 256 * 1024);
        thread.Start();
        thread.Join();
        Assert.That(thrown, Is.TypeOf<ChatTemplateException>());

        // Any exception that left the thread, an assertion's too, would end the process.
        void Render()
        {
            try
            {
                template.Render(Nothing);
            }
            catch (Exception exception)
            {
                thrown = exception;
            }
        }
    }

    [Test]
    public void Render_Limits_AreCounted()
    {
        var program = JinjaProgram.Parse("t", "{% for x in range(10) %}{{ 'abcde' }}{% endfor %}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(program.Render(Nothing, TimeProvider.System), Has.Length.EqualTo(50));
            Assert.That(() => program.Render(Nothing, TimeProvider.System, limits: new RenderLimits(Steps: 20)), Throws.TypeOf<ChatTemplateException>().With.Message.Contains("20 steps"));
            Assert.That(() => program.Render(Nothing, TimeProvider.System, limits: new RenderLimits(TextLength: 49)), Throws.TypeOf<ChatTemplateException>().With.Message.Contains("49 characters"));
            Assert.That(() => program.Render(Nothing, TimeProvider.System, limits: new RenderLimits(Characters: 49)), Throws.TypeOf<ChatTemplateException>().With.Message.Contains("49 characters"));
        }
    }

    [Test]
    public void Render_EndlessVariable_IsANamedError()
        => Assert.That(() => ChatTemplate.Parse("x").Render(new Dictionary<string, object?> { ["x"] = Endless() }), Throws.TypeOf<ChatTemplateException>());

    [Test]
    public void Parse_DamagedTemplates_GiveATemplateOrANamedError()
    {
        var random = new Random(5);
        var sources = ReferenceCase.ReadAll().Select(reference => reference.Template).Distinct().ToList();
        var failures = 0;
        for (var round = 0; round < 3000; round++)
        {
            var source = Damage(random, sources[random.Next(sources.Count)], sources[random.Next(sources.Count)]);
            try
            {
                ChatTemplate.Parse(source).Render(Nothing);
            }
            catch (ChatTemplateException)
            {
                failures++;
            }
        }

        Assert.That(failures, Is.InRange(1000, 3000));
    }

    // Most take a second or two; without limits they would take hours.
    private static string RenderInTime(string source)
    {
        var render = Task.Run(() => ChatTemplate.Parse(source).Render(Nothing));
        return ((IAsyncResult)render).AsyncWaitHandle.WaitOne(TimeSpan.FromMinutes(2)) ? render.GetAwaiter().GetResult() : throw new TimeoutException(source);
    }

    private static string Damage(Random random, string first, string second)
    {
        var text = first[..random.Next(first.Length + 1)] + second[random.Next(second.Length + 1)..];
        if (text.Length == 0)
            return text;
        var place = random.Next(text.Length);
        return text.Remove(place, 1).Insert(place, Damaging[random.Next(Damaging.Length)].ToString());
    }

    private static IEnumerable<int> Endless()
    {
        while (true)
            yield return 1;
    }

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
}
