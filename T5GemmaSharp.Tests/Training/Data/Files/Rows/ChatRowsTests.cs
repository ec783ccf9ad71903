using NUnit.Framework;
using T5GemmaSharp.Tokenization.Chat;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Tests.Training.Data.Files.Rows;

public sealed class ChatRowsTests
{
    private readonly DataFolder _folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("""{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""")]
    [TestCase("""{"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}]}""")]
    [TestCase("""{"conversations":[{"from":"x","value":"y"}],"messages":[{"role":"user","content":"a"},{"role":"model","content":"b"}]}""")]
    [TestCase("""{"chat":{"turns":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}}""", "messages=chat.turns")]
    [TestCase("""{"messages":1,"chat":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}]}""", "messages=chat")]
    public void Read_EveryForm_GivesTheTurns(string json, params string[] map)
        => Assert.That(_folder.ReadRow(RowFormats.Chats, json, map).Turns, Is.EqualTo(new[] { new ChatTurn("user", "a"), new ChatTurn("assistant", "b") }));

    [TestCase("""{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""")]
    [TestCase("""{"conversations":[{"from":"system","value":"s"},{"from":"human","value":"a"},{"from":"gpt","value":"b"}]}""")]
    public void Read_SystemTurn_BecomesTheBeginningOfTheUsers(string json)
        => Assert.That(_folder.ReadRow(RowFormats.Chats, json).Turns, Is.EqualTo(new[] { new ChatTurn("user", "s\n\na"), new ChatTurn("assistant", "b") }));

    [TestCase("""{"messages":[]}""", "messages: expected at least one message, got none")]
    [TestCase("""{"messages":{}}""", "messages: expected an array, got an object")]
    [TestCase("""{"messages":["a"]}""", "messages[0]: expected an object with role and content, got a string")]
    [TestCase("""{"messages":[{"role":"user","content":"a"},{"role":"assistant"}]}""", "messages[1].content: expected a string, there is none")]
    [TestCase("""{"conversations":[{"from":"human","value":3}]}""", "conversations[0].value: expected a string, got a number")]
    [TestCase("""{"messages":[{"role":"system","content":"s"}]}""", "messages[1]: expected a message of the user behind that of the system, got none")]
    [TestCase("""{"messages":[{"role":"system","content":"s"},{"role":"assistant","content":"b"}]}""", "messages[1]: expected a message of the user behind that of the system, got assistant")]
    [TestCase("""{"text":"a"}""", "expected messages or conversations, got the keys text; --map names other keys")]
    public void Read_SomethingElse_NamesTheKey(string json, string problem)
        => Assert.That(() => _folder.ReadRow(RowFormats.Chats, json), Throws.TypeOf<DataFormatException>().With.Message.EndsWith($"line 1: {problem}"));
}
