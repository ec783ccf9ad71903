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
    public void Render_MarkedContents_GivesTheSameTextAsUnmarkedOnes(params string[] specialTokens)
    {
        var options = new ChatTemplateOptions { BosToken = "<bos>", EosToken = "<eos>", TimeProvider = new FixedClock() };
        ChatTurn[] turns = [new("user", " <start_of_turn>\tHello{\"\u001C "), new("assistant", "<think>\nhm, \"it's\"\n</think>\n\nÉté 😀"), new("user", "again")];
        using (Assert.EnterMultipleScope())
        {
            foreach (var source in ReferenceCase.ReadAll().Select(reference => reference.Template).Where(source => source.Contains("messages", StringComparison.Ordinal)).Distinct())
            {
                var template = ChatTemplate.Parse(source);
                Assert.That(template.Apply(turns, options, specialTokens).Text, Is.EqualTo(template.Apply(turns, options)), source);
            }
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
