using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tests.Training.Generation;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Tests.Training.Commands;

public sealed class GenerateCommandTests
{
    private static readonly string[] Words = ["abcd", "d", "a aa aaa é", "cab"];

    private readonly AnsweringModel _model = new();

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [TestCase(1)]
    [TestCase(3)]
    public void Run_Texts_AnswersEachAsIfItWereAlone(int batchSize)
    {
        var answers = Json([.. Words, "--batch-size", $"{batchSize}"]);
        Assert.Multiple(() =>
        {
            Assert.That(answers.Select(AnsweringModel.Ids), Is.EqualTo(Words.Select(word => _model.Greedy(_model.Tokenizer.Encode(word)))));
            Assert.That(answers.Select(answer => answer.GetProperty("index").GetInt32()), Is.EqualTo(Enumerable.Range(0, Words.Length)));
            Assert.That(answers.Select(answer => answer.GetProperty("finish_reason").GetString()), Is.All.EqualTo("length"));
            Assert.That(answers.Select(answer => answer.GetProperty("text").GetString()), Is.EqualTo(Words.Select(word => Decode(_model.Greedy(_model.Tokenizer.Encode(word))))));
        });
    }

    [Test]
    public void Run_TextForm_IsALineAText()
    {
        var (code, output, errors) = Run(Words);
        Assert.That((code, errors), Is.EqualTo((0, "")));
        Assert.That(output, Is.EqualTo(string.Concat(Words.Select(word => OneLine(Decode(_model.Greedy(_model.Tokenizer.Encode(word)))) + "\n"))));
    }

    [TestCase("decoding by CpuKernels\n")]
    [TestCase("decoding by CpuKernels\n", "--stream")]
    [TestCase("decoding by Modules: use_cache is false\n", "--use-cache", "false")]
    public void Run_Verbose_SaysOnceWhoDecodes(string expected, params string[] options)
    {
        var (code, output, errors) = Run([.. Words, "--verbose", .. options]);
        Assert.That((code, errors), Is.EqualTo((0, expected)));
        Assert.That(output, Is.EqualTo(Run([.. Words, .. options]).Output));
    }

    [Test]
    public void Run_Beams_WritesEveryResultWithItsScore()
    {
        var answers = Json("abcd", "d", "--num-beams", "3", "--num-return-sequences", "2", "--output-scores", "--length-penalty", "2");
        Assert.That(answers.Select(answer => $"{answer.GetProperty("index")}.{answer.GetProperty("result")}"), Is.EqualTo(new[] { "0.0", "0.1", "1.0", "1.1" }));
        foreach (var answer in answers)
        {
            // The score of a beam is the sum of its log-probabilities over the length, here squared.
            var scores = answer.GetProperty("token_scores").EnumerateArray().Select(score => score.GetDouble()).ToArray();
            Assert.That(scores, Has.Length.EqualTo(AnsweringModel.NewTokens));
            Assert.That(answer.GetProperty("score").GetDouble(), Is.EqualTo(scores.Sum() / Math.Pow(AnsweringModel.NewTokens, 2)).Within(1e-5));
        }

        Assert.That(answers[0].GetProperty("score").GetDouble(), Is.GreaterThanOrEqualTo(answers[1].GetProperty("score").GetDouble()));
    }

    [Test]
    public void Run_OutputScores_AreLogProbabilities()
    {
        var scores = Json("abcd", "--output-scores")[0].GetProperty("token_scores").EnumerateArray().Select(score => score.GetDouble());
        Assert.That(scores, Is.All.LessThanOrEqualTo(0).And.All.GreaterThan(Math.Log(1.0 / TinyTokenizer.Pieces.Count)), "the best of a vocabulary has at least the mean probability");
    }

    [Test]
    public void Run_EndToken_EndsTheAnswerAndIsNoText()
    {
        var ids = _model.Greedy(_model.Tokenizer.Encode("abcd"));
        var end = ids[2];
        var length = Array.IndexOf(ids, end) + 1;
        var answer = Json("abcd", "d", "--eos-token-id", $"1,{end}")[0];
        Assert.Multiple(() =>
        {
            Assert.That(AnsweringModel.Ids(answer), Is.EqualTo(ids[..length]));
            Assert.That(answer.GetProperty("finish_reason").GetString(), Is.EqualTo("end_of_sequence"));
        });
    }

    [Test]
    public void Run_StopString_EndsTheTextBeforeIt()
    {
        var text = Decode(_model.Greedy(_model.Tokenizer.Encode("abcd")));
        var (stop, before) = (text[^2..], text[..text.IndexOf(text[^2..], StringComparison.Ordinal)]);
        var answer = Json("abcd", "--stop-strings", "never", "--stop-strings", stop)[0];
        Assert.That((answer.GetProperty("text").GetString(), answer.GetProperty("finish_reason").GetString()), Is.EqualTo((before, "stop_string")));
    }

    [Test]
    public void Run_Chat_PutsTheTextIntoTheTemplate()
    {
        var ids = _model.Tokenizer.EncodeChat([new ChatTurn("user", "abcd")]);
        Assert.That(ids, Has.Length.GreaterThan(_model.Tokenizer.Encode("abcd").Length));
        Assert.That(AnsweringModel.Ids(Json("--chat", "abcd")[0]), Is.EqualTo(_model.Greedy(ids)));
    }

    [Test]
    public void Run_Untrusted_LeavesSpecialTokensText()
    {
        const string text = "a<eos>d";
        var plain = _model.Tokenizer.Encode(text, parseSpecial: false);
        var turn = _model.Tokenizer.EncodeChat([new ChatTurn("user", text)], addGenerationPrompt: true, parseSpecialInContent: false);
        Assert.That(AnsweringModel.Ids(Json("--untrusted", text)[0]), Is.EqualTo(_model.Greedy(plain)).And.Not.EqualTo(_model.Greedy(_model.Tokenizer.Encode(text))));
        Assert.That(AnsweringModel.Ids(Json("--untrusted", "--chat", text)[0]), Is.EqualTo(_model.Greedy(turn)));
    }

    [Test]
    public void Run_DecoderPrompt_BeginsTheAnswerAndIsNotWritten()
    {
        var expected = _model.Greedy(_model.Tokenizer.Encode("abcd"), TinyTokenizer.Ids("d", "a"));
        Assert.That(AnsweringModel.Ids(Json("abcd", "--decoder-prompt", "da")[0]), Is.EqualTo(expected).And.Not.EqualTo(_model.Greedy(_model.Tokenizer.Encode("abcd"))));
        Assert.That(AnsweringModel.Ids(Json("abcd", "--decoder-prompt", "<bos>da")[0]), Is.EqualTo(expected), "the start token is there once");
    }

    [Test]
    public void Run_BadWords_DoNotOccur()
    {
        var first = _model.Greedy(_model.Tokenizer.Encode("abcd"))[0];
        var word = _model.Tokenizer.Decode([first]);
        var expected = _model.Greedy(_model.Tokenizer.Encode("abcd"), new GenerationConfig { BadWordsIds = [.. new[] { word, " " + word }.Select(text => _model.Tokenizer.Encode(text, addBos: false).Select(id => (long)id).ToArray())] });
        Assert.That(AnsweringModel.Ids(Json("abcd", "--bad-words", word)[0]), Is.EqualTo(expected));
    }

    [Test]
    public void Run_KeepSpecial_WritesThem()
    {
        var eos = TinyTokenizer.Id("<eos>");
        var arguments = new[] { "abcd", "--forced-bos-token-id", $"{eos}", "--eos-token-id", $"{eos}" };
        Assert.That(Json(arguments)[0].GetProperty("text").GetString(), Is.Empty);
        Assert.That(Json([.. arguments, "--keep-special"])[0].GetProperty("text").GetString(), Is.EqualTo("<eos>"));
    }

    [Test]
    public void Run_Seed_RepeatsTheDrawsAndDiffersBetweenBatches()
    {
        string[] arguments = ["abcd", "abcd", "--do-sample", "--temperature", "3", "--batch-size", "1"];
        var first = Json([.. arguments, "--seed", "5"]).Select(AnsweringModel.Ids).ToArray();
        Assert.Multiple(() =>
        {
            Assert.That(Json([.. arguments, "--seed", "5"]).Select(AnsweringModel.Ids), Is.EqualTo(first));
            Assert.That(Json([.. arguments, "--seed", "77"]).Select(AnsweringModel.Ids), Is.Not.EqualTo(first));
            Assert.That(first[0], Is.Not.EqualTo(first[1]));
        });
    }

    [Test]
    public void Run_DraftModel_GivesTheSameAnswers()
    {
        var expected = Words.Select(word => _model.Greedy(_model.Tokenizer.Encode(word))).ToArray();
        Assert.That(Json([.. Words, "--assistant-model", _model.Folder]).Select(AnsweringModel.Ids), Is.EqualTo(expected));
        Assert.That(Json([.. Words, "--prompt-lookup-num-tokens", "2"]).Select(AnsweringModel.Ids), Is.EqualTo(expected));
    }

    [Test]
    public void Run_GenerationConfig_StandsBelowTheOptions()
    {
        var file = _model["settings.json"];
        File.WriteAllText(file, """{"max_new_tokens": 3, "min_length": 1, "eos_token_id": []}""");
        var (_, output, _) = CommandRun.Of("generate", "--model", _model.Folder, "--device", "cpu", "--generation-config", file, "--json", "abcd");
        Assert.That(AnsweringModel.Ids(Parse(output)[0]), Has.Length.EqualTo(3));
        Assert.That(AnsweringModel.Ids(Json("--generation-config", file, "abcd")[0]), Has.Length.EqualTo(AnsweringModel.NewTokens));
    }

    [TestCase("--top-k: expected at least 0, got -1", "--top-k", "-1", "d")]
    [TestCase("--top-k: expected an integer, got '1.5'", "--top-k", "1.5", "d")]
    [TestCase("--eos-token-id: expected ids parted by commas, got 'x'", "--eos-token-id", "x", "d")]
    [TestCase("--eos-token-id: expected ids parted by commas, got ','", "--eos-token-id", ",", "d")]
    [TestCase("--sequence-bias: expected IDS=N, for example 5,9=-2.5, got '5'", "--sequence-bias", "5", "d")]
    [TestCase("--exponential-decay-length-penalty: expected START,FACTOR, for example 20,1.05, got '5'", "--exponential-decay-length-penalty", "5", "d")]
    [TestCase("maybe", "--early-stopping", "maybe", "d")]
    [TestCase("temperature: expected a number above 0", "--temperature", "-1", "d")]
    [TestCase("temperature: expected a number above 0", "--temperature", "nan", "d")]
    [TestCase("numReturnSequences: expected 1 without beams", "--num-return-sequences", "2", "d")]
    [TestCase("assistantModel: expected one source, got 2", "--assistant-model", "MODEL", "--batch-size", "2", "d", "a")]
    [TestCase("'d': expected no texts beside --file or --jsonl, got 1", "--file", "x", "d")]
    [TestCase("--max-new-token: expected an option of this command or a text", "--max-new-token", "4", "d")]
    [TestCase("nowhere", "--file", "nowhere")]
    [TestCase("nowhere", "--generation-config", "nowhere", "d")]
    [TestCase("nowhere", "--assistant-model", "nowhere", "d")]
    [TestCase("--seed: expected an integer", "--seed", "many", "d")]
    public void Run_BadUsage_SaysWhatAndExitsWith2(string expected, params string[] arguments)
        => CommandRun.AssertRefused(Run([.. arguments.Select(argument => argument == "MODEL" ? _model.Folder : argument)]), expected);

    [Test]
    public void Run_TokenizerWithoutPadding_AsksForSingleTexts()
    {
        using var other = new AnsweringModel();
        File.WriteAllText(other["tokenizer.json"], TinyTokenizer.Json().ToJsonString().Replace("pad", "nil", StringComparison.Ordinal));
        var (code, _, errors) = CommandRun.Of("generate", "--model", other.Folder, "--device", "cpu", "d");
        Assert.That((code, errors), Is.EqualTo((2, "error: --batch-size: expected 1 with a tokenizer that has no padding token, got 16\n")));
        Assert.That(CommandRun.Of("generate", "--model", other.Folder, "--device", "cpu", "--batch-size", "1", "--max-new-tokens", "2", "d").Code, Is.Zero);
    }

    private static JsonElement[] Parse(string output) => [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    private static string OneLine(string text) => text.Trim().ReplaceLineEndings(" ");

    private string Decode(int[] ids) => _model.Tokenizer.Decode(ids, skipSpecialTokens: true);

    private JsonElement[] Json(params string[] arguments)
    {
        var (code, output, errors) = Run([.. arguments, "--json"]);
        Assert.That((code, errors), Is.EqualTo((0, "")));
        return Parse(output);
    }

    // End tokens are switched off first: a later option of a test replaces that.
    private (int Code, string Output, string Errors) Run(params string[] arguments)
        => CommandRun.Of(["generate", "--model", _model.Folder, "--device", "cpu", "--max-new-tokens", $"{AnsweringModel.NewTokens}", .. arguments.Contains("--eos-token-id") ? (string[])[] : ["--eos-token-id", "none"], .. arguments]);
}
