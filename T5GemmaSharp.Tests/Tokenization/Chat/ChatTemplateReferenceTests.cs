using NUnit.Framework;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Tests.Tokenization.Chat;

public sealed class ChatTemplateReferenceTests
{
    [Test]
    public void Render_EveryReferenceCase_GivesItsTextOrFails()
    {
        var cases = ReferenceCase.ReadAll();
        Assert.That(cases, Has.Count.GreaterThan(500));
        using (Assert.EnterMultipleScope())
        {
            foreach (var reference in cases)
                Check(reference);
        }
    }

    [TestCase("<start_of_turn>", "<end_of_turn>")]
    [TestCase("{", "\"")]
    [TestCase("abcdefghijklmnop", "qrstuvwxyz \n")]
    [TestCase("ABC'\\\u001C\u0085", "0123456789.,-_é")]
    public void Apply_MarkedContents_GivesTheSameTextAsUnmarkedOnes(params string[] specialTokens)
    {
        var options = new ChatTemplateOptions { BosToken = "<bos>", EosToken = "<eos>", TimeProvider = new FixedClock() };
        ChatTurn[] turns = [new("user", " <start_of_turn>\tHello{\"\u001C "), new("assistant", "<think>\nhm, \"it's\"\n</think>\n\nÉté 😀"), new("user", "12, 3.5 a-b a\\c")];
        var differing = new List<string>();
        foreach (var source in ReferenceCase.ReadAll().Select(reference => WithContents(reference.Template)).Distinct())
        {
            var plain = Outcome(() => ChatTemplate.Parse(source).Apply(turns, options));
            if (Outcome(() => ChatTemplate.Parse(source).Apply(turns, options, specialTokens).Text) != plain)
                differing.Add(source);
        }

        Assert.That(differing, Is.Empty);
    }

    // A template without messages gets the contents as the variables that its expressions use.
    private static string WithContents(string template) => template.Contains("messages", StringComparison.Ordinal)
        ? template
        : "{% set word = messages[0].content %}{% set spaced = messages[1].content %}{% set line = messages[2].content %}{% set words = line.split() %}"
            + "{% set nested = {word: line, 'a': {'b': words}, 'k': spaced} %}{% set numbers = words %}{% set mixed = [word, 1, none] %}" + template;

    private static string Outcome(Func<string> render)
    {
        try
        {
            return render();
        }
        catch (ChatTemplateException exception)
        {
            return $"error: {exception.Message}";
        }
    }

    private static void Check(ReferenceCase reference)
    {
        if (reference.Text is not null)
        {
            Assert.That(() => Render(reference), Is.EqualTo(reference.Text), reference.Template);
            return;
        }

        var exception = Assert.Throws<ChatTemplateException>(() => Render(reference), reference.Template);
        if (reference.Raised is not null)
            Assert.That(exception?.Message, Is.EqualTo(reference.Raised), reference.Template);
    }

    private static string Render(ReferenceCase reference) => ChatTemplate.Parse(reference.Template).Render(reference.Variables, new FixedClock());
}
