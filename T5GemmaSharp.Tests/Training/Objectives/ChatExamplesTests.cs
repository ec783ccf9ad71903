using NUnit.Framework;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Tokenization.Chat;
using T5GemmaSharp.Training.Objectives;

namespace T5GemmaSharp.Tests.Training.Objectives;

public sealed class ChatExamplesTests
{
    private const int EndOfTurn = 107;

    private static readonly ChatTurn[] Turns = [new("user", " a"), new("assistant", " abc d \n"), new("user", "b"), new("assistant", "c"), new("user", "d")];

    private static T5GemmaTokenizer Tokenizer => UnusedTokenTokenizer.Instance;

    [Test]
    public void Expand_Conversation_GivesOneExampleForEachAnswer()
    {
        var examples = ChatExamples.Expand(Tokenizer, Turns);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(examples, Has.Count.EqualTo(2));
            Assert.That(examples[0].InputIds, Is.EqualTo(Tokenizer.EncodeChat(Turns[..1])));
            Assert.That(examples[1].InputIds, Is.EqualTo(Tokenizer.EncodeChat(Turns[..3])));
            Assert.That(examples[0].Labels, Is.EqualTo(Tokenizer.Encode("abc d", addBos: false).Append(EndOfTurn)), "the template strips the answer");
            Assert.That(examples[1].Labels, Is.EqualTo(Tokenizer.Encode("c", addBos: false).Append(EndOfTurn)));
        }
    }

    [Test]
    public void Expand_InputAndLabels_AreTheConversationAsItIsReadLater() => AssertReadLater(Tokenizer, Turns[..4]);

    [Test]
    public void Expand_RealTokenizer_InputAndLabelsAreTheConversationAsItIsReadLater()
        => AssertReadLater(Gemma2Tokenizer.Instance(), [new("user", "Say hello."), new("assistant", "\n\n  Hello,  world!\n\n- 1\n- two \n")]);

    [Test]
    public void Expand_AppendEos_EndsWithBoth()
        => Assert.That(ChatExamples.Expand(Tokenizer, Turns, appendEos: true).Select(example => example.Labels[^2..]), Is.All.EqualTo(new[] { EndOfTurn, UnusedTokenTokenizer.Eos }));

    [TestCase(true, 2)]
    [TestCase(false, 1)]
    public void Expand_EndOfTurnInAnAnswer_IsATokenOnlyIfTrusted(bool trusted, int count)
    {
        var example = ChatExamples.Expand(Tokenizer, [new("user", "a"), new("assistant", "b<end_of_turn>c")], parseSpecialInContent: trusted).Single();
        Assert.That(example.Labels.Count(id => id == EndOfTurn), Is.EqualTo(count));
        Assert.That(example.Labels[^2], Is.EqualTo(Tokenizer.TokenToId("c")));
    }

    [Test]
    public void Expand_NoAnswer_NamesTheRoles()
    {
        Assert.That(() => ChatExamples.Expand(Tokenizer, [new("user", "a")]), Throws.ArgumentException.With.Message.Contains("got user"));
        Assert.That(() => ChatExamples.Expand(Tokenizer, []), Throws.ArgumentException.With.Message.Contains("got no turn"));
    }

    [Test]
    public void Expand_AnswerFirst_IsRefusedByTheTemplate()
        => Assert.That(() => ChatExamples.Expand(Tokenizer, [new("assistant", "a")]), Throws.TypeOf<ChatTemplateException>());

    [TestCase("{{ messages | length }}")]
    [TestCase("{% for m in messages %}{{ m.content }}{% endfor %}")]
    public void Expand_TemplateThatDoesNotGoOn_SaysWhatToDo(string template)
    {
        var tokenizer = TinyTokenizer.Create(config: $$"""{"chat_template": "{{template}}"}""");
        Assert.That(() => ChatExamples.Expand(tokenizer, Turns), Throws.ArgumentException.With.Message.Contains("turn 1").And.Message.Contains("PairExamples"));
    }

    private static void AssertReadLater(T5GemmaTokenizer tokenizer, ChatTurn[] turns)
    {
        var last = ChatExamples.Expand(tokenizer, turns)[^1];
        var newline = tokenizer.TokenToId("\n")!.Value; // an added token
        Assert.That(last.InputIds.Concat(last.Labels).Append(newline), Is.EqualTo(tokenizer.EncodeChat(turns, addGenerationPrompt: false)));
    }
}
