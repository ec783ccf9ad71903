using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Hosting;

/// <summary><c>scripts/serve.cs</c> with the small trained model, over HTTP.</summary>
public sealed class ServeScriptTests
{
    private const string Completions = "/v1/completions";
    private const string Chat = "/v1/chat/completions";

    private static readonly string[] Words = [.. "interlinked hello cat window mountain river ocean strength rhythm zebra queue keyboard".Split(' ')];

    private static readonly string ModelFolder = Path.Combine("weights", "g2p");

    private ServeProcess _service = null!; // set before every test
    private string[] _answers = [];

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var folder = Path.Combine(SourceTree.Root(), ModelFolder);
        using (var model = T5GemmaForConditionalGeneration.FromPretrained(folder, new() { DType = TorchSharp.torch.ScalarType.Float32 }))
            _answers = [.. model.GenerateTexts(T5GemmaTokenizer.FromPretrained(folder), Words)];
        _service = await ServeProcess.StartAsync("--T5Gemma:QueueCapacity", "32", "--Serve:MaxBodyBytes", "4096");
    }

    [OneTimeTearDown]
    public void Stop() => _service?.Dispose();

    [Test]
    public async Task Completions_Prompts_AnswersAreThoseOfGenerate()
    {
        var body = await _service.PostAsync(Completions, new { model = "g2p", prompt = Words });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(body.GetProperty("object").GetString(), Is.EqualTo("text_completion"));
            Assert.That(body.GetProperty("choices").EnumerateArray().Select(Text), Is.EqualTo(_answers));
            Assert.That(body.GetProperty("choices")[0].GetProperty("finish_reason").GetString(), Is.EqualTo("stop"));
            Assert.That(body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), Is.EqualTo(Words.Sum(word => word.Length + 2)), "letters, start and end");
        }
    }

    [Test]
    public async Task Chat_Message_AnswerIsThatOfGenerate()
    {
        var body = await _service.PostAsync(Chat, new { messages = new[] { new { role = "user", content = new[] { new { type = "text", text = Words[0] } } } } });
        var message = body.GetProperty("choices")[0].GetProperty("message");
        Assert.That((message.GetProperty("role").GetString(), message.GetProperty("content").GetString()), Is.EqualTo(("assistant", _answers[0])));
    }

    [Test]
    public async Task Completions_Stream_PartsAreTheAnswerAndUsageEndsIt()
    {
        var events = await EventsAsync(Completions, new { prompt = Words[0], stream = true, stream_options = new { include_usage = true } });
        var choices = events.SelectMany(body => body.GetProperty("choices").EnumerateArray()).ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(choices, Has.Length.GreaterThan(3));
            Assert.That(string.Concat(choices.Select(Text)), Is.EqualTo(_answers[0]));
            Assert.That(choices.Select(choice => choice.GetProperty("finish_reason").GetString()).Last(), Is.EqualTo("stop"));
            Assert.That(events[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32(), Is.EqualTo(choices.Length));
        }
    }

    [Test]
    public async Task Chat_StreamOfTwo_EachBeginsWithItsRole()
    {
        var events = await EventsAsync(Chat, new { messages = new[] { new { role = "user", content = Words[1] } }, stream = true, n = 2 });
        for (var index = 0; index < 2; index++)
        {
            var deltas = events.Select(body => body.GetProperty("choices")[0]).Where(choice => choice.GetProperty("index").GetInt32() == index).Select(choice => choice.GetProperty("delta")).ToArray();
            Assert.That(deltas[0].GetProperty("role").GetString(), Is.EqualTo("assistant"));
            Assert.That(string.Concat(deltas.Select(delta => delta.TryGetProperty("content", out var content) ? content.GetString() : "")), Is.EqualTo(_answers[1]));
        }
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Completions_Stop_IsNotInTheAnswer(bool stream)
    {
        var stop = _answers[0][5..9]; // in the middle of a token or across two
        var expected = _answers[0][.._answers[0].IndexOf(stop, StringComparison.Ordinal)];
        var request = new { prompt = Words[0], stop = new[] { stop, "nowhere" }, stream };
        var choices = stream ? (await EventsAsync(Completions, request)).Select(body => body.GetProperty("choices")[0]).ToArray() : [(await _service.PostAsync(Completions, request)).GetProperty("choices")[0]];
        Assert.That(string.Concat(choices.Select(Text)), Is.EqualTo(expected));
        Assert.That(choices[^1].GetProperty("finish_reason").GetString(), Is.EqualTo("stop"));
    }

    [Test]
    public async Task Completions_FewTokens_EndsByLength()
    {
        var choice = (await _service.PostAsync(Completions, new { prompt = Words[0], max_tokens = 2 })).GetProperty("choices")[0];
        Assert.That(choice.GetProperty("finish_reason").GetString(), Is.EqualTo("length"));
        Assert.That(_answers[0], Does.StartWith(Text(choice)));
    }

    [Test]
    public async Task Completions_Seed_RepeatsTheDraws()
    {
        var request = new { prompt = "psychology", temperature = 1.5, top_p = 0.95, seed = 7 };
        var first = Texts(await _service.PostAsync(Completions, request));
        Assert.That(Texts(await _service.PostAsync(Completions, request)), Is.EqualTo(first));
        var several = Texts(await _service.PostAsync(Completions, new { request.prompt, request.temperature, request.seed, n = 4 }));
        Assert.That(several.Distinct().Count(), Is.GreaterThan(1), "each has a seed of its own");
    }

    [Test]
    public async Task Completions_Choices_RestrictTheAnswer()
        => Assert.That(Texts(await _service.PostAsync(Completions, new { prompt = Words[0], choices = new[] { " K AE T", " D AO G" } })), Is.SubsetOf(new[] { " K AE T", " D AO G" }));

    [Test]
    public async Task Completions_TwentyClients_EachGetsTheAnswerOfOne()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async client => Texts(await _service.PostAsync(Completions, new { prompt = Words[client % Words.Length] })).Single()));
        Assert.That(answers, Is.EqualTo(Enumerable.Range(0, 20).Select(client => _answers[client % Words.Length])));
    }

    [Test]
    public async Task Embeddings_BothFormats_AreTheSameNumbers()
    {
        var numbers = (await _service.PostAsync("/v1/embeddings", new { input = Words })).GetProperty("data")[1].GetProperty("embedding").EnumerateArray().Select(number => number.GetSingle()).ToArray();
        var text = (await _service.PostAsync("/v1/embeddings", new { input = Words, encoding_format = "base64" })).GetProperty("data")[1].GetProperty("embedding").GetString()!; // a text by its format
        Assert.That(numbers.Sum(number => number * number), Is.EqualTo(1).Within(1e-5));
        Assert.That(MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(text)).ToArray(), Is.EqualTo(numbers).Within(1e-6f));
    }

    [Test]
    public async Task Models_OwnName_IsListedAndFound()
    {
        using var list = await _service.Client.GetAsync("/v1/models");
        Assert.That(JsonElement.Parse(await list.Content.ReadAsStringAsync()).GetProperty("data")[0].GetProperty("id").GetString(), Is.EqualTo("g2p"));
        Assert.That((await _service.Client.GetAsync("/v1/models/g2p")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await _service.Client.GetAsync("/v1/models/owner/other")).StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Tokenize_Text_IsThatOfTheTokenizer()
    {
        var body = await _service.PostAsync("/tokenize", new { prompt = "<eos>cat", return_token_strs = true });
        var expected = T5GemmaTokenizer.FromPretrained(Path.Combine(SourceTree.Root(), ModelFolder)).Encode("<eos>cat", parseSpecial: false);
        Assert.That(body.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32()), Is.EqualTo(expected));
        Assert.That(body.GetProperty("token_strs").GetArrayLength(), Is.EqualTo(expected.Length));
    }

    [TestCase(Completions, """{"prompt":"a","frobnicate":1}""", 400, "frobnicate", "unsupported_parameter")]
    [TestCase(Completions, """{"prompt":"a","logprobs":5}""", 400, "logprobs", "unsupported_parameter")]
    [TestCase(Completions, """{"prompt":"a","presence_penalty":0.5}""", 400, "presence_penalty", "unsupported_parameter")]
    [TestCase(Completions, """{"prompt":"a","max_tokens":0}""", 400, "max_tokens", "invalid_value")]
    [TestCase(Completions, """{"prompt":"a","max_tokens":5000}""", 400, "max_tokens", "invalid_value")]
    [TestCase(Completions, """{"prompt":"a","temperature":"hot"}""", 400, "temperature", "invalid_value")]
    [TestCase(Completions, """{"prompt":"a","num_beams":1000}""", 400, "num_beams", "invalid_value")]
    [TestCase(Completions, """{"prompt":"a","n":17}""", 400, "n", "invalid_value")]
    [TestCase(Completions, """{"prompt":[1,2]}""", 400, "prompt[0]", "invalid_value")]
    [TestCase(Completions, """{"prompt":"a","model":"gpt-4"}""", 404, "model", "model_not_found")]
    [TestCase(Completions, """{}""", 400, "prompt", "missing_required_parameter")]
    [TestCase(Completions, """[]""", 400, "body", "invalid_value")]
    [TestCase(Completions, """{"prompt":"a",""", 400, null, "invalid_json")]
    [TestCase(Completions, """{"prompt":"a","prompt":"b"}""", 400, null, "invalid_json")]
    [TestCase(Completions, """{"prompt":"\ud800"}""", 400, null, "invalid_json")]
    [TestCase(Completions, """{"prompt":"a","regex":"("}""", 400, null, "invalid_value")]
    [TestCase(Chat, """{"messages":[]}""", 400, "messages", "invalid_value")]
    [TestCase(Chat, """{"messages":[{"role":"tool","content":"a"}]}""", 400, "messages[0].role", "invalid_value")]
    [TestCase(Chat, """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}""", 400, "messages[0].content[0].type", "unsupported_parameter")]
    [TestCase(Chat, """{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function"}]}""", 400, "tools", "unsupported_parameter")]
    [TestCase("/v1/embeddings", """{"input":[]}""", 400, "input", "invalid_value")]
    [TestCase("/v1/embeddings", """{"input":"a","dimensions":3}""", 400, null, "invalid_value")]
    [TestCase("/classify", """{"input":"a"}""", 400, null, "invalid_value")]
    [TestCase("/v1/nothing", """{}""", 404, null, "unknown_url")]
    public async Task Post_WhatCannotBe_IsRefusedByName(string path, string body, int status, string? parameter, string code)
    {
        var (actual, error) = await _service.RefusalAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)actual, Is.EqualTo(status), error.ToString());
            Assert.That(error.GetProperty("param").GetString(), Is.EqualTo(parameter), error.ToString());
            Assert.That(error.GetProperty("code").GetString(), Is.EqualTo(code));
            Assert.That(error.GetProperty("type").GetString(), Is.EqualTo("invalid_request_error"));
            Assert.That(error.GetProperty("message").GetString(), Is.Not.Empty);
        }
    }

    [Test]
    public async Task Post_Bytes_AreRefused()
    {
        using var invalid = new ByteArrayContent([.. "{\"prompt\":\""u8, 0xff, .. "\"}"u8]);
        invalid.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        Assert.That((await _service.RefusalAsync(Completions, invalid)).Error.GetProperty("code").GetString(), Is.EqualTo("invalid_utf8"));
        using var form = new StringContent("{}", Encoding.UTF8, "text/plain");
        Assert.That((await _service.RefusalAsync(Completions, form)).Status, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
        using var large = JsonContent.Create(new { prompt = new string('a', 5000) });
        Assert.That((await _service.RefusalAsync(Completions, large)).Status, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
    }

    [Test]
    public async Task Get_OtherHostName_IsRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.Host = "example.org";
        Assert.That((await _service.Client.SendAsync(request)).StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task Page_LoadsNothingFromElsewhere()
    {
        using var response = await _service.Client.GetAsync("/");
        var text = await response.Content.ReadAsStringAsync();
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy, Does.StartWith("default-src 'none'"));
            Assert.That(text, Does.Contain($"<script nonce=\"{policy.Split("script-src 'nonce-")[1].Split('\'')[0]}\">"));
            Assert.That(text, Does.Not.Contain("http:").And.Not.Contain("https:").And.Not.Contain("{{"));
        }
    }

    [Test]
    public async Task Metrics_AfterARequest_HaveItsTokens()
    {
        var before = await _service.MetricAsync("t5gemma_tokens_total") ?? 0;
        await _service.PostAsync(Completions, new { prompt = Words[0] });
        Assert.That(await _service.MetricAsync("t5gemma_tokens_total"), Is.EqualTo(before + Words[0].Length + 2));
    }

    private static string Text(JsonElement choice) => choice.GetProperty("text").GetString()!; // a completion has one

    private static string[] Texts(JsonElement body) => [.. body.GetProperty("choices").EnumerateArray().Select(Text)];

    private async Task<JsonElement[]> EventsAsync(string path, object body)
    {
        using var response = await _service.Client.PostAsJsonAsync(path, body);
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("text/event-stream"));
        var events = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.That(events[^1], Is.EqualTo("data: [DONE]"));
        return [.. events.SkipLast(1).Select(text => JsonElement.Parse(text["data: ".Length..]))];
    }
}
