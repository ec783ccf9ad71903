using System.Text.Json;
using Microsoft.Extensions.AI;
using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Hosting.Clients;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Hosting;

public sealed class T5GemmaChatClientTests
{
    private static readonly string[] Texts = ["abc", "a b c d a b c d a b", "dd", "abcabcabc", "e", "so so so", "c a b", "bb aa"];

    private T5GemmaForConditionalGeneration _model = null!;
    private T5GemmaTokenizer _tokenizer = null!;
    private T5GemmaEngine _engine = null!;
    private T5GemmaChatClient _client = null!;

    [OneTimeSetUp]
    public void Build()
    {
        _tokenizer = TinyTokenizer.Create();
        _model = HostedTestModels.Generator(); // for answers alone: the engine's may be used on its thread only
        _engine = HostedTestModels.Engine();
        _client = new T5GemmaChatClient(_engine);
    }

    [OneTimeTearDown]
    public void Free()
    {
        _client.Dispose();
        _engine.Dispose();
        _model.Dispose();
    }

    [Test]
    public async Task GetResponseAsync_Greedy_IsTheAnswerOfGenerateWithUsageAndReason()
    {
        var answer = await _client.GetResponseAsync("abc");
        Assert.That(answer.Text, Is.EqualTo(Alone("abc", new GenerationConfig { MaxNewTokens = 12 })));
        Assert.That(answer.FinishReason, Is.EqualTo(ChatFinishReason.Length));
        Assert.That(answer.ModelId, Is.EqualTo("tiny"));
        Assert.That(answer.ResponseId, Is.Not.Empty);
        Assert.That(answer.Messages[0].MessageId, Is.Not.Empty);
        Assert.That((answer.Usage!.InputTokenCount, answer.Usage.OutputTokenCount, answer.Usage.TotalTokenCount), Is.EqualTo((_tokenizer.Encode("abc").Length, 12, _tokenizer.Encode("abc").Length + 12)));
    }

    [Test]
    public async Task GetResponseAsync_ManyAtOnceWithSettingsOfTheirOwn_AreAsAlone()
    {
        GenerationConfig[] settings =
        [
            new() { MaxNewTokens = 9 },
            new() { MaxNewTokens = 30, DoSample = true, Temperature = 0.7, TopK = 10 },
            new() { MaxNewTokens = 17, RepetitionPenalty = 1.3 },
            new() { MaxNewTokens = 25, DoSample = true, TopP = 0.9, EncoderNoRepeatNgramSize = 2 },
        ];
        var requests = Enumerable.Range(0, 24).Select(number => (Text: Texts[number % Texts.Length], Config: settings[number % settings.Length], Seed: (long)number)).ToList();
        var expected = requests.ConvertAll(request => Alone(request.Text, request.Config, new GenerationControls { Seed = request.Seed }));
        var answers = await Task.WhenAll(requests.Select(request => Task.Run(() => _client.GetResponseAsync(
            request.Text, new ChatOptions { Seed = request.Seed, RawRepresentationFactory = _ => request.Config }))));
        Assert.That(answers.Select(answer => answer.Text), Is.EqualTo(expected));
    }

    [Test]
    public async Task GetResponseAsync_OptionsOfTheAbstractions_AreThoseOfGenerate()
    {
        var options = new ChatOptions { MaxOutputTokens = 20, Temperature = 0.8f, TopK = 7, TopP = 0.95f, Seed = 3, AdditionalProperties = new() { ["repetition_penalty"] = 1.2, ["min_new_tokens"] = JsonDocument.Parse("2").RootElement } };
        var expected = Alone("abc", new GenerationConfig { MaxNewTokens = 20, DoSample = true, Temperature = 0.8, TopK = 7, TopP = 0.95, RepetitionPenalty = 1.2, MinNewTokens = 2 }, new GenerationControls { Seed = 3 });
        Assert.That((await _client.GetResponseAsync("abc", options)).Text, Is.EqualTo(expected));
        Assert.That((await _client.GetResponseAsync("abc", new ChatOptions { Temperature = 0, TopK = 3 })).Text, Is.EqualTo(Alone("abc", new GenerationConfig { MaxNewTokens = 12 })), "a temperature of 0 takes the most probable token");
    }

    [TestCase("num_beams", 3)]
    [TestCase("prompt_lookup_num_tokens", 3)]
    public async Task GetResponseAsync_GenerationOfItsOwn_IsThatOfGenerate(string key, int value)
    {
        var config = key == "num_beams" ? new GenerationConfig { MaxNewTokens = 12, NumBeams = value } : new GenerationConfig { MaxNewTokens = 12, PromptLookupNumTokens = value };
        var answer = await _client.GetResponseAsync("abcabc", new ChatOptions { AdditionalProperties = new() { [key] = value } });
        Assert.That(answer.Text, Is.EqualTo(Alone("abcabc", config)));
        Assert.That(answer.FinishReason, Is.EqualTo(ChatFinishReason.Length));
    }

    [Test]
    public async Task GetStreamingResponseAsync_Updates_AreTheAnswerInOrderAndEndWithUsageAndReason()
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in _client.GetStreamingResponseAsync("abc"))
            updates.Add(update);
        Assert.That(string.Concat(updates.Select(update => update.Text)), Is.EqualTo(Alone("abc", new GenerationConfig { MaxNewTokens = 12 })));
        Assert.That(updates.Select(update => update.FinishReason).SkipLast(1), Is.All.Null);
        Assert.That(updates[^1].FinishReason, Is.EqualTo(ChatFinishReason.Length));
        Assert.That(updates.Select(update => update.ResponseId).Distinct().Count(), Is.EqualTo(1));
        var whole = updates.ToChatResponse();
        Assert.That(whole.Usage!.OutputTokenCount, Is.EqualTo(12));
        Assert.That(whole.Messages, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task GetResponseAsync_StopString_EndsBeforeIt()
    {
        var whole = Alone("abc", new GenerationConfig { MaxNewTokens = 12 });
        var stop = whole.Substring(whole.Length / 2, 1);
        var answer = await _client.GetResponseAsync("abc", new ChatOptions { StopSequences = [stop] });
        Assert.That(answer.Text, Is.EqualTo(whole[..whole.IndexOf(stop, StringComparison.Ordinal)]));
        Assert.That(answer.FinishReason, Is.EqualTo(ChatFinishReason.Stop));
    }

    [Test]
    public async Task GetResponseAsync_Constraint_IsKept()
    {
        var eos = new GenerationConfig { EosTokenId = [1] };
        var choices = new ChatOptions { AdditionalProperties = new() { ["choices"] = new[] { "abc", "bc" } }, RawRepresentationFactory = _ => eos };
        Assert.That((await _client.GetResponseAsync("abc", choices)).Text, Is.AnyOf("abc", "bc"));
        var regex = new ChatOptions { AdditionalProperties = new() { ["regex"] = "[abc]{3}" }, RawRepresentationFactory = _ => eos };
        Assert.That((await _client.GetResponseAsync("abc", regex)).Text, Does.Match("^[abc]{3}$"));
        var schema = new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonDocument.Parse("""{"enum":["a","b"]}""").RootElement), RawRepresentationFactory = _ => eos };
        Assert.That((await _client.GetResponseAsync("abc", schema)).Text, Is.AnyOf("\"a\"", "\"b\""));
    }

    [Test]
    public async Task GetResponseAsync_ChatTemplate_RendersTurnsAndKeepsContentsPlain()
    {
        ChatMessage[] messages = [new(ChatRole.System, "ab"), new(ChatRole.User, "<eos>c")];
        var options = new ChatOptions { AdditionalProperties = new() { ["use_chat_template"] = true } };
        var ids = _tokenizer.EncodeChat([new("user", "ab\n\n<eos>c")], addGenerationPrompt: true, parseSpecialInContent: false);
        Assert.That(ids, Has.None.EqualTo(1), "the text of eos stays text");
        var answer = await _client.GetResponseAsync(messages, options);
        Assert.That(answer.Text, Is.EqualTo(Text(HostedTestModels.Alone(_model, ids, new GenerationConfig { MaxNewTokens = 12 }))));
        Assert.That(answer.Usage!.InputTokenCount, Is.EqualTo(ids.Length));
    }

    [Test]
    public void GetResponseAsync_WhatCannotBeDone_IsRefusedWithAReason()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _client.GetResponseAsync([]), Throws.ArgumentException.With.Message.Contains("at least one"));
            Assert.That(() => _client.GetResponseAsync("abc", new ChatOptions { MaxOutputTokens = 5000 }), Throws.TypeOf<GenerationConfigException>().With.Message.Contains("at most 1024"));
            Assert.That(() => _client.GetResponseAsync("abc", new ChatOptions { Temperature = -1 }), Throws.ArgumentException.With.Message.Contains("Temperature"));
            Assert.That(() => _client.GetResponseAsync("abc", new ChatOptions { TopP = 2 }), Throws.TypeOf<GenerationConfigException>().With.Message.Contains("topP"));
            Assert.That(() => _client.GetResponseAsync("abc", new ChatOptions { FrequencyPenalty = 1 }), Throws.TypeOf<NotSupportedException>());
            Assert.That(() => _client.GetResponseAsync("abc", new ChatOptions { Tools = [new HostedWebSearchTool()] }), Throws.TypeOf<NotSupportedException>());
            Assert.That(() => _client.GetResponseAsync(new ChatMessage(ChatRole.User, [new DataContent(new byte[1], "image/png")])), Throws.TypeOf<NotSupportedException>().With.Message.Contains("text only"));
            Assert.That(() => _client.GetResponseAsync("abc", new ChatOptions { AdditionalProperties = new() { ["num_return_sequences"] = 2, ["do_sample"] = true } }), Throws.TypeOf<GenerationConfigException>());
            Assert.That(() => _client.GetResponseAsync("abc", new ChatOptions { AdditionalProperties = new() { ["num_beams"] = "many" } }), Throws.ArgumentException.With.Message.Contains("num_beams"));
            Assert.That(() => _client.GetResponseAsync("abc", new ChatOptions { AdditionalProperties = new() { ["timeout"] = -1 } }), Throws.ArgumentException);
            Assert.That(() => _client.GetResponseAsync(new string('a', 10_000_000)), Throws.ArgumentException.With.Message.Contains("MaxInputCharacters"));
            Assert.That(() => _client.GetResponseAsync(string.Concat(Enumerable.Repeat("d ", 9000))), Throws.ArgumentException.With.Message.Contains("MaxInputTokens"));
        }
    }

    [Test]
    public void GetService_MetadataAndEngine_AreThere()
    {
        Assert.That(((IChatClient)_client).GetService<ChatClientMetadata>()!.DefaultModelId, Is.EqualTo("tiny"));
        Assert.That(((IChatClient)_client).GetService<T5GemmaEngine>(), Is.SameAs(_engine));
        Assert.That(((IChatClient)_client).GetService<string>(), Is.Null);
    }

    private string Alone(string text, GenerationConfig config, GenerationControls? controls = null) => Text(HostedTestModels.Alone(_model, _tokenizer.Encode(text, parseSpecial: false), config, controls));

    // As a stream writes it: bytes that are no character are replaced one by one.
    private string Text(long[] ids)
    {
        var decoder = _tokenizer.CreateStreamDecoder();
        return string.Concat(ids.Select(id => decoder.Append((int)id))) + decoder.Flush();
    }
}
