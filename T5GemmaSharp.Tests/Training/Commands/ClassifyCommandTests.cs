using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Training.Finetuning;
using T5GemmaSharp.Tests.Training.Objectives;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Commands;

[NonParallelizable] // the verb prints to the console
public sealed class ClassifyCommandTests
{
    private const double Tolerance = 1e-5;

    private static readonly string[] Texts = ["a", "d d d a b c", "c b", "a b c d"];

    private static readonly string[] Names = ["bad", "fair", "good"];

    private readonly FinetuningModel _model = new();

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [Test]
    public void Classify_Lines_GetTheLikeliestClassInTheirOrder()
    {
        using var model = Sequence(ProblemType.SingleLabelClassification, Names);
        var lines = Predictions("--input", _model.Write("texts.txt", Texts), "--batch-size", "3");
        Assert.Multiple(() =>
        {
            Assert.That(lines, Has.Length.EqualTo(Texts.Length));
            foreach (var (line, text) in lines.Zip(Texts))
            {
                var powers = Logits(model, text).Select(logit => Math.Exp(logit)).ToArray();
                double[] expected = [.. powers.Select(power => power / powers.Sum())];
                Assert.That(Names.Select(name => (double)line["scores"]![name]!), Is.EqualTo(expected).Within(Tolerance), text);
                Assert.That((string?)line["label"], Is.EqualTo(Names[Array.IndexOf(expected, expected.Max())]), text);
                Assert.That((double)line["score"]!, Is.EqualTo(expected.Max()).Within(Tolerance), text);
            }
        });
    }

    [Test]
    public void Classify_SeveralClasses_GivesThoseAboveOneHalf()
    {
        using var model = Sequence(ProblemType.MultiLabelClassification, Names);
        var lines = Predictions("--input", _model.Write("texts.jsonl", Texts.Select(text => $$"""{"text": "{{text}}", "label": "any"}""")));
        Assert.Multiple(() =>
        {
            foreach (var (line, text) in lines.Zip(Texts))
            {
                double[] expected = [.. Logits(model, text).Select(logit => 1 / (1 + Math.Exp(-logit)))];
                Assert.That(Names.Select(name => (double)line["scores"]![name]!), Is.EqualTo(expected).Within(Tolerance), text);
                Assert.That(line["labels"]!.AsArray().Select(label => (string?)label), Is.EqualTo(Names.Where((_, id) => expected[id] > 0.5)), text);
            }
        });
    }

    [Test]
    public void Classify_Number_IsGivenAsItIs()
    {
        using var model = Sequence(ProblemType.Regression, ["LABEL_0"]);
        var lines = Predictions("--input", _model.Write("texts.jsonl", Texts.Select(text => $"\"{text}\"")));
        Assert.That(lines.Select(line => (double)line["score"]!), Is.EqualTo(Texts.Select(text => (double)Logits(model, text)[0])).Within(Tolerance));
    }

    [Test]
    public void Classify_Words_GetTheLabelOfTheirFirstToken()
    {
        using var model = Tokens();
        var lines = Predictions("--input", _model.Write("words.jsonl", ["""{"tokens": ["a", "dd", "c"]}""", """{"text": "  a dd\tc "}"""]));
        var ids = UnusedTokenTokenizer.Instance.EncodeToTokens("a dd c", addBos: null, addEos: null);
        int[] first = [.. new[] { 0, 2, 5 }.Select(start => Enumerable.Range(0, ids.Count).First(token => ids[token].Offset.End.Value > start))];
        using var scope = NewDisposeScope();
        var classes = model.call(new() { InputIds = tensor([.. ids.Select(token => (long)token.Id)]).unsqueeze(0) }).Logits[0].argmax(-1);
        string[] expected = [.. first.Select(token => Names[classes[token].item<long>()])];
        Assert.Multiple(() =>
        {
            Assert.That(lines[0].ToJsonString(), Does.StartWith("""{"tokens":["a","dd","c"],"labels":["""));
            Assert.That(lines[0]["offsets"], Is.Null);
            Assert.That(lines[1]["offsets"]!.ToJsonString(), Is.EqualTo("[[2,3],[4,6],[7,8]]"));
            foreach (var line in lines)
            {
                Assert.That(line["labels"]!.AsArray().Select(label => (string?)label), Is.EqualTo(expected));
                Assert.That(line["scores"]!.AsArray().Select(score => (double)score!), Is.All.InRange(1 / 3.0, 1.0));
            }
        });
    }

    [Test]
    public void Classify_LongRow_LeavesWordsThatAreCutOffWithoutALabel()
    {
        using var model = Tokens();
        var line = Predictions("--input", _model.Write("words.jsonl", ["""{"tokens": ["a", "b", "c", "d"]}"""]), "--max-source-length", "2").Single();
        Assert.That(line["labels"]!.AsArray().Select(label => label is null), Is.EqualTo(new[] { false, true, true, true }));
    }

    [Test]
    public void Classify_BadLine_IsNamedAndLeavesNoFile()
    {
        using var model = Sequence(ProblemType.SingleLabelClassification, Names);
        var output = _model.Run + ".jsonl";
        var run = Classify("--input", _model.Write("bad.jsonl", ["\"a\"", "{\"label\": 1}"]), "--output", output);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(2));
            Assert.That(run.Errors, Does.Contain("bad.jsonl: line 2: expected text, ").And.Contain("the 1 answers that were ready"));
            Assert.That(File.Exists(output), Is.False);
        });
    }

    [Test]
    public void Classify_ToAFile_WritesWhatStandardOutputWouldGet()
    {
        using var model = Sequence(ProblemType.SingleLabelClassification, Names);
        var (input, output) = (_model.Write("texts.txt", Texts), _model.Run + ".jsonl");
        Assert.That(Classify("--input", input, "--output", output), Is.EqualTo((0, "", "")));
        Assert.That(File.ReadAllText(output), Is.EqualTo(Classify("--input", input).Output));
    }

    [Test]
    public void Classify_Parts_JoinToTheWhole([Values] bool words)
    {
        using var model = words ? (nn.Module)Tokens() : Sequence(ProblemType.SingleLabelClassification, Names);
        var texts = Enumerable.Range(0, 37).Select(index => string.Join(' ', Enumerable.Range(0, 1 + (index % 5)).Select(word => "abcd"[(index + word) % 4])));
        var input = _model.Write("parts.jsonl", texts.Select(text => words ? $$"""{"tokens": ["{{text.Replace(" ", "\", \"", StringComparison.Ordinal)}}"]}""" : $"\"{text}\""));
        var folder = Directory.CreateTempSubdirectory("parts-").FullName;
        try
        {
            string[] options = ["--input", input, "--batch-size", "1", "--output", Path.Combine(folder, "labels.jsonl")];
            Assert.That(Classify([.. options, "--shard", "0/1"]).Code, Is.Zero);
            for (var part = 0; part < 3; part++)
                Assert.That(Classify([.. options, "--shard", $"{part}/3"]).Code, Is.Zero);
            var joined = string.Concat(Enumerable.Range(0, 3).Select(part => File.ReadAllText(Path.Combine(folder, $"labels-0000{part}-of-00003.jsonl"))));
            Assert.That(joined, Is.EqualTo(File.ReadAllText(Path.Combine(folder, "labels.jsonl"))).And.EqualTo(Classify("--input", input, "--batch-size", "1").Output));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestCase("""{"tokens": ["a"]}""", "line 1: expected a text, got words; the model labels whole texts")]
    [TestCase("\"\"", "line 1: the line: expected a text, got an empty one")]
    public void Classify_OtherRow_IsRefused(string row, string fault)
    {
        using var model = Sequence(ProblemType.SingleLabelClassification, Names);
        CommandRun.AssertRefused(Classify("--input", _model.Write("rows.jsonl", [row])), "rows.jsonl: " + fault);
    }

    [Test]
    public void Classify_ModelThatWrites_IsRefused()
        => CommandRun.AssertRefused(
            CommandRun.Of("classify", "--model", _model.Folder, "--device", "cpu", "--input", _model.Write("texts.txt", Texts)),
            "expected a model with a classification head, as train --objective classify writes it, got T5GemmaForConditionalGeneration");

    private static float[] Logits(T5GemmaForSequenceClassification model, string text)
    {
        using var scope = NewDisposeScope();
        var ids = tensor([.. UnusedTokenTokenizer.Instance.Encode(text).Select(id => (long)id)]).unsqueeze(0);
        return model.call(new() { InputIds = ids }).Logits.data<float>().ToArray();
    }

    // Fresh heads are small: larger ones have decided opinions.
    private static void Enlarge(nn.Module head)
    {
        using var noGrad = no_grad();
        foreach (var parameter in head.parameters())
            parameter.normal_(0, 0.5);
    }

    private T5GemmaForSequenceClassification Sequence(ProblemType problem, string[] names)
    {
        var model = T5GemmaForSequenceClassification.FromPretrained(_model.Folder, new() { IsEncoderDecoder = false, Id2Label = names, ProblemType = problem, UseMemoryMap = false });
        Enlarge(model.Score);
        model.SavePretrained(_model.Run);
        UnusedTokenTokenizer.Instance.SavePretrained(_model.Run);
        return model;
    }

    private T5GemmaForTokenClassification Tokens()
    {
        var model = T5GemmaForTokenClassification.FromPretrained(_model.Folder, new() { IsEncoderDecoder = false, Id2Label = Names, UseMemoryMap = false });
        Enlarge(model.Score);
        model.SavePretrained(_model.Run);
        UnusedTokenTokenizer.Instance.SavePretrained(_model.Run);
        return model;
    }

    private JsonNode[] Predictions(params string[] arguments)
    {
        var run = Classify(arguments);
        Assert.That(run.Code, Is.Zero, run.Errors);
        return [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    private (int Code, string Output, string Errors) Classify(params string[] arguments) => CommandRun.Of(["classify", "--model", _model.Run, "--device", "cpu", .. arguments]);
}
