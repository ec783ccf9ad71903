using NUnit.Framework;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Objectives;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Tests.Training.Objectives;

public sealed class DenoisingObjectiveTests
{
    private const string Rolled = "x:64,0.15,roll+r:3,0.3,roll";

    private static readonly DenoisingOptions Plain = new() { ModeTokens = ModeTokens.None };

    private static IEnumerable<TestCaseData> RoundTrips()
    {
        // 20 runs of 530 examples. Where the table has 12 sentinels, most windows would need more.
        foreach (var mixture in DenoiserMixture.Presets.Keys.Append(Rolled))
        {
            yield return new TestCaseData(mixture, SentinelOverflow.Shrink, 12, 512);
            yield return new TestCaseData(mixture, SentinelOverflow.Merge, 12, 512);
            yield return new TestCaseData(mixture, SentinelOverflow.Error, 96, 256);
            yield return new TestCaseData(mixture, SentinelOverflow.Shrink, 96, 4096);
        }
    }

    [TestCaseSource(nameof(RoundTrips))]
    public void Create_AnyWindow_CanBeReadBack(string mixture, SentinelOverflow overflow, int sentinels, int budget)
    {
        var options = Plain with { Overflow = overflow, Sentinels = new SentinelTable([.. SentinelTable.Gemma.Sentinels.Take(sentinels)], []), EncoderBudget = budget, DecoderBudget = budget };
        var objective = Objective(mixture, options);
        for (var index = 0; index < 530; index++)
        {
            var key = new ExampleKey(Seed: 8, Epoch: 2, index);
            var denoiser = objective.Mixture.Draw(key);
            var longest = objective.WindowLength(denoiser);

            // Every tenth window is the longest, where the budgets are tight.
            var window = UnusedTokenTokenizer.Text(index % 10 == 0 ? longest : 2 + new CounterRandom(seed: 9, (ulong)index).Below(0, longest - 1));
            var (example, source) = objective.Create(window, key);
            Assert.That(source, Is.EqualTo(denoiser));
            Assert.That(Interleaving.Restore(example, options.Sentinels.Sentinels), Is.EqualTo(window));
            Assert.That(example.InputIds, Has.Length.LessThanOrEqualTo(budget).And.Not.Empty);
            Assert.That(example.Labels, Has.Length.LessThanOrEqualTo(budget).And.Length.GreaterThan(1));
            Assert.That(example.Labels[^1], Is.EqualTo(UnusedTokenTokenizer.Eos));
            Assert.That(Spans(example, options.Sentinels), Is.EqualTo(options.Sentinels.Sentinels.Take(Spans(example, options.Sentinels).Length)), "sentinels are used in the table's order");
        }
    }

    [Test]
    public void WindowLength_Shrink_IsWhatTheSentinelsReach()
    {
        var objective = Objective("r:3,0.15", Plain with { EncoderBudget = 4096, DecoderBudget = 4096 });
        Assert.That(objective.WindowLength(Denoiser.Parse("r:3,0.15")), Is.EqualTo(1929));
    }

    [Test]
    public void WindowLength_Merge_IsWhatTheBudgetsHoldWithTheLastSentinel()
    {
        var objective = Objective("r:3,0.15", Plain with { EncoderBudget = 4096, DecoderBudget = 4096, Overflow = SentinelOverflow.Merge });
        var window = UnusedTokenTokenizer.Text(objective.WindowLength(Denoiser.Parse("r:3,0.15")));
        var example = objective.Create(window, default).Example;
        Assert.That(example.InputIds, Has.Length.EqualTo(4096));
        Assert.That(Spans(example, SentinelTable.Gemma), Is.EqualTo(SentinelTable.Gemma.Sentinels));
    }

    [Test]
    public void WindowLength_EveryAddedToken_TakesItsRoom()
    {
        var denoiser = PrefixLm.Fixed(0.25);
        int Length(DenoisingOptions options) => Objective("s:0.25", options with { EncoderBudget = 90, DecoderBudget = 90 }).WindowLength(denoiser);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Length(Plain), Is.EqualTo(120)); // 0.75 of 120 tokens
            Assert.That(Length(Plain with { ModeTokens = ModeTokens.Unused }), Is.EqualTo(119)); // 89.25 tokens
            Assert.That(Length(Plain with { EncoderBos = true, EncoderEos = true }), Is.EqualTo(118)); // 88.5 tokens round to the even 88
        }
    }

    [Test]
    public void Create_ModeTokens_StandInFrontOfTheText()
    {
        int[] window = UnusedTokenTokenizer.Text(2);
        int[] Input(string mixture, DenoisingOptions options) => Objective(mixture, options).Create(window, default).Example.InputIds;
        var unused = Plain with { ModeTokens = ModeTokens.Unused };
        var framed = unused with { EncoderBos = true, EncoderEos = true };
        var text = UnusedTokenTokenizer.Instance.Encode("[S2S]", addBos: false, addEos: false);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Input("s:half", Plain), Is.EqualTo(new[] { window[0] }));
            Assert.That(Input("s:half", unused), Is.EqualTo(new[] { 105, window[0] }));
            Assert.That(Input("x:3,0.5", unused), Is.EqualTo(new[] { 104, window[0], 7 }));
            Assert.That(Input("r:3,0.15", framed), Is.EqualTo(new[] { UnusedTokenTokenizer.Bos, 103, window[0], 7, UnusedTokenTokenizer.Eos }));
            Assert.That(Input("s:half", Plain with { ModeTokens = ModeTokens.Text }), Is.EqualTo(text.Append(window[0])));
            Assert.That(text, Has.Length.GreaterThan(1));
        }
    }

    [Test]
    public void Create_OtherKey_GivesAnotherExample()
    {
        var objective = Objective("t5", Plain);
        var window = UnusedTokenTokenizer.Text(500);
        var examples = new ExampleKey[] { new(1, 2, 3), new(0, 2, 3), new(1, 3, 3), new(1, 2, 4), new(2, 1, 3), new(1, 3, 2) }.Select(key => string.Join(' ', objective.Create(window, key).Example.InputIds));
        Assert.That(examples, Is.Unique);
    }

    [Test]
    public void Create_FixedKey_NeverChanges()
    {
        // A change of these ids would break the resumption of every run.
        var example = Objective("r:2,0.4", Plain).Create([.. "abcdefghij".Select(letter => 1000 + letter)], new ExampleKey(Seed: 1, Epoch: 2, Index: 3)).Example;
        string Letters(int[] ids) => string.Concat(ids.Select(id => id > 1000 ? (char)(id - 1000) : id == UnusedTokenTokenizer.Eos ? '.' : (char)('0' + id - 7)));
        Assert.That((Letters(example.InputIds), Letters(example.Labels)), Is.EqualTo(("abc0ghi1", "0def1j.")));
    }

    [Test]
    public void Create_WindowOutOfRange_SaysWhatFits()
    {
        var objective = Objective("t5", Plain);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => objective.Create(UnusedTokenTokenizer.Text(1), default), Throws.ArgumentException.With.Message.Contains("expected 2 to 569 tokens for r:3,0.15").And.Message.Contains("got 1;"));
            Assert.That(() => objective.Create(UnusedTokenTokenizer.Text(570), default), Throws.ArgumentException.With.Message.Contains("got 570; TextWindows"));
            Assert.That(() => objective.Create(UnusedTokenTokenizer.Text(569), default), Throws.Nothing);
        }
    }

    [TestCase(7, ModeTokens.None)]
    [TestCase(102, ModeTokens.None)]
    [TestCase(105, ModeTokens.Unused)]
    public void Create_ReservedTokenInTheText_NamesIt(int id, ModeTokens modeTokens)
    {
        var objective = Objective("t5", Plain with { ModeTokens = modeTokens });
        Assert.That(() => objective.Create([1000, 1001, id, 1003], default), Throws.ArgumentException.With.Message.Contains($"window: token 2 is {id} (<unused{id - 7}>)"));
    }

    [Test]
    public void Create_TokensThatNothingStandsFor_AreText()
    {
        // Without mode tokens 105 is free, and prefix language modelling has no sentinels.
        Assert.That(() => Objective("t5", Plain).Create([1000, 105], default), Throws.Nothing);
        Assert.That(() => Objective("prefixlm", Plain).Create([7, 8], default), Throws.Nothing);
    }

    [Test]
    public void Constructor_BadOption_NamesIt()
    {
        static Action Make(string mixture, DenoisingOptions options) => () => Objective(mixture, options);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Make("t5", Plain with { EncoderBudget = 1 }), Throws.ArgumentException.With.Message.StartsWith("options.EncoderBudget"));
            Assert.That(Make("t5", Plain with { DecoderBudget = 2 }), Throws.ArgumentException.With.Message.Contains("options.DecoderBudget"));
            Assert.That(Make("t5", Plain with { EncoderBudget = 2, EncoderBos = true }), Throws.ArgumentException.With.Message.Contains("1 added tokens"));
            Assert.That(Make("t5", Plain with { EncoderBudget = 4096, DecoderBudget = 4096, Overflow = SentinelOverflow.Error }), Throws.ArgumentException.With.Message.Contains("choose SentinelOverflow.Shrink"));
            Assert.That(Make("t5", Plain with { ModeTokens = (ModeTokens)9 }), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.StartsWith("options.ModeTokens"));
            Assert.That(Make("t5", Plain with { ModeTokens = ModeTokens.Unused, Sentinels = new SentinelTable([7, 8], []) }), Throws.InvalidOperationException.With.Message.Contains("no mode tokens"));
            Assert.That(Make("t5", Plain with { Sentinels = new SentinelTable([7, 150], []) }), Throws.ArgumentException.With.Message.Contains("sentinel 1 is 150").And.Message.Contains("expected an added token"));
            Assert.That(Make("t5", Plain with { Sentinels = new SentinelTable([100_000], []) }), Throws.ArgumentException.With.Message.Contains("outside the vocabulary"));
            Assert.That(Make("t5", Plain with { Sentinels = new SentinelTable([UnusedTokenTokenizer.Eos], []) }), Throws.ArgumentException.With.Message.Contains("<eos>"));
            Assert.That(Make("x:3,0.5,roll", Plain with { Sentinels = new SentinelTable([7], []) }), Throws.ArgumentException.With.Message.Contains("at least 2 sentinels, the table has 1"));
            Assert.That(() => Objective("t5", Plain).WindowLength(PrefixLm.Half), Throws.ArgumentException.With.Message.Contains("s:half"));
        }
    }

    private static DenoisingObjective Objective(string mixture, DenoisingOptions options) => new(DenoiserMixture.Parse(mixture), UnusedTokenTokenizer.Instance, options);

    private static int[] Spans(Seq2SeqExample example, SentinelTable table) => [.. example.InputIds.Where(table.Sentinels.Contains)];
}
