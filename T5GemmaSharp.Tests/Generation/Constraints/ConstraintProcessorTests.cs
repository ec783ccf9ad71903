using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Generation.Constraints;

public sealed class ConstraintProcessorTests
{
    private const long Eos = 1;

    private static readonly T5GemmaTokenizer Tokenizer = ConstraintTokenizer.Create();

    // Wider than the tokenizer, and not by a multiple of eight.
    private static readonly long Width = Tokenizer.VocabularySize + 13;

    [Test]
    public void Process_EveryRow_KeepsAllowedScoresAndForbidsTheRest()
    {
        using var scope = NewDisposeScope();
        var processor = TokenConstraint.FromChoices(Tokenizer, ["ab", "a"]).CreateProcessor(promptLength: 2, [Eos]);
        var scores = torch.randn(2, Width);
        var before = scores.clone();
        var after = processor.Process(Ids([2, 300, Id("a")], [2, 2, Id("ab")]), scores);
        Assert.That(after.dtype, Is.EqualTo(ScalarType.Float32));
        Assert.That(Kept(after[0]), Is.EqualTo(new[] { Eos, Id("<0x62>"), Id("b") }));
        Assert.That(Kept(after[1]), Is.EqualTo(new[] { Eos }));
        Assert.That(after[0, Id("b")].item<float>(), Is.EqualTo(before[0, Id("b")].item<float>()));
    }

    [Test]
    public void Process_EndedRow_KeepsEosAndPadding()
    {
        using var scope = NewDisposeScope();
        var processor = TokenConstraint.FromRegex(Tokenizer, "a+").CreateProcessor(promptLength: 1, [Eos, 7]);
        var after = processor.Process(Ids([2, Id("a"), 7, 0], [2, 1, 0, 0], [2, Id("a"), Id("a"), Id("a")]), torch.randn(3, Width));
        Assert.That(Kept(after[0]), Is.EqualTo(new[] { 0, Eos, 7 }));
        Assert.That(Kept(after[1]), Is.EqualTo(new[] { 0, Eos, 7 }), "ended before the text was complete, by someone else");
        Assert.That(Kept(after[2]), Does.Contain(Id("aa")).And.Contain(Eos).And.Contain(7).And.Not.Contain(0));
    }

    [Test]
    public void Process_EosIdThatIsText_OnlyEnds()
    {
        using var scope = NewDisposeScope();
        var processor = TokenConstraint.FromRegex(Tokenizer, "\n*").CreateProcessor(promptLength: 0, [Id("\n")]);
        Assert.That(Kept(processor.Process(Ids([Id("<0x0A>")]), torch.zeros(1, Width))[0]), Is.EqualTo(new[] { Id("\n"), Id("\n\n"), Id("<0x0A>") }));
        var stuck = TokenConstraint.FromRegex(Tokenizer, "\t").CreateProcessor(promptLength: 0, [Id("\t")]);
        Assert.That(() => stuck.Process(torch.zeros([1, 0], dtype: ScalarType.Int64), torch.zeros(1, Width)), Throws.InvalidOperationException.With.Message.Contains("no token can follow"));
    }

    [Test]
    public void Process_ReorderedRows_FindTheirStates()
    {
        using var scope = NewDisposeScope();
        var constraint = TokenConstraint.FromChoices(Tokenizer, ["abcd", "dcba", "aaaa"]);
        var processor = constraint.CreateProcessor(promptLength: 1, [Eos]);
        var (a, b, c, d) = (Id("a"), Id("b"), Id("c"), Id("d"));
        processor.Process(Ids([2, a], [2, d], [2, a]), torch.zeros(3, Width));
        var after = processor.Process(Ids([2, d, c], [2, a, b], [2, a, a]), torch.zeros(3, Width));
        Assert.That(Kept(after[0]), Does.Contain(b).And.Not.Contain(a));
        Assert.That(Kept(after[1]), Does.Contain(c).And.Not.Contain(a));
        Assert.That(Kept(after[2]), Does.Contain(a).And.Not.Contain(b));
        // Rows that were not there in the step before, longer or shorter ones too.
        Assert.That(Kept(processor.Process(Ids([2, d, c, b]), torch.zeros(1, Width))[0]), Does.Contain(a));
        Assert.That(Kept(processor.Process(Ids([2]), torch.zeros(1, Width))[0]), Does.Contain(a).And.Contain(d).And.Not.Contain(b));
    }

    [Test]
    public void Process_BadArguments_AreNamed()
    {
        using var scope = NewDisposeScope();
        var constraint = TokenConstraint.FromRegex(Tokenizer, "a");
        var processor = constraint.CreateProcessor(promptLength: 1, [Eos]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => processor.Process(Ids([2, Id("b")]), torch.zeros(1, Width)), Throws.InvalidOperationException.With.Message.Contains($"row 0, position 1: token {Id("b")}"));
            Assert.That(() => processor.Process(Ids([2, Id("a"), Width + 5]), torch.zeros(1, Width)), Throws.InvalidOperationException.With.Message.Contains("position 2"));
            Assert.That(() => processor.Process(Ids([2, Id("a"), 3_000_000_000]), torch.zeros(1, Width)), Throws.InvalidOperationException.With.Message.Contains("position 2"));
            Assert.That(() => processor.Process(Ids([2]), torch.zeros(1, 40)), Throws.ArgumentException.With.Message.Contains("scores"));
            Assert.That(() => processor.Process(Ids([2]), torch.zeros(2, Width)), Throws.ArgumentException.With.Message.Contains("scores"));
            Assert.That(() => processor.Process(torch.zeros(1, 2), torch.zeros(1, Width)), Throws.ArgumentException.With.Message.Contains("inputIds"));
            Assert.That(() => processor.Process(torch.zeros([1, 0], dtype: ScalarType.Int64), torch.zeros(1, Width)), Throws.ArgumentException.With.Message.Contains("inputIds"));
            Assert.That(() => constraint.CreateProcessor(0, [Width]).Process(Ids([2]), torch.zeros(1, Width)), Throws.ArgumentException.With.Message.Contains("of eos"));
            Assert.That(() => constraint.CreateProcessor(-1, [Eos]), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => constraint.CreateProcessor(0, [-1]), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => constraint.CreateProcessor(0, []), Throws.ArgumentException.With.Message.Contains("at least one"));
            Assert.That(() => constraint.CreateProcessor(0, null!), Throws.ArgumentNullException);
        }
    }

    [Test]
    public void Process_ManySteps_LeavesNoTensor()
    {
        var processor = TokenConstraint.FromRegex(Tokenizer, "a*").CreateProcessor(promptLength: 1, [Eos]);
        using var ids = Ids([2, Id("a"), Id("a")], [2, Id("aa"), Id("a")]);
        using var bad = Ids([2, Id("b")]);
        using var scores = torch.zeros(2, Width);
        using var oneRow = torch.zeros(1, Width);
        processor.Process(ids, scores);
        var before = LiveTensors.Count;
        for (var step = 0; step < 5; step++)
        {
            Assert.That(processor.Process(ids, scores), Is.SameAs(scores));
            Assert.That(() => processor.Process(bad, oneRow), Throws.InvalidOperationException);
        }

        Assert.That(LiveTensors.Count, Is.EqualTo(before));
    }

    [Test]
    public void Process_RandomScores_SampleValidTexts()
    {
        var processor = TokenConstraint.FromJsonSchema(Tokenizer, PersonSchema.Text, new() { MaxStringLength = 8 }).CreateProcessor(promptLength: 2, [Eos]);
        torch.manual_seed(17);
        using var scope = NewDisposeScope();
        const int Rows = 50;
        for (var run = 0; run < 200 / Rows; run++)
        {
            var sequences = torch.full([Rows, 2], 2, dtype: ScalarType.Int64);
            while (!sequences.eq(Eos).any(1).all().item<bool>())
            {
                using var step = NewDisposeScope();
                var next = processor.Process(sequences, torch.randn(Rows, Width) * 2).softmax(-1).multinomial(1);
                sequences = step.MoveToOuter(torch.cat([sequences, next], dim: 1));
            }

            foreach (var text in Texts(sequences.narrow(1, 2, sequences.size(1) - 2)))
                PersonSchema.Check(text);
        }
    }

    [Test]
    public void Generate_RandomModelSampling_GivesValidTexts([Values] bool isJson)
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        using var source = TinyModels.Ids(20, 6);
        var constraint = isJson
            ? TokenConstraint.FromJsonSchema(Tokenizer, PersonSchema.Text)
            : TokenConstraint.FromRegex(Tokenizer, "(?:[a-d]{1,3} ?){2,4}: -?[0-9]{1,4}(?:\\.[0-9]{2})?");
        var output = Generate(model, source, constraint, new() { DoSample = true, NumReturnSequences = 10, MaxNewTokens = 600, TopK = 0 });
        var texts = Texts(output.Sequences.narrow(1, 1, output.Sequences.size(1) - 1));
        Assert.That(texts, Has.Count.EqualTo(200));
        foreach (var text in texts)
        {
            if (isJson)
                PersonSchema.Check(text);
            else
                Assert.That(text, Does.Match("\\A(?:[a-d]{1,3} ?){2,4}: -?[0-9]{1,4}(?:\\.[0-9]{2})?\\z"));
        }
    }

    private static IEnumerable<GenerationConfig> Strategies =>
    [
        new() { },
        new() { NumBeams = 4, NumReturnSequences = 4 },
        new() { NumBeams = 3, NumReturnSequences = 2, DoSample = true },
        new() { NumBeams = 3, NumReturnSequences = 3, EarlyStopping = EarlyStopping.Never, LengthPenalty = 2 },
    ];

    [TestCaseSource(nameof(Strategies))]
    public void Generate_EveryStrategy_GivesChoices(GenerationConfig config)
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        using var source = TinyModels.Ids(5, 6);
        string[] choices = ["abcd", "ab", "dada", "cab", "é😀", "日本 a"];
        var output = Generate(model, source, TokenConstraint.FromChoices(Tokenizer, choices), config with { MaxNewTokens = 20 });
        var rows = Texts(output.Sequences.narrow(1, 1, output.Sequences.size(1) - 1));
        Assert.That(rows, Has.Count.EqualTo(5 * (config.NumReturnSequences ?? 1)).And.All.AnyOf(choices));
    }

    // The draft runs ahead with the same processor, and the model comes back to where it was.
    [Test]
    public void Generate_Assisted_GivesValidTexts([Values] bool doSample, [Values] bool hasAssistant)
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        using var assistant = Model(seed: 8);
        var constraint = TokenConstraint.FromRegex(Tokenizer, "(?:ab?c ){2,5}[0-9]{3}");
        for (var run = 0; run < 5; run++)
        {
            using var source = TinyModels.Ids(1, 6, seed: run);
            var output = Generate(model, source, constraint, new() { DoSample = doSample, MaxNewTokens = 60, PromptLookupNumTokens = hasAssistant ? null : 4 }, hasAssistant ? assistant : null);
            Assert.That(Texts(output.Sequences.narrow(1, 1, output.Sequences.size(1) - 1)), Has.Count.EqualTo(1).And.All.Match("\\A(?:ab?c ){2,5}[0-9]{3}\\z"));
        }
    }

    private static GenerationOutput Generate(T5GemmaForConditionalGeneration model, Tensor source, TokenConstraint constraint, GenerationConfig config, T5GemmaForConditionalGeneration? assistant = null)
        => model.Generate(
            new() { InputIds = source },
            config with { EosTokenId = [Eos], PadTokenId = 0, DecoderStartTokenId = 2 },
            new() { LogitsProcessors = [constraint.CreateProcessor(promptLength: 1, [Eos])], AssistantModel = assistant, Seed = 23 });

    private static T5GemmaForConditionalGeneration Model(int seed = 7)
        => TinyModels.LanguageModel(TinyModels.Config with { Decoder = TinyModels.Config.Decoder with { VocabSize = Width } }, seed: seed);

    /// <summary>The texts of rows of new ids, up to eos.</summary>
    private static List<string> Texts(Tensor ids)
    {
        var rows = new List<string>();
        for (var row = 0; row < ids.size(0); row++)
        {
            var values = ids[row].data<long>().ToArray();
            var end = Array.IndexOf(values, Eos);
            Assert.That(end, Is.GreaterThanOrEqualTo(0), "the text is complete");
            rows.Add(Tokenizer.Decode(values[..end].Select(id => (int)id), skipSpecialTokens: false));
        }

        return rows;
    }

    private static long[] Kept(Tensor row) => row.isneginf().logical_not().nonzero().flatten().data<long>().ToArray();

    private static long Id(string piece) => Tokenizer.TokenToId(piece)!.Value;

    private static Tensor Ids(params long[][] rows) => torch.tensor(rows.SelectMany(row => row).ToArray(), [rows.Length, rows[0].Length]);
}
