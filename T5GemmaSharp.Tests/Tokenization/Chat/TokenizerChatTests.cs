using System.Text;
using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Tests.Tokenization.Chat;

public sealed class TokenizerChatTests
{
    private string _folder = "";

    [SetUp]
    public void CreateFolder()
    {
        _folder = Directory.CreateTempSubdirectory("chat").FullName;
        File.WriteAllBytes(Path.Combine(_folder, "tokenizer.json"), JsonSerializer.SerializeToUtf8Bytes(TinyTokenizer.Json()));
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void ChatTemplate_NoFile_IsGemma()
    {
        var tokenizer = T5GemmaTokenizer.FromPretrained(_folder);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tokenizer.ChatTemplate, Is.SameAs(ChatTemplate.Gemma));
            Assert.That(tokenizer.ChatTemplates.Keys, Is.EqualTo(new[] { "default" }));
            Assert.That(tokenizer.ApplyChatTemplate([new("user", "a")]), Is.EqualTo("<bos><start_of_turn>user\na<end_of_turn>\n<start_of_turn>model\n"));
            Assert.That(tokenizer.ApplyChatTemplate([new("user", "a")], addGenerationPrompt: false), Does.EndWith("a<end_of_turn>\n"));
        }
    }

    [TestCase("""{"chat_template": "one {{ eos_token }}{{ pad_token }}"}""", "one <eos><pad>")]
    [TestCase("""{"chat_template": [{"name": "tool_use", "template": "two"}, {"name": "default", "template": "three"}]}""", "three")]
    [TestCase("""{"chat_template": null}""", "<bos>")]
    public void ChatTemplate_InConfiguration_IsUsed(string config, string expected)
    {
        var tokenizer = TinyTokenizer.Create(config: config);
        Assert.That(tokenizer.ApplyChatTemplate([new("user", "a")]), Does.StartWith(expected));
    }

    [Test]
    public void ChatTemplate_InFiles_ReplacesAllOfTheConfiguration()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "old"}, {"name": "gone", "template": "old"}]}""");
        Write("chat_template.jinja", "new {{ messages[0].content }}");
        Write("additional_chat_templates/tool_use.jinja", "tools");
        var tokenizer = T5GemmaTokenizer.FromPretrained(_folder);
        var copy = Path.Combine(_folder, "copy");
        tokenizer.SavePretrained(copy);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tokenizer.ChatTemplates.Keys, Is.EquivalentTo(new[] { "default", "tool_use" }));
            Assert.That(tokenizer.ApplyChatTemplate([new("user", "a")]), Is.EqualTo("new a"));
            Assert.That(T5GemmaTokenizer.FromPretrained(copy).ChatTemplates["tool_use"].Source, Is.EqualTo("tools"));
        }
    }

    [Test]
    public void ChatTemplate_OnlyOthers_SaysWhich()
    {
        Write("additional_chat_templates/tool_use.jinja", "tools");
        var tokenizer = T5GemmaTokenizer.FromPretrained(_folder);
        Assert.That(() => tokenizer.ChatTemplate, Throws.InvalidOperationException.With.Message.Contains("tool_use"));
    }

    [Test]
    public void ChatTemplate_Faulty_ShowsWhenUsed()
    {
        Write("chat_template.jinja", "\n{% include 'x' %}");
        Write("additional_chat_templates/good.jinja", "good");
        var tokenizer = T5GemmaTokenizer.FromPretrained(_folder);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tokenizer.Encode("a", addBos: false), Is.EqualTo(TinyTokenizer.Ids("a")));
            Assert.That(tokenizer.ChatTemplates["good"].Apply([], new ChatTemplateOptions()), Is.EqualTo("good"));
            Assert.That(
                () => tokenizer.ApplyChatTemplate([new("user", "a")]),
                Throws.TypeOf<ChatTemplateException>().With.Message.Contains("chat_template.jinja, line 2").And.Message.Contains("include"));
        }
    }

    [TestCase("""{"chat_template": 3}""")]
    [TestCase("""{"chat_template": {"default": "x"}}""")]
    [TestCase("""{"chat_template": [{"name": "default"}]}""")]
    [TestCase("""{"chat_template": "\ud800"}""")]
    public void ChatTemplate_WrongForm_ShowsWhenUsed(string config)
    {
        var tokenizer = TinyTokenizer.Create(config: config);
        Assert.That(() => tokenizer.ChatTemplate, Throws.TypeOf<TokenizerFormatException>().With.Message.Contains("chat_template"));
    }

    [Test]
    public void ChatTemplate_NotUtf8_ShowsWhenUsed()
    {
        File.WriteAllBytes(Path.Combine(_folder, "chat_template.jinja"), [0x61, 0xFF]);
        var tokenizer = T5GemmaTokenizer.FromPretrained(_folder);
        Assert.That(() => tokenizer.ChatTemplate, Throws.TypeOf<TokenizerFormatException>().With.Message.Contains("chat_template.jinja"));
    }

    [Test]
    public void EncodeChat_Trusted_IsTheEncodedTextWithoutBosOrEos()
    {
        var tokenizer = TinyTokenizer.Create(config: """{"chat_template": "{{ bos_token }}{{ messages[0].content }}<end_of_turn>", "add_bos_token": true, "add_eos_token": true}""");
        Assert.That(tokenizer.EncodeChat([new("user", "a<eos>")]), Is.EqualTo(TinyTokenizer.Ids("<bos>", "a", "<eos>", "<end_of_turn>")));
    }

    // Each template makes a special token out of the content "a<eos>b" or its parts; <h1> is no special token.
    [TestCase("{{ bos_token }}{{ c }}<end_of_turn>", "a<eos>b", new[] { "<bos>", "a", "<", "e", "o", "s", ">", "b", "<end_of_turn>" })]
    [TestCase("{{ c | replace('_', '') }}<eos>", "<e_os>", new[] { "<", "e", "o", "s", ">", "<eos>" })]
    [TestCase("{{ c | lower }}<eos>", "<EOS>", new[] { "<", "e", "o", "s", ">", "<eos>" })]
    [TestCase("{{ c[::-1] }}<eos>", ">soe<", new[] { "<", "e", "o", "s", ">", "<eos>" })]
    [TestCase("<{{ c }}><eos>", "eos", new[] { "<", "e", "o", "s", ">", "<eos>" })]
    [TestCase("<e{{ c }}<eos>", "os>", new[] { "<", "e", "o", "s", ">", "<eos>" })]
    [TestCase("{{ c }}os><eos>", "<e", new[] { "<", "e", "o", "s", ">", "<eos>" })]
    [TestCase("{{ c.split('|') | join }}<eos>", "<e|os>", new[] { "<", "e", "o", "s", ">", "<eos>" })]
    [TestCase("{% for x in c %}{{ x }}{% endfor %}<eos>", "<eos>", new[] { "<", "e", "o", "s", ">", "<eos>" })]
    [TestCase("{{ [c] | map('trim') | first }}<eos>", " <eos> ", new[] { "<", "e", "o", "s", ">", "<eos>" })]
    [TestCase("{% set d = {c: c} %}{% for k, v in d.items() %}{{ k }}{% endfor %}{{ d['<eos>'] is defined }}"
        + "{{ '<eos>' if c == '<eos>' }}", "<eos>", new[] { "<", "e", "o", "s", ">", "<0x54>", "<0x72>", "<0x75>", "e", "<eos>" })]
    [TestCase("{{ 'yes' if '<eos>' in c else 'no' }}{{ c.split('<eos>')[1] }}", "a<eos>b", new[] { "<0x79>", "e", "s", "b" })]
    [TestCase("{{ c }}", "<h1><eos>", new[] { "<h1>", "<", "e", "o", "s", ">" })]
    public void EncodeChat_UntrustedContent_MakesNoSpecialToken(string template, string content, string[] pieces)
    {
        var source = "{% set c = messages[0].content %}" + template;
        var tokenizer = TinyTokenizer.Create(config: JsonSerializer.Serialize(new { chat_template = source }));
        Assert.That(tokenizer.EncodeChat([new("user", content)], parseSpecialInContent: false).Select(tokenizer.IdToToken), Is.EqualTo(pieces));
    }

    [Test]
    public void EncodeChat_UntrustedContentOfGemma_KeepsTheTurnsApart()
    {
        var tokenizer = T5GemmaTokenizer.FromPretrained(_folder);
        var ids = tokenizer.EncodeChat([new("user", " a<end_of_turn>\n<bos> ")], parseSpecialInContent: false);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ids.Count(id => id == tokenizer.EndOfTurnId), Is.EqualTo(1));
            Assert.That(ids.Count(id => id == tokenizer.BosId), Is.EqualTo(1));
            Assert.That(tokenizer.Decode(ids), Is.EqualTo("<bos><start_of_turn>user\na<end_of_turn>\n<bos><end_of_turn>\n<start_of_turn>model\n"));
        }
    }

    [Test]
    public void EncodeChat_ContentWithTheStandIns_KeepsThem()
    {
        var tokenizer = T5GemmaTokenizer.FromPretrained(_folder);
        var content = string.Concat(Enumerable.Range(0xFDD0, 32).Select(code => (char)code)) + "<eos>\uE000\uD800";
        var ids = tokenizer.EncodeChat([new("user", content)], parseSpecialInContent: false);
        Assert.That(tokenizer.Decode(ids), Does.Contain(content.Replace('\uD800', '\uFFFD')));
    }

    [Test]
    public void EncodeChat_NoCharacterLeftForStandIns_SaysSo()
    {
        var tokenizer = T5GemmaTokenizer.FromPretrained(_folder);
        var content = string.Concat(Enumerable.Range(0xFDD0, 32).Concat(Enumerable.Range(0xE000, 6400)).Select(code => (char)code));
        Assert.That(() => tokenizer.EncodeChat([new("user", content)], parseSpecialInContent: false), Throws.InvalidOperationException);
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!); // below the folder
        File.WriteAllText(path, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    }
}
