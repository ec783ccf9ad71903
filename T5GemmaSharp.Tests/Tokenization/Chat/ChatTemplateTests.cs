using NUnit.Framework;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Tests.Tokenization.Chat;

public sealed class ChatTemplateTests
{
    // Google's, from the public tokenizer_config.json of Gemma 2.
    private const string GemmaSource = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}""";

    private static readonly ChatTemplateOptions Bos = new() { BosToken = "<bos>" };

    private static readonly ChatTurn[][] Conversations =
    [
        [new("user", "Hi")],
        [new("user", " \u001C\u001D\u001E\u001F\u0085\u00A0\u3000x\u001F\n"), new("assistant", "\uFEFFb\u200B "), new("user", "")],
        [new("system", "s"), new("user", "a")],
        [new("assistant", "a")],
        [new("user", "a"), new("user", "b")],
        [new("user", "a"), new("model", "b"), new("user", "c"), new("tool", "d")],
        [new("user", "a"), new("system", "b")],
        [],
    ];

    [Test]
    public void Apply_BuiltInFormat_DoesWhatTheGemmaTemplateDoes([Range(0, 7)] int conversation)
    {
        var turns = Conversations[conversation];

        // A space that prints nothing makes the source another one, which is rendered as Jinja.
        var jinja = ChatTemplate.Parse(GemmaSource + "{{ '' }}");
        var known = ChatTemplate.Parse(GemmaSource);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(known.IsBuiltIn, Is.True);
            Assert.That(jinja.IsBuiltIn, Is.False);
            Assert.That(Outcome(known, turns), Is.EqualTo(Outcome(jinja, turns)));
            Assert.That(Outcome(ChatTemplate.Gemma, turns), Is.EqualTo(Outcome(jinja, turns)));
        }
    }

    [Test]
    public void Apply_Gemma_WritesTheTurns()
    {
        ChatTurn[] turns = [new("user", "\u001C Hi \u0085"), new("assistant", "Yes"), new("user", "Go")];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                ChatTemplate.Gemma.Apply(turns, Bos),
                Is.EqualTo("<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nYes<end_of_turn>\n<start_of_turn>user\nGo<end_of_turn>\n<start_of_turn>model\n"));
            Assert.That(
                ChatTemplate.Gemma.Apply([turns[0]], new ChatTemplateOptions { AddGenerationPrompt = false }),
                Is.EqualTo("<start_of_turn>user\nHi<end_of_turn>\n"));
        }
    }

    [Test]
    public void Render_Gemma_ReadsTheVariablesOfATemplate()
    {
        var message = new Dictionary<string, object?> { ["role"] = "user", ["content"] = " a " };
        var variables = new Dictionary<string, object?> { ["messages"] = new[] { message }, ["bos_token"] = "<bos>" };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ChatTemplate.Gemma.Render(variables), Is.EqualTo("<bos><start_of_turn>user\na<end_of_turn>\n"));
            Assert.That(() => ChatTemplate.Gemma.Render(new Dictionary<string, object?>()), Throws.TypeOf<ChatTemplateException>().With.Message.Contains("messages"));
            message["content"] = 3;
            Assert.That(() => ChatTemplate.Gemma.Render(variables), Throws.TypeOf<ChatTemplateException>().With.Message.Contains("messages[0]"));
        }
    }

    [TestCase("\r\n")]
    [TestCase("\n")]
    [TestCase("")]
    public void Parse_KnownTemplate_GivesTheBuiltInFormat(string end)
    {
        var withoutBos = ChatTemplate.Parse(GemmaSource.Replace("{{ bos_token }}", "", StringComparison.Ordinal) + end);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ChatTemplate.Parse(GemmaSource + end).IsBuiltIn, Is.True);
            Assert.That(withoutBos.IsBuiltIn, Is.True);
            Assert.That(withoutBos.Apply([new("user", "a")], Bos), Does.StartWith("<start_of_turn>user"));
            Assert.That(withoutBos.Source, Does.EndWith(end));
        }
    }

    [Test]
    public void Apply_OptionsAndVariables_ReachTheTemplate()
    {
        var template = ChatTemplate.Parse("{{ bos_token }}{{ eos_token is defined }}{{ tools }}{{ documents }}{{ add_generation_prompt }}{{ depth }}{{ list }}{{ messages[0].role }}");
        var options = new ChatTemplateOptions
        {
            BosToken = "<s>",
            Variables = new Dictionary<string, object?> { ["depth"] = (byte)3, ["list"] = new object?[] { 1.5f, null, new Dictionary<string, int> { ["a"] = 1 } } },
        };
        Assert.That(template.Apply([new("user", "x")], options), Is.EqualTo("<s>FalseNoneNoneTrue3[1.5, None, {'a': 1}]user"));
    }

    [Test]
    public void Apply_WrongArguments_SaysWhich()
    {
        var template = ChatTemplate.Parse("x");
        var options = new ChatTemplateOptions();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => template.Apply(null!, options), Throws.ArgumentNullException);
            Assert.That(() => template.Apply([], null!), Throws.ArgumentNullException);
            Assert.That(() => template.Apply([null!], options), Throws.ArgumentException.With.Message.Contains("turns[0]"));
            Assert.That(() => template.Apply([new("user", null!)], options), Throws.ArgumentException.With.Message.Contains("turns[0]"));
            Assert.That(() => template.Apply([], Variable("messages", 1)), Throws.ArgumentException.With.Message.Contains("messages"));
            Assert.That(() => template.Apply([], Variable("when", DateTime.Now)), Throws.ArgumentException.With.Message.Contains("when").And.Message.Contains("DateTime"));
            Assert.That(() => template.Apply([], Variable("big", ulong.MaxValue)), Throws.ArgumentException.With.Message.Contains("big"));
            Assert.That(() => template.Apply([], Variable("deep", Nest(200))), Throws.ArgumentException.With.Message.Contains("deep"));
        }
    }

    [Test]
    public void Parse_Fault_NamesTemplateAndLine()
    {
        var exception = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("a\n\n{{ x | batch(2) }}", "tool_use"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exception.TemplateName, Is.EqualTo("tool_use"));
            Assert.That(exception.Line, Is.EqualTo(3));
            Assert.That(exception.Message, Does.Contain("tool_use, line 3").And.Contain("batch"));
        }
    }

    [Test]
    public void Render_Fault_NamesTheLine()
    {
        var template = ChatTemplate.Parse("a\n{% if true %}\n{{ 1 +\n missing }}\n{% endif %}");
        var raising = ChatTemplate.Parse("\n\n{{ raise_exception('no: ' ~ 1) }}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                () => template.Render(new Dictionary<string, object?>()),
                Throws.TypeOf<ChatTemplateException>().With.Property("Line").EqualTo(3).And.Message.Contains("'missing' is undefined"));
            Assert.That(
                () => raising.Render(new Dictionary<string, object?>()),
                Throws.TypeOf<ChatTemplateException>().With.Message.EqualTo("no: 1").And.Property("Line").EqualTo(3));
        }
    }

    [Test]
    public void Apply_ManyThreads_GiveTheSameText()
    {
        var template = ChatTemplate.Parse("{% set ns = namespace(t='') %}{% for m in messages %}{% set ns.t = ns.t ~ m.content %}{% endfor %}{{ ns.t }}");
        var texts = new string[64];
        Parallel.For(0, texts.Length, index => texts[index] = template.Apply([new("user", $"{index}"), new("assistant", "!")], Bos));
        Assert.That(texts, Is.EqualTo(Enumerable.Range(0, texts.Length).Select(index => $"{index}!")));
    }

    private static string Outcome(ChatTemplate template, ChatTurn[] turns)
    {
        try
        {
            return template.Apply(turns, Bos);
        }
        catch (ChatTemplateException exception)
        {
            return turns.Length == 0 ? "refused" : exception.Message; // without a turn, each says it in its own words
        }
    }

    private static ChatTemplateOptions Variable(string name, object? value) => new() { Variables = new Dictionary<string, object?> { [name] = value } };

    private static object Nest(int depth) => depth == 0 ? 1 : new[] { Nest(depth - 1) };
}
