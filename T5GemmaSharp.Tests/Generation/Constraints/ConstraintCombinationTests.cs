using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tokenization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Generation.Constraints;

/// <summary>Constraints beside settings that choose, forbid or end on their own.</summary>
public sealed class ConstraintCombinationTests
{
    private const long Eos = 1;

    private static readonly T5GemmaTokenizer Tokenizer = ConstraintTokenizer.Create();

    private readonly T5GemmaForConditionalGeneration _model
        = TinyModels.LanguageModel(TinyModels.Config with { Decoder = TinyModels.Config.Decoder with { VocabSize = Tokenizer.VocabularySize } });

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    // Beams need more candidates than one text has.
    [Test]
    public void Generate_BeamsWithOneText_GivesItInEveryResult([Values] bool doSample, [Values("a", "cab", "é😀")] string text)
    {
        using var scope = NewDisposeScope();
        var texts = Generate(TokenConstraint.FromChoices(Tokenizer, [text]), new() { NumBeams = 4, NumReturnSequences = 2, DoSample = doSample, MaxNewTokens = 20 });
        Assert.That(texts, Has.Count.EqualTo(6).And.All.EqualTo(text));
    }

    // At least one of the three beams begins with b, which nothing may follow.
    [Test]
    public void Generate_BeamAtADeadEnd_LeavesTheResultToOthers([Values] bool doSample)
    {
        long[] forbidden = [Id("c"), Id("<0x63>"), Id("bc")];
        var texts = Generate(TokenConstraint.FromRegex(Tokenizer, "a|bc"), new() { NumBeams = 3, DoSample = doSample, SuppressTokens = forbidden, MaxNewTokens = 20 });
        Assert.That(texts, Has.Count.EqualTo(3).And.All.EqualTo("a"));
    }

    [Test]
    public void Generate_BeamsAndWrongPromptLength_IsNamed()
    {
        using var scope = NewDisposeScope();
        var controls = new GenerationControls { LogitsProcessors = [TokenConstraint.FromRegex(Tokenizer, "a+").CreateProcessor(promptLength: 0, [Eos])] };
        Assert.That(
            () => _model.Generate(new() { InputIds = TinyModels.Ids(1, 6) }, new() { NumBeams = 3, EosTokenId = [Eos], DecoderStartTokenId = 2, MaxNewTokens = 4 }, controls),
            Throws.InvalidOperationException.With.Message.Contains("is the prompt length of 0 right"));
    }

    [Test]
    public void Generate_StopStringInOneRow_LetsTheOthersGoOn()
    {
        using var scope = NewDisposeScope();
        var texts = Generate(TokenConstraint.FromRegex(Tokenizer, "[ab]{3}c?d[ab]{3}"), new() { StopStrings = ["cd"], DoSample = true, TopK = 0, MaxNewTokens = 20 }, rows: 12);
        Assert.That(texts, Has.Some.Match("\\A[ab]{3}cd\\z").And.Some.Match("\\A[ab]{3}d[ab]{3}\\z"));
        Assert.That(texts, Has.All.Match("\\A[ab]{3}(?:cd|d[ab]{3})\\z"));
    }

    [Test]
    public void Generate_ForcedEos_IsRefused()
    {
        var constraint = TokenConstraint.FromRegex(Tokenizer, "a{9}");
        Assert.That(
            () => Generate(constraint, new() { ForcedEosTokenId = [Eos], MaxNewTokens = 5 }),
            Throws.TypeOf<GenerationConfigException>().With.Message.Contains("forcedEosTokenId: expected none beside a constraint").And.Message.Contains("raise maxNewTokens").And.Message.Contains("got 1"));
        using var scope = NewDisposeScope();
        Assert.That(Generate(constraint, new() { ForcedEosTokenId = [], MaxNewTokens = 20 }), Has.All.EqualTo(new string('a', 9)));
    }

    private static IEnumerable<TestCaseData> Contradictions =>
    [
        new TestCaseData(new GenerationConfig { MinNewTokens = 10 }, 3).SetName("{m}(minNewTokens)"),
        new TestCaseData(new GenerationConfig { ForcedBosTokenId = Id("b") }, 1).SetName("{m}(forcedBosTokenId)"),
        new TestCaseData(new GenerationConfig { SuppressTokens = [Id("c"), Id("<0x63>")] }, 1).SetName("{m}(suppressTokens)"),
        new TestCaseData(new GenerationConfig { MinNewTokens = 10, NumBeams = 2 }, 3).SetName("{m}(beams)"),
        new TestCaseData(new GenerationConfig { MinNewTokens = 10, DoSample = true }, 3).SetName("{m}(sampling)"),
    ];

    [TestCaseSource(nameof(Contradictions))]
    public void Generate_SettingsForbidWhatTheConstraintAllows_IsNamed(GenerationConfig config, int position)
    {
        var constraint = TokenConstraint.FromRegex(Tokenizer, "cd");
        Assert.That(
            () => Generate(constraint, config with { MaxNewTokens = 20 }),
            Throws.TypeOf<GenerationConfigException>().With.Message.Contains($"position {position}: expected a token that the constraint allows, got none").And.Message.Contains("minNewTokens"));
    }

    [Test]
    public void Generate_Refused_LeavesNoTensor()
        => LiveTensors.AssertNothingLeft(() => Assert.That(() => Generate(TokenConstraint.FromRegex(Tokenizer, "cd"), new() { MinNewTokens = 10, MaxNewTokens = 20 }), Throws.TypeOf<GenerationConfigException>()));

    private List<string> Generate(TokenConstraint constraint, GenerationConfig config, long rows = 3)
    {
        using var scope = NewDisposeScope();
        var output = _model.Generate(
            new() { InputIds = TinyModels.Ids(rows, 6) },
            config with { EosTokenId = [Eos], PadTokenId = 0, DecoderStartTokenId = 2 },
            new() { LogitsProcessors = [constraint.CreateProcessor(promptLength: 1, [Eos])], Tokenizer = Tokenizer, Seed = 23 });
        return [.. Enumerable.Range(0, (int)output.Sequences.size(0)).Select(row => Tokenizer.Decode(output.Sequences[row].data<long>().ToArray().Skip(1).Select(id => (int)id), skipSpecialTokens: true))];
    }

    private static int Id(string piece) => Tokenizer.TokenToId(piece)!.Value; // the piece is there
}
